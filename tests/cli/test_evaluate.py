"""`amodal evaluate`: on a demo's run, on a data folder, and on a run without raw things."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from amodal.cli.main import main
from amodal.data import generate
from amodal.demo import DemoSettings
from amodal.demo.evaluation import evaluate_run
from amodal.demo.settings import Record
from amodal.model import Workspace

pytestmark = pytest.mark.xdist_group("demo")


def test_demo_run_is_measured_again_to_the_same_figures(
    demo_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(demo_run)]) == 0
    printed = capsys.readouterr().out
    assert "already holds these figures" in printed
    assert "held-out things of the demo, seed 0" in printed
    assert "search in a pool of 30" in printed
    assert "over 2 draws of the matches" in printed


def test_figures_are_complete(demo_run: Path) -> None:
    found = json.loads((demo_run / "evaluation.json").read_text())
    assert found["pool"] == 30
    there = found["workspace"]["image to attributes"]
    expected = {"translation_loss", "recall@1", "recall@10", "median_rank", "foscttm"}
    assert expected | {"shape_accuracy", "rotation_degrees"} <= set(there)
    assert {"all_right", "well_formed"} <= set(found["workspace"]["attributes to text"])
    assert found["workspace"]["text to image to text"]["cycle_loss"] > 0
    assert "demi_cycle_loss" in found["workspace"]["text to text"]
    interval = found["over_draws"]["image to text"]["recall@1"]
    assert interval["runs"] == 2
    assert interval["low"] <= interval["mean"] <= interval["high"]


def test_other_figures_are_not_replaced_in_silence(
    demo_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    out.write_text("{}\n")
    assert main(["evaluate", str(demo_run), "--out", str(out)]) == 1
    assert "add --overwrite" in capsys.readouterr().err
    assert out.read_text() == "{}\n"
    assert main(["evaluate", str(demo_run), "--out", str(out), "--overwrite"]) == 0
    assert json.loads(out.read_text())["pool"] == 30


def test_data_folder(demo_run: Path, tmp_path: Path) -> None:
    generate("shapes", 800, tmp_path / "shapes", seed=5, show_progress=False)
    found = evaluate_run(demo_run, data=tmp_path / "shapes", pool=25)
    assert found["pool"] == 25
    assert found["things"].startswith("test rows of ")
    assert found["workspace"]["image to attributes"]["shape_accuracy"] > 0.5


def test_data_folder_has_its_own_file(
    demo_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(demo_run, run)
    own = (run / "evaluation.json").read_bytes()
    generate("shapes", 400, tmp_path / "shapes", seed=5, show_progress=False)
    words = ["evaluate", str(run), "--data", str(tmp_path / "shapes"), "--pool", "20"]
    assert main(words) == 0
    assert "evaluation-data.json" in "".join(capsys.readouterr().out.split())
    assert json.loads((run / "evaluation-data.json").read_text())["pool"] == 20
    assert (run / "evaluation.json").read_bytes() == own


def test_unfinished_demo_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Record(DemoSettings()).write(tmp_path)
    assert main(["evaluate", str(tmp_path)]) == 1
    assert "holds an unfinished demo" in capsys.readouterr().err


def test_run_on_plain_arrays_says_what_it_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    matches = {"sound": np.arange(20), "touch": np.arange(20)}
    model = Workspace(steps=0, members=1, folds=2)
    model.fit({"sound": rows, "touch": rows[:, ::-1].copy()}, matches=matches).save(tmp_path / "r")
    assert main(["evaluate", str(tmp_path / "r")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "for more, give held-out things with --data" in printed
    assert "sound to touch" in printed
    generate("shapes", 400, tmp_path / "shapes", seed=5, show_progress=False)
    assert main(["evaluate", str(tmp_path / "r"), "--data", str(tmp_path / "shapes")]) == 1
    assert "was fitted on plain arrays of ['sound', 'touch']" in capsys.readouterr().err


def test_no_run_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path / "none")]) == 1
    assert "there is no folder" in capsys.readouterr().err
