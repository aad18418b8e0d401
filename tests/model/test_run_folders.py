"""Run folders: saved and loaded, resumed, finished, damaged, and disks that refuse."""

import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from plain_data import draw_plain, fitted, quick, same_rows
from safetensors.torch import load_file

import amodal
from amodal.errors import (
    DamagedError,
    DiskError,
    ExistsError,
    NotFittedError,
    NotFoundError,
    Notice,
)
from amodal.files import write_tensors
from amodal.model import fitting
from amodal.model.retrieval_vectors import AlignedDirections
from amodal.training import loop


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A run folder that a fit has written."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    fit(folder)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(finished, tmp_path / "run"))


def fit(folder: Path, **changed):
    return quick(**changed).fit(draw_plain(), matches=same_rows(20), folder=folder)


def answer(model) -> np.ndarray:
    return model.translate(draw_plain()["sound"], "sound", "smell")


def test_saving_and_loading_changes_nothing(tmp_path) -> None:
    model = quick(losses={"translation": 1, "cycle": np.float64(1)})
    model.set_params(seed=np.int64(2)).fit(draw_plain(), matches=same_rows(20))
    model.save(tmp_path / "saved")
    loaded = amodal.load(str(tmp_path / "saved"))
    data = draw_plain()
    for call in (
        lambda m: m.translate(data["sound"], "sound", "smell", uncertainty=True)[0],
        lambda m: m.translate(data["smell"], "smell", "sound", uncertainty=True)[1],
        lambda m: m.embed(data),
        lambda m: m.rank("smell", data["smell"], data["sound"])[0],
    ):
        np.testing.assert_array_equal(call(loaded), call(model))
    assert loaded.get_params() == model.get_params()
    assert (loaded.gate_, loaded.matches_) == (model.gate_, model.matches_)
    assert sorted(p.name for p in (tmp_path / "saved").iterdir()) == [
        "README.md",
        "config.json",
        "environment.json",
        "model.safetensors",
    ]


def test_numbers_of_numpy_are_settings(tmp_path) -> None:
    given = {"members": np.int64(1), "hidden": np.int64(8), "steps": np.int64(20)}
    model = quick().set_params(**given, training={"batch": np.int64(16)})
    model.fit(draw_plain(), matches=same_rows(20), folder=tmp_path / "run")
    model.save(tmp_path / "saved")
    np.testing.assert_array_equal(answer(amodal.load(tmp_path / "saved")), answer(model))


def test_modalities_whose_names_begin_alike_are_told_apart(tmp_path) -> None:
    hidden = np.random.default_rng(0).normal(size=(60, 3))
    mixing = np.random.default_rng(1)
    latents = {name: hidden @ mixing.normal(size=(3, 4)) for name in ("a", "b", "b.first")}
    model = amodal.Workspace(steps=0).fit(latents, matches={name: range(40) for name in latents})
    model.aligned_ = {
        pair: AlignedDirections(
            *([torch.ones(1, 4, 2)] * 2), *([torch.zeros(4)] * 2), torch.ones(())
        )
        for pair in (("a", "b"), ("a", "b.first"))
    }
    model.save(tmp_path / "saved")
    assert set(amodal.load(tmp_path / "saved").aligned_) == set(model.aligned_)


def test_an_existing_folder_is_never_written_over(tmp_path) -> None:
    model = fitted(steps=0)
    (tmp_path / "there").mkdir()
    with pytest.raises(ExistsError, match="there already exists: choose another folder"):
        model.save(tmp_path / "there")
    assert not list((tmp_path / "there").iterdir())


def test_only_fitted_workspaces_are_saved_and_called(tmp_path) -> None:
    for call in (
        lambda m: m.save(tmp_path / "saved"),
        lambda m: m.translate([[1.0]], "sound", "smell"),
        lambda m: m.embed({"sound": [[1.0]]}),
        lambda m: m.rank("sound", [[1.0]], [[1.0]]),
    ):
        with pytest.raises(NotFittedError, match="not fitted yet: call fit first"):
            call(quick())
    assert not (tmp_path / "saved").exists()


