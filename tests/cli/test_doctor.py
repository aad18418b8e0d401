"""`amodal doctor` finds what is there and what is not."""

import pytest

from amodal.cli import doctor
from amodal.cli.main import main
from amodal.errors import DamagedError


def test_a_whole_installation_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "torch 2." in said
    assert "weights shapes/image: intact" in said
    assert "cores" in said
    assert "GiB" in said
    assert said.endswith("all well\n")


def test_damaged_weights_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(name: str) -> None:
        raise DamagedError(f"{name} is truncated; copy it again")

    monkeypatch.setattr("amodal.unimodal.registry.load_model", refuse)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "! weights shapes/image: shapes/image is truncated; copy it again" in said
    assert said.endswith("lines with ! need attention\n")


def test_absent_packages_name_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "EXTRAS", {"choir": ("a_package_that_nobody_has",)})
    monkeypatch.setattr(doctor, "CORE", ("torch", "another-that-nobody-has"))
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert 'extra choir: not installed; if you want it: pip install "amodal[choir]"' in said
    assert "! another-that-nobody-has is not installed" in said
