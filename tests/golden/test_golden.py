"""Folders that earlier versions wrote load, and answer as they did when they were written."""

import json
from pathlib import Path

import numpy as np
import pytest
from make_golden import NAMES, asked
from safetensors.numpy import load_file

import amodal

HERE = Path(__file__).parent
FOLDERS = sorted(path.parent for path in HERE.glob("*/config.json"))
CHANGED: dict[str, tuple[str, ...]] = {}
"""Folder -> answers, by the first word of their name, that a change of method has changed on
purpose since; the others must be as they were."""


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


def compared(model: amodal.Workspace, folder: Path) -> None:
    recorded = load_file(folder / "recorded.safetensors")
    answers = asked(model, {name: recorded[f"rows.{name}"] for name in NAMES})
    kept = {
        name: answer
        for name, answer in answers.items()
        if name.split(".")[0] not in CHANGED.get(folder.name, ())
    }
    assert kept.keys() == recorded.keys() & kept.keys()
    assert len(kept) > 6
    for name, answer in kept.items():
        np.testing.assert_allclose(answer, recorded[name], rtol=1e-4, atol=2e-5, err_msg=name)


def test_every_way_of_writing_is_kept() -> None:
    assert {
        "from-start",
        "shares",
        "checksum",
        "alignment",
        "weighed",
        "views",
        "self-training",
        "disagreement",
        "metric",
    } <= {path.name for path in FOLDERS}


def test_it_loads_and_answers_as_it_did(folder: Path) -> None:
    compared(amodal.load(folder), folder)


def test_it_is_what_its_name_says(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text("utf-8"))
    marks = {"from-start": "from_start", "shares": "held_out_errors", "checksum": "checksum"}
    marks["weighed"] = "unmatched_weight"
    assert marks.get(folder.name, "format") in config
    versions = {"views": 2, "self-training": 3, "disagreement": 4, "metric": 5}
    assert config["version"] == versions.get(folder.name, 1)
    assert ("checksum" in config) == (folder.name not in ("from-start", "shares"))


def test_saved_anew_it_answers_as_it_did(folder: Path, tmp_path: Path) -> None:
    amodal.load(folder).save(tmp_path / "anew")
    compared(amodal.load(tmp_path / "anew"), folder)
    assert (tmp_path / "anew" / "README.md").read_text("utf-8").startswith("---\nlibrary_name")


def form(folder: Path) -> tuple[set[str], set[str]]:
    """The keys of a configuration, two deep but for names of modalities, and kinds of tensors."""
    config = json.loads((folder / "config.json").read_text("utf-8"))
    inner = {f"{k}.{n}" for k in ("parameters", "architecture") for n in config[k]}
    tensors = load_file(folder / "model.safetensors")
    return set(config) | inner, {
        ".".join(t for t in n.split(".") if t not in NAMES) for n in tensors
    }


def test_what_is_written_now_has_a_golden_folder(tmp_path: Path) -> None:
    """Fails where the format has changed: see CONTRIBUTING.md for how to add a golden folder."""
    amodal.load(HERE / "self-training").save(tmp_path / "now")
    assert form(tmp_path / "now") in [form(folder) for folder in FOLDERS]


def test_it_is_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir()) < 80_000