def test_a_fit_with_a_folder_writes_the_run(finished) -> None:
    names = {path.name for path in finished.iterdir()}
    assert {"metrics.jsonl", "config.json", "model.safetensors", "environment.json"} <= names
    assert "checkpoint.safetensors" not in names
    rows = [json.loads(line) for line in (finished / "metrics.jsonl").read_text().splitlines()]
    assert {row["step"] for row in rows} == {0, 20}
    assert {row["run"] for row in rows} == {0, 1, 2}
    environment = json.loads((finished / "environment.json").read_text())
    assert {"amodal", "torch", "numpy", "python"} <= set(environment)
    assert json.loads((finished / "config.json").read_text())["parameters"]["steps"] == 20


def test_the_folder_changes_nothing_and_can_be_loaded(finished) -> None:
    model, loaded = fitted(), amodal.load(finished)
    np.testing.assert_array_equal(answer(loaded), answer(model))
    assert loaded.history_ == model.history_


def test_the_same_fit_again_says_that_it_is_done(run, monkeypatch) -> None:
    before = {path.name: path.read_bytes() for path in run.iterdir()}

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(fitting, "train", refuse)
    with pytest.warns(Notice, match="holds this very fit, finished: it is read, nothing is train"):
        model = fit(run)
    np.testing.assert_array_equal(answer(model), answer(amodal.load(run)))
    assert model.history_
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


