"""How the simulator is found, and what is said when it, or OpenGL, is not there."""

import os
import subprocess
import sys

import pytest

from amodal.data.factory import draw_factors, simulator
from amodal.errors import InputError, MissingExtraError, NotFoundError


def test_words_and_numbers_do_without_mujoco():
    code = (
        "import sys; from amodal.data import factory, kinds; kinds.kind_of('factory');"
        "factory.read_loosely('a red table'); assert 'mujoco' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_mujoco_is_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    with pytest.raises(MissingExtraError, match=r'pip install "amodal\[factory\]"'):
        simulator.simulator()


def test_an_unknown_way(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "vulkan")
    with pytest.raises(InputError, match="MUJOCO_GL is 'vulkan', expected egl, osmesa"):
        draw_factors(1, seed=0)


def tried(monkeypatch, works=()):
    """Let only some ways work, and list those that were tried."""
    asked = []

    def opened(way, *_):
        asked.append(way)
        if way not in works:
            raise AttributeError("'NoneType' object has no attribute 'eglQueryDevicesEXT'")
        return "context", "drawing"

    monkeypatch.setattr(simulator, "_opened", opened)
    monkeypatch.setattr(simulator, "_forget", lambda way: None)
    monkeypatch.setattr(sys, "platform", "linux")
    return asked


def test_no_way_works(monkeypatch):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    asked = tried(monkeypatch)
    with pytest.raises(
        NotFoundError, match=r"eglQueryDevicesEXT.*libegl1 libgl1-mesa-dri, or libosmesa6"
    ):
        simulator.drawing_context(None, 64)
    assert asked == ["egl", "osmesa"]
    assert "MUJOCO_GL" not in os.environ


def test_the_second_way(monkeypatch):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    asked = tried(monkeypatch, works=["osmesa"])
    assert simulator.drawing_context(None, 64) == ("osmesa", "context", "drawing")
    assert asked == ["egl", "osmesa"]


def test_what_is_asked_for_is_respected(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    asked = tried(monkeypatch, works=["egl", "osmesa"])
    assert simulator.drawing_context(None, 64)[0] == "osmesa"
    assert asked == ["osmesa"]
