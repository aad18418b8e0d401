"""The simulator (mujoco) and its way of drawing without a screen, found and explained.

Nothing else imports mujoco. Drawing asks for an OpenGL context: EGL, or OSMesa where EGL is not to
be had; the variable MUJOCO_GL, which mujoco itself knows, decides when it is set.
"""

import importlib
import os
import sys
from typing import Any

from amodal.errors import InputError, MissingExtraError, NotFoundError

WAYS = ("egl", "osmesa", "glfw", "cgl")
_PREFERRED = {"darwin": ("cgl",), "win32": ("glfw",)}
_PACKAGES = {"egl": "libegl1 libgl1-mesa-dri", "osmesa": "libosmesa6"}
"""Debian packages that hold what each way needs."""


def simulator() -> Any:
    """The module mujoco.

    Raises:
        MissingExtraError: it is not installed.
        InputError: MUJOCO_GL names something else than `WAYS`.
    """
    asked, ways = os.environ.get("MUJOCO_GL"), _ways()
    # mujoco reads the variable while it is imported; without one it would look for a screen.
    os.environ["MUJOCO_GL"] = asked or ways[0]
    try:
        return importlib.import_module("mujoco")
    except ModuleNotFoundError as error:
        if error.name != "mujoco":
            raise
        raise MissingExtraError("mujoco", "factory") from error
    finally:
        if not asked:
            del os.environ["MUJOCO_GL"]


def drawing_context(model: Any, pixels: int) -> tuple[str, Any, Any]:
    """A way to OpenGL, a context made that way for this process, and mujoco's drawing in it.

    Args:
        model: what is drawn.
        pixels: height and width of the largest picture.

    Raises:
        MissingExtraError: mujoco is not installed.
        InputError: MUJOCO_GL names something else than `WAYS`.
        NotFoundError: the system's libraries are not there; the packages are named.
    """
    simulator()
    # The drawing library starts threads, which pay for large pictures only, and which a process
    # that is forked later would miss.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    problems = []
    for way in _ways():
        try:
            return way, *_opened(way, model, pixels)
        # Whatever is wrong with a system's libraries is raised as what it likes: only that the
        # way does not work matters, and the last sentence says so.
        except Exception as error:
            problems.append(f"{way}: {error or type(error).__name__}")
            _forget(way)
    raise NotFoundError(
        "pictures cannot be drawn: no way to OpenGL works here ("
        + "; ".join(problems)
        + f"). Install the Debian packages {_PACKAGES['egl']}, or {_PACKAGES['osmesa']} "
        f"(apt-get install {_PACKAGES['egl']}); MUJOCO_GL=egl or MUJOCO_GL=osmesa chooses"
    )


def _ways() -> tuple[str, ...]:
    asked = os.environ.get("MUJOCO_GL", "").lower().strip()
    if asked and asked not in WAYS:
        raise InputError(
            f"the environment variable MUJOCO_GL is {asked!r}, expected {', '.join(WAYS)}, or unset"
        )
    return (asked,) if asked else _PREFERRED.get(sys.platform, ("egl", "osmesa"))


def _opened(way: str, model: Any, pixels: int) -> tuple[Any, Any]:
    context = importlib.import_module(f"mujoco.{way}").GLContext(pixels, pixels)
    context.make_current()
    # mujoco finds OpenGL's functions by it, and processes that this one starts go the same way.
    asked = os.environ.get("MUJOCO_GL")
    os.environ["MUJOCO_GL"] = way
    try:
        mujoco = simulator()
        return context, mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
    except Exception:
        if not asked:
            del os.environ["MUJOCO_GL"]
        raise


def _forget(way: str) -> None:
    """Let another way be tried: PyOpenGL binds itself to the first one it is imported for."""
    if os.environ.get("PYOPENGL_PLATFORM") == way:
        del os.environ["PYOPENGL_PLATFORM"]
    for name in list(sys.modules):
        if name.split(".")[0] == "OpenGL" or name.startswith(f"mujoco.{way}"):
            del sys.modules[name]