@pytest.mark.parametrize(
    "change", ["seed", "steps", "losses", "matches", "data", "units", "fingerprint"]
)
def test_another_fit_there_is_refused(run, change: str) -> None:
    data, matches, settings = draw_plain(), same_rows(20), {}
    if change == "matches":
        matches = same_rows(19)
    elif change == "data":
        data["sound"][0, 0] += 1e-3
    elif change == "units":  # normalised, the rows are the same
        data["sound"] = data["sound"] * 4
    elif change == "fingerprint":
        spec = amodal.LatentSpec.continuous(5)
        data["sound"] = amodal.Latents(data["sound"], spec, fingerprint="abc")
    else:
        settings = {change: {"seed": 1, "steps": 19, "losses": {"translation": 1}}[change]}
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    with pytest.raises(ExistsError, match="holds a run with other data or settings"):
        quick(**settings).fit(data, matches=matches, folder=run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_folders_of_others_and_files_are_refused(tmp_path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("precious")
    with pytest.raises(ExistsError, match="thesis already exists, and not as the run of a fit"):
        fit(tmp_path / "thesis")
    with pytest.raises(ExistsError, match="is a file: choose another folder"):
        fit(tmp_path / "thesis" / "chapter.tex")
    assert (tmp_path / "thesis" / "chapter.tex").read_text() == "precious"


def test_an_empty_folder_is_taken(tmp_path) -> None:
    (tmp_path / "run").mkdir()
    fit(tmp_path / "run", steps=0)
    assert (tmp_path / "run" / "config.json").exists()


def test_an_interrupted_fit_goes_on_to_an_equal_result(finished, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    changed = {"start": False, "steps": 60}
    whole = fit(tmp_path / "whole", **changed)
    original, steps = loop.compute_step, []

    def interrupted(*arguments, **options):
        steps.append(True)
        if len(steps) == 55:
            raise KeyboardInterrupt
        return original(*arguments, **options)

    monkeypatch.setattr(loop, "compute_step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(tmp_path / "run", **changed)
    with pytest.raises(NotFoundError, match=r"no fitted model.*run the same fit again to finish"):
        amodal.load(tmp_path / "run")
    monkeypatch.setattr(loop, "compute_step", original)
    resumed = fit(tmp_path / "run", **changed)
    np.testing.assert_array_equal(answer(resumed), answer(whole))
    assert resumed.history_ == whole.history_
    for name in ("metrics.jsonl", "model.safetensors", "config.json"):
        files = [(tmp_path / folder / name).read_bytes() for folder in ("run", "whole")]
        assert files[0] == files[1], name
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()


def edited(run: Path, **changed) -> None:
    config = json.loads((run / "config.json").read_text())
    for key, value in changed.items():
        if value is None:
            del config[key]
        else:
            config[key] = value
    (run / "config.json").write_text(json.dumps(config))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda run: truncate(run / "model.safetensors"), "model.safetensors is truncated or ch"),
        (lambda run: flip(run / "model.safetensors"), "truncated or changed.*checksum differs"),
        (lambda run: (run / "model.safetensors").unlink(), "model.safetensors is missing"),
        (lambda run: truncate(run / "config.json"), "config.json is not valid JSON"),
        (lambda run: (run / "config.json").write_bytes(b"\xff\xfe\x00"), "is not valid JSON"),
        (lambda run: (run / "config.json").write_text("[1, 2]"), "not of a fitted workspace"),
        (lambda run: (run / "config.json").write_text("{}"), "not of a fitted workspace"),
        (lambda run: edited(run, version=99), "format version 99.*reads up to 5: upgrade"),
        (lambda run: edited(run, version="new"), "no format version: it is damaged or foreign"),
        (lambda run: edited(run, sha256=None), "truncated or changed"),
        (lambda run: edited(run, architecture=None), "damaged.*architecture.*copy the folder"),
        (lambda run: edited(run, normalisation=3), "damaged.*copy the folder anew"),
        (lambda run: edited(run, parameters={"tempo": 3}), "damaged.*tempo"),
        (lambda run: (run / "metrics.jsonl").write_text("{"), "metrics.jsonl is damaged"),
    ],
)
def test_damaged_and_foreign_runs_are_said(run, damage, words: str) -> None:
    damage(run)
    with pytest.raises(DamagedError, match=words):
        amodal.load(run)


def test_weights_of_another_architecture_are_said(run) -> None:
    config = json.loads((run / "config.json").read_text())
    edited(run, architecture=config["architecture"] | {"hidden": 7})
    with pytest.raises(DamagedError, match="weights are those of another architecture"):
        amodal.load(run)


def test_missing_runs_are_said(tmp_path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no folder .*nowhere"):
        amodal.load(tmp_path / "nowhere")
    with pytest.raises(NotFoundError, match=r"holds no fitted model \(no config.json\): is it a"):
        amodal.load(tmp_path)


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("where", ["os.replace", "pathlib.Path.write_bytes", "pathlib.Path.mkdir"])
def test_a_full_disk_while_saving_leaves_nothing(tmp_path, monkeypatch, where: str) -> None:
    model = fitted(steps=0)
    with monkeypatch.context() as patch:
        patch.setattr(where, full)
        with pytest.raises(DiskError, match=r"cannot write .*the disk is full: free some space"):
            model.save(tmp_path / "saved")
    assert not list(tmp_path.iterdir())
    model.save(tmp_path / "saved")
    amodal.load(tmp_path / "saved")


def test_a_full_disk_while_renaming_leaves_nothing(tmp_path, monkeypatch) -> None:
    model = fitted(steps=0)
    monkeypatch.setattr("pathlib.Path.rename", full)
    with pytest.raises(DiskError, match="saved: the disk is full"):
        model.save(tmp_path / "saved")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_at_a_checkpoint_leaves_the_earlier_one(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    changed = {"start": False, "steps": 80}
    whole = fit(tmp_path / "whole", **changed)
    original, written = loop.save_checkpoint, []

    def second_fails(*arguments) -> None:
        written.append(True)
        if len(written) == 3:
            monkeypatch.setattr("pathlib.Path.write_bytes", full)
        original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_checkpoint", second_fails)
        with pytest.raises(DiskError, match=r"checkpoint.safetensors: the disk is full"):
            fit(tmp_path / "run", **changed)
    monkeypatch.undo()
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == ["checkpoint.safetensors", "fit.json", "metrics.jsonl"]
    resumed = fit(tmp_path / "run", **changed)
    np.testing.assert_array_equal(answer(resumed), answer(whole))


def test_a_path_below_a_file_is_said(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="part of the path is a file"):
        fitted(steps=0).save(tmp_path / "file" / "saved")


def test_tensors_that_share_memory_are_written(tmp_path) -> None:
    whole = torch.arange(6.0).reshape(2, 3)
    write_tensors(tmp_path / "t.safetensors", {"one": whole, "same": whole, "part": whole[1:]})
    read = load_file(tmp_path / "t.safetensors")
    assert torch.equal(read["same"], whole)
    assert torch.equal(read["part"], whole[1:])
