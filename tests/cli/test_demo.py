"""`amodal demo`: the folder that it makes, going on, refusing."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from amodal.cli.main import main
from amodal.demo import DemoSettings, run_demo
from amodal.demo.beside import beside, worth_it
from amodal.demo.beside import main as beside_main
from amodal.demo.job import Job
from amodal.demo.settings import claimed_record, read_record
from amodal.demo.threads import few_threads
from amodal.errors import DamagedError, ExistsError, InputError
from amodal.model import Workspace

pytestmark = pytest.mark.xdist_group("demo")


def settings_of(run: Path) -> DemoSettings:
    record = read_record(run)
    assert record is not None
    return record.settings


def test_run_folder_is_complete(demo_run: Path) -> None:
    names = {path.name for path in demo_run.iterdir()}
    expected = {"config.json", "metrics.jsonl", "model.safetensors", "environment.json"}
    assert expected | {"demo.json", "evaluation.json", "report.html", "figures"} <= names
    assert not list(demo_run.rglob("*.part"))
    assert not list(demo_run.rglob("*checkpoint*"))
    figures = {path.name for path in (demo_run / "figures").iterdir()}
    curves = {"learning-curves.svg", "comparison-curves.svg", "comparison.svg"}
    assert figures == curves | {"examples.png"}


def test_report_is_one_page_that_loads_nothing(demo_run: Path) -> None:
    text = (demo_run / "report.html").read_text("utf-8")
    assert "<script" not in text
    sources = re.findall(r'(?:src|href)="([^"]{0,40})', text)
    assert sources
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)
    assert not re.findall(r"url\((?!#)", text)
    for heading in ("Pictures from sentences", "Round trips", "What is each part worth?"):
        assert f"<h2>{heading}</h2>" in text
    assert "12 matched examples" in text
    assert f"amodal demo --out {demo_run}" in text


def test_finished_demo_says_so(demo_run: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in demo_run.rglob("*")}
    assert run_demo(settings_of(demo_run), demo_run) is False
    assert before == {path: path.stat().st_mtime_ns for path in demo_run.rglob("*")}


def test_other_settings_are_refused(demo_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(demo_run), "--matches", "60"]) == 1
    told = capsys.readouterr().err
    assert "holds a demo with other settings" in told
    assert "matches 12 there, 60 asked for" in told


def test_going_on_repeats_only_what_is_missing(demo_run: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(demo_run, again)
    record = json.loads((again / "demo.json").read_text())
    del record["seconds"]["report"]
    (again / "demo.json").write_text(json.dumps(record))
    (again / "report.html").unlink()
    model = (again / "model.safetensors").stat().st_mtime_ns
    compared = {path: path.stat().st_mtime_ns for path in (again / "comparison").glob("*.json")}
    assert run_demo(settings_of(again), again)
    assert (again / "report.html").exists()
    assert (again / "model.safetensors").stat().st_mtime_ns == model
    assert compared == {path: path.stat().st_mtime_ns for path in compared}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_figures(demo_run: Path, tmp_path: Path) -> None:
    assert run_demo(settings_of(demo_run), tmp_path / "again")
    for name in ("evaluation.json", "metrics.jsonl", "figures/comparison.svg"):
        assert (tmp_path / "again" / name).read_bytes() == (demo_run / name).read_bytes()


def test_foreign_folder_and_file_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ExistsError, match="is not empty and no demo's"):
        run_demo(DemoSettings(), tmp_path)
    with pytest.raises(ExistsError, match="is a file"):
        run_demo(DemoSettings(), tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_damaged_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text('{"format": "other"}')
    with pytest.raises(DamagedError, match=r"demo\.json is not the record of a demo"):
        run_demo(DemoSettings(), tmp_path)


def test_record_of_other_things_is_refused(demo_run: Path, tmp_path: Path) -> None:
    record = json.loads((demo_run / "demo.json").read_text())
    (tmp_path / "demo.json").write_text(json.dumps(record | {"first": 0}))
    with pytest.raises(DamagedError, match=r"of this version \('first'\)"):
        run_demo(settings_of(demo_run), tmp_path)


def test_folder_of_a_fit_is_refused_untouched(tmp_path: Path) -> None:
    run = tmp_path / "run"
    rows = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    matches = {"sound": np.arange(20), "touch": np.arange(20)}
    latents = {"sound": rows, "touch": rows[:, ::-1].copy()}
    Workspace(steps=0, members=1, folds=2).fit(latents, matches=matches, folder=run)
    assert (run / "fit.json").exists()
    before = {path: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(ExistsError, match="is not empty and no demo's"):
        run_demo(DemoSettings(), run)
    assert {path: path.read_bytes() for path in run.iterdir()} == before


def test_record_is_written_before_anything_else(tmp_path: Path) -> None:
    settings = DemoSettings.smoke()
    claimed_record(tmp_path / "run", settings)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["demo.json"]
    assert claimed_record(tmp_path / "run", settings).settings == settings


def test_model_that_was_half_moved_is_moved_on(demo_run: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(demo_run, again)
    record = json.loads((again / "demo.json").read_text())
    del record["seconds"]["fit"]
    (again / "demo.json").write_text(json.dumps(record))
    (again / "fitting").mkdir()
    for name in ("config.json", "model.safetensors"):
        (again / name).rename(again / "fitting" / name)
    Job(settings_of(demo_run), again).fit()
    assert not (again / "fitting").exists()
    for name in ("config.json", "model.safetensors"):
        assert (again / name).read_bytes() == (demo_run / name).read_bytes()


def test_as_many_threads_after_as_before() -> None:
    def fail() -> None:
        with few_threads():
            assert torch.get_num_threads() == 1
            raise KeyError

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(KeyError):
            fail()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--matches", "5"], "expected at least 8"), (["--seed", "-1"], "whole number >= 0")],
)
def test_bad_options_are_told(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--out", str(tmp_path / "new"), *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "new").exists()


def test_half_of_the_comparison_in_its_own_process(demo_run: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(demo_run, again)
    path = again / "comparison" / "vae-translation-full.json"
    path.unlink()
    assert beside_main([str(again), "vae"]) == 0
    assert path.read_bytes() == (demo_run / "comparison" / path.name).read_bytes()
    with pytest.raises(InputError, match="is no demo's run folder"):
        beside_main([str(tmp_path), "vae"])
    assert not worth_it(3)


def test_a_failing_process_beside_leaves_the_work_to_be_done(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with beside(tmp_path, "vae"):
        pass
    assert capfd.readouterr().err == ""
