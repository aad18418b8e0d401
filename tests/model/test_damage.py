"""Whatever happens to a saved folder: it answers as it did, or says that it is damaged."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

import amodal
from amodal.errors import AmodalError, DamagedError, NotFoundError
from amodal.files import checksum

GOLDEN = Path(__file__).parents[1] / "golden" / "checksum"
FILES = ("config.json", "model.safetensors")
TENSORS = sorted(load_file(GOLDEN / "model.safetensors"))
ABSURD = [None, True, -1, 0, 7, 2.5, 10**12, 10**30, float("nan"), 1e308, "x", [], {}, [[]], [None]]
often = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def paths(value: Any, before: tuple = ()) -> list[tuple]:
    """The way to every value in a JSON document, long lists of numbers by their first entry."""
    found = [before] if before else []
    if isinstance(value, dict):
        return found + [p for k, v in value.items() for p in paths(v, (*before, k))]
    if isinstance(value, list):
        return found + [p for k, v in enumerate(value[:2]) for p in paths(v, (*before, k))]
    return found


PATHS = paths(json.loads((GOLDEN / "config.json").read_text("utf-8")))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def fresh(place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    return Path(shutil.copytree(GOLDEN, place))


def asked(model: amodal.Workspace) -> np.ndarray:
    rows = load_file(GOLDEN / "recorded.safetensors")["rows.sight"].numpy()
    return model.translate(rows, "sight", "words")


def write(folder: Path, config: dict) -> None:
    """A configuration of another's making: with the right checksum of the weights, none of its."""
    config.pop("checksum", None)
    (folder / "config.json").write_text(json.dumps(config), "utf-8")


def loaded_or_said(folder: Path) -> amodal.Workspace | None:
    try:
        return amodal.load(folder)
    except DamagedError as error:
        said = str(error)
    assert str(folder) in said
    assert len(said) > len(str(folder)) + 20
    return None


def same_or_said(folder: Path) -> None:
    model = loaded_or_said(folder)
    if model is not None:
        np.testing.assert_array_equal(asked(model), asked(amodal.load(GOLDEN)))


@often
@given(name=st.sampled_from(FILES), share=st.floats(0, 1))
def test_truncated(place: Path, name: str, share: float) -> None:
    path = fresh(place) / name
    content = path.read_bytes()
    path.write_bytes(content[: int(share * (len(content) - 2))])
    with pytest.raises(DamagedError):
        amodal.load(place)


@often
@given(name=st.sampled_from(FILES), share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_flipped(place: Path, name: str, share: float, bit: int) -> None:
    path = fresh(place) / name
    content = bytearray(path.read_bytes())
    content[int(share * len(content))] ^= 1 << bit
    path.write_bytes(bytes(content))
    same_or_said(place)


@often
@given(name=st.sampled_from(FILES), content=st.binary(max_size=200))
def test_other_content(place: Path, name: str, content: bytes) -> None:
    (fresh(place) / name).write_bytes(content)
    with pytest.raises(DamagedError):
        amodal.load(place)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_absent_or_a_folder(place: Path, name: str) -> None:
    (fresh(place) / name).unlink()
    with pytest.raises((DamagedError, NotFoundError)):
        amodal.load(place)
    (place / name).mkdir()
    with pytest.raises(DamagedError):
        amodal.load(place)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' + "9" * 5000 + "}"])
def test_json_that_no_reader_can_take(place: Path, text: str) -> None:
    (fresh(place) / "config.json").write_text(text)
    with pytest.raises(DamagedError, match="is not valid JSON"):
        amodal.load(place)


@pytest.mark.parametrize("line", ["[" * 100_000, "[1, 2]", "{", "\x00"])
def test_metrics_that_cannot_be_read(place: Path, line: str) -> None:
    (fresh(place) / "metrics.jsonl").write_text(line)
    with pytest.raises(DamagedError, match=r"metrics.jsonl is damaged.*remove it to do without"):
        amodal.load(place)


def test_metrics_that_are_a_folder(place: Path) -> None:
    (fresh(place) / "metrics.jsonl").mkdir()
    with pytest.raises(DamagedError, match=r"metrics.jsonl is damaged"):
        amodal.load(place)


def holder(config: Any, path: tuple) -> Any:
    for key in path[:-1]:
        config = config[key]
    return config


def said_or_usable(folder: Path) -> None:
    """Foreign folders need not answer rightly; but they load and answer, or are refused."""
    model = loaded_or_said(folder)
    if model is None:
        return
    assert asked(model).shape == (6, 7)
    with pytest.raises(AmodalError):
        model.translate(np.zeros((2, 9)), "sight", "words")
    model.save(folder / "anew")


@settings(often, max_examples=80)
@given(path=st.sampled_from(PATHS), value=st.sampled_from(ABSURD))
def test_absurd_values(place: Path, path: tuple, value: Any) -> None:
    config = json.loads((fresh(place) / "config.json").read_text("utf-8"))
    holder(config, path)[path[-1]] = value
    write(place, config)
    said_or_usable(place)


@often
@given(path=st.sampled_from(PATHS))
def test_missing_keys(place: Path, path: tuple) -> None:
    config = json.loads((fresh(place) / "config.json").read_text("utf-8"))
    del holder(config, path)[path[-1]]
    (place / "config.json").write_text(json.dumps(config), "utf-8")
    if path != ("checksum",):
        with pytest.raises(DamagedError):
            amodal.load(place)
    write(place, config)
    said_or_usable(place)


@settings(often, max_examples=40)
@given(
    name=st.sampled_from(TENSORS),
    change=st.sampled_from(["absent", "wide", "flat", "empty", "int", "double", "half", "nan"]),
)
def test_tensors_of_another_making(place: Path, name: str, change: str) -> None:
    path = fresh(place) / "model.safetensors"
    tensors = load_file(path)
    value = tensors.pop(name)
    changed = {
        "wide": lambda: torch.cat([value, value], -1),
        "flat": lambda: value.flatten()[None],
        "empty": lambda: value[:0],
        "int": lambda: value.long(),
        "double": lambda: value.double(),
        "half": lambda: value.half(),
        "nan": lambda: value * float("nan"),
    }
    if change != "absent":
        tensors[name] = changed[change]()
    save_file(tensors, path)
    config = json.loads((place / "config.json").read_text("utf-8"))
    write(place, config | {"sha256": checksum(path)})
    said_or_usable(place)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"matches": -3}, "matches: expected a whole number of at least 0, got -3"),
        ({"gate": [3]}, "gate: expected a list of members' scores"),
        ({"fingerprints": {"sight": ""}}, "fingerprints: expected one for each of"),
        ({"held_out_errors": [["sight", "sight", {}]]}, "is no direction of this workspace"),
    ],
)
def test_what_is_wrong_is_said(place: Path, change: dict, words: str) -> None:
    config = json.loads((fresh(place) / "config.json").read_text("utf-8"))
    write(place, config | change)
    with pytest.raises(DamagedError, match=f"{words}.*copy the folder anew, or remove it and fit"):
        amodal.load(place)


def test_a_number_changed_by_hand_is_said(place: Path) -> None:
    config = json.loads((fresh(place) / "config.json").read_text("utf-8"))
    config["normalisation"]["sight"]["shift"][0] += 0.5
    (place / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(DamagedError, match="was changed after it was written: its checksum diff"):
        amodal.load(place)
