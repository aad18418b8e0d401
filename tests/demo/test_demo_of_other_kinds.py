"""The demo, and what asks its run, with a kind of data that nothing here knows but its `Kind`."""

import json
from pathlib import Path

import pytest

from amodal.cli.main import main
from amodal.data.generation import generate
from amodal.demo import DemoSettings, run_demo
from amodal.errors import InputError, UnknownNameError
from amodal.unimodal.registry import SHIPPED
from bars import BARS, known_bars, shipped_bars

TINY = {"unmatched": 150, "test": 30, "draws": 2, "members": 1, "steps": 5, "comparison_steps": 3}


@pytest.fixture(scope="module", autouse=True)
def shipped(tmp_path_factory):
    with known_bars(), shipped_bars(tmp_path_factory.mktemp("models")):
        yield


@pytest.fixture(scope="module")
def run(shipped, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "run"
    assert run_demo(DemoSettings(matches=12, data="bars", **TINY), out)
    return out


def test_the_demo_and_its_report(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = (run / "report.html").read_text("utf-8")
    for words in ("hue, degrees", "all three", "attributes (five numbers)", BARS.leniency):
        assert words in report
    for words in ("shape right", "rotation", "place, px", "triangle"):
        assert words not in report
    assert "--data bars" in report
    assert main(["evaluate", str(run)]) == 0
    assert "hue, degrees" in capsys.readouterr().out


def test_evaluation_on_a_folder(run: Path, tmp_path) -> None:
    data = tmp_path / "bars"
    generate("bars", 600, data, seed=3)
    out = tmp_path / "found.json"
    assert main(["evaluate", str(run), "--data", str(data), "--pool", "20", "--out", str(out)]) == 0
    found = json.loads(out.read_text())
    assert found["kind"] == "bars"
    assert {"width_accuracy", "hue_degrees"} <= set(found["workspace"]["text to image"])
    assert {"colour_right", "all_right"} <= set(found["workspace"]["image to text"])


@pytest.mark.filterwarnings("always::amodal.errors.Notice")
def test_translating_what_is_typed(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["translate", str(run), "--from", "text", "--to", "attributes", "a wide red bar"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert told.out.startswith("wide=")
    assert "nothing understood about place" in told.err
    typed = ["wide=narrow", "x=40", "hue=240"]
    assert main(["translate", str(run), "--from", "attributes", "--to", "text", *typed]) == 0


def test_kinds_without_all_shipped_models_have_no_demo(tmp_path, monkeypatch) -> None:
    monkeypatch.delitem(SHIPPED, "bars/reader")
    settings = DemoSettings(matches=12, data="bars", **TINY)
    with pytest.raises(InputError, match=r"bars lacks .* \(bars/reader\): .* all of them: shapes"):
        run_demo(settings, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_unknown_kinds_have_no_demo(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--data", "shape", "--out", str(tmp_path / "run")]) == 1
    assert "kind of data 'shape': did you mean 'shapes'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(UnknownNameError):
        DemoSettings(data="shape")
