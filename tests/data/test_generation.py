"""Data on disk: the same bytes whatever the workers, resumable, and nothing false is opened."""

import errno
import json
import shutil

import numpy as np
import pytest

from amodal.data import FIRST_ITEM, blocks, generate, generation, open_dataset
from amodal.data.dataset import FILE_NAMES
from amodal.data.kinds import kind_of
from amodal.data.shapes import draw_factors, render, write_captions
from amodal.errors import (
    DamagedError,
    DiskError,
    ExistsError,
    InputError,
    NotFoundError,
    UnknownNameError,
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "_LARGEST_BLOCK", 150)


@pytest.fixture
def made(tmp_path):
    generate("shapes", 700, tmp_path / "made", seed=4)
    return tmp_path / "made"


def contents(folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted((*FILE_NAMES, "manifest.json"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_on_disk(made):
    data = open_dataset(made, checksums=True)
    factors = draw_factors(700, seed=4, start=FIRST_ITEM)
    assert len(data) == 700
    assert data.manifest["first"] == FIRST_ITEM
    assert np.array_equal(data.factors, factors)
    assert np.array_equal(data.images, render(factors))
    assert list(data.captions) == write_captions(factors, seed=4, start=FIRST_ITEM)
    assert [len(data.rows(name)) for name in ("train", "validation", "test")] == [630, 35, 35]
    split = data.splits[data.triplets[:, :3]]
    assert len(split) > 100
    assert (split == split[:, :1]).all()
    assert data.raw("text", [5, 2]) == [data.captions[5], data.captions[2]]
    assert data.raw("attributes", [5]).shape == (1, 11)
    assert data.raw("image", [5]).shape == (1, 32, 32, 3)
    assert data.captions[-1] == data.captions[699]
    with pytest.raises(UnknownNameError, match="did you mean 'image'"):
        data.raw("imgae", [5])
    with pytest.raises(IndexError, match="line 700 of 700"):
        data.captions[700]


def test_workers_do_not_matter(made, tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "_LARGEST_BLOCK", 130)
    generate("shapes", 700, tmp_path / "two", seed=4, workers=2)
    assert contents(made) == contents(tmp_path / "two")


def test_another_side(tmp_path):
    data = generate("shapes", 20, tmp_path / "large", seed=4, side=48)
    assert np.array_equal(data.images, render(draw_factors(20, seed=4, start=FIRST_ITEM), side=48))


def test_data_sets_hold_nothing_that_models_are_pretrained_on(tmp_path):
    from amodal.unimodal.recipes import PICTURES, drawn_pictures
    from amodal.unimodal.text_recipe import SCENES

    assert max(PICTURES, SCENES) <= FIRST_ITEM
    data = generate("shapes", 200, tmp_path / "seen", seed=0)
    trained_on = drawn_pictures(kind_of("shapes"), 3000, seed=0)
    seen = {picture.tobytes() for picture in trained_on.images}
    assert len(seen) == 3000
    assert not seen & {picture.tobytes() for picture in data.images}
    factors = draw_factors(SCENES, seed=0)
    assert not set(map(bytes, factors)) & set(map(bytes, data.factors))


def interrupt_at(monkeypatch, call, error):
    """Let the given write fail, once."""
    original, calls = blocks.write_at, []

    def failing(path, offset, content):
        calls.append(path)
        if len(calls) == call:
            raise error
        original(path, offset, content)

    monkeypatch.setattr(blocks, "write_at", failing)
    return calls


@pytest.mark.parametrize(
    ("error", "expected", "message"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt, "^$"),
        (OSError(errno.ENOSPC, "full"), DiskError, "the disk is full: free some space"),
    ],
)
def test_interrupted_work_is_resumed(made, tmp_path, monkeypatch, error, expected, message):
    out = tmp_path / "cut"
    interrupt_at(monkeypatch, 8, error)
    with pytest.raises(expected, match=message):
        generate("shapes", 700, out, seed=4)
    assert not out.exists()
    with pytest.raises(NotFoundError, match="not finished: run the same `amodal generate`"):
        open_dataset(out)
    calls = interrupt_at(monkeypatch, 0, error)
    generate("shapes", 700, out, seed=4)
    assert len(calls) == 3 * 3, "two of five blocks were finished before"
    assert contents(made) == contents(out)


def test_a_finished_block_that_was_damaged_is_made_again(made, tmp_path, monkeypatch):
    out, part = tmp_path / "cut", tmp_path / "cut.part"
    interrupt_at(monkeypatch, 13, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        generate("shapes", 700, out, seed=4)
    with open(part / "images.npy", "r+b") as handle:
        handle.seek(5000)
        handle.write(b"damage")
    (part / "captions" / "000001.txt").unlink()
    with open(part / "done.txt", "a") as handle:
        handle.write("3 12")
    generate("shapes", 700, out, seed=4)
    assert contents(made) == contents(out)


def test_interrupted_while_finishing(made, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(generation, "checksum", stop)
        with pytest.raises(KeyboardInterrupt):
            generate("shapes", 700, tmp_path / "late", seed=4)
    generate("shapes", 700, tmp_path / "late", seed=4)
    assert contents(made) == contents(tmp_path / "late")


def test_a_disk_that_is_too_small_is_noticed_first(tmp_path, monkeypatch):
    usage = shutil._ntuple_diskusage(10**9, 10**9, 10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DiskError, match=r"0.00 GB free, 5000 items of side 32 need 0.02 GB"):
        generate("shapes", 5000, tmp_path / "full")
    assert list(tmp_path.iterdir()) == []


def test_existing_output(made, tmp_path, monkeypatch):
    calls = interrupt_at(monkeypatch, 0, None)
    assert len(generate("shapes", 700, made, seed=4)) == 700
    assert not calls
    with pytest.raises(ExistsError, match=r"holds other data .*seed 4 instead of 5"):
        generate("shapes", 700, made, seed=5)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("dear")
    with pytest.raises(ExistsError, match="is not a data folder"):
        generate("shapes", 700, foreign)
    (foreign / "letter.txt").unlink()
    assert len(generate("shapes", 30, foreign)) == 30
    with pytest.raises(ExistsError, match="is not a data folder"):
        generate("shapes", 700, made / "images.npy")


def test_unfinished_work_of_other_settings(tmp_path, monkeypatch):
    interrupt_at(monkeypatch, 5, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        generate("shapes", 700, tmp_path / "cut", seed=4)
    with pytest.raises(
        ExistsError, match=r"unfinished work with other settings .*n 700 instead of"
    ):
        generate("shapes", 800, tmp_path / "cut", seed=4)


def cut(path):
    path.write_bytes(path.read_bytes()[:-10])


def flip(path):
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(bytes(content))


def edit(**changes):
    def change(path):
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


@pytest.mark.parametrize(
    ("name", "harm", "message"),
    [
        ("images.npy", cut, "images.npy has .* bytes, expected .*make it again .*--seed 4"),
        ("captions.txt", lambda path: path.unlink(), "captions.txt is missing"),
        ("factors.npy", flip, "factors.npy does not match its checksum"),
        ("images.npy", flip, "images.npy does not match its checksum"),
        ("manifest.json", cut, "is not valid JSON"),
        ("manifest.json", lambda path: path.unlink(), "has no manifest.json"),
        ("manifest.json", lambda path: path.write_text("[]"), "is not the manifest"),
        ("manifest.json", edit(format=99), "in format 99, this version"),
        ("manifest.json", edit(format=1), "in format 1, this version .*make the data again"),
        ("manifest.json", edit(kind="factory9"), "holds 'factory9'"),
        ("manifest.json", edit(files={}), "lists other files"),
        ("manifest.json", edit(n=701), r"holds uint8 \(700, 32, 32, 3\)"),
    ],
)
def test_damage_is_noticed(made, name, harm, message):
    harm(made / name)
    with pytest.raises(DamagedError, match=message):
        open_dataset(made, checksums=True)


def test_nothing_there(tmp_path):
    with pytest.raises(NotFoundError, match=r"there is no data folder .*amodal generate shapes"):
        open_dataset(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"kind": "shape"}, UnknownNameError, "did you mean 'shapes'"),
        ({"n": 0}, InputError, "asked for 0 items"),
        ({"side": 5}, InputError, "side 5"),
        ({"workers": 0}, InputError, "workers is 0"),
        ({"seed": -1}, InputError, "the seed is -1"),
    ],
)
def test_refusals(tmp_path, arguments, error, message):
    settings = {"kind": "shapes", "n": 10, "out": tmp_path / "out", **arguments}
    with pytest.raises(error, match=message):
        generate(**settings)
    assert list(tmp_path.iterdir()) == []
