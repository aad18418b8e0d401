"""`amodal encode` on a small data folder."""

from pathlib import Path

import numpy as np
import pytest

from amodal.cli.main import main
from amodal.data import generate, open_dataset
from amodal.latents.store import open_store, read_manifest


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "shapes"
    generate("shapes", 60, folder, seed=1)
    return folder


def encode(data: Path, out: Path, *more: str, modality: str = "attributes") -> int:
    return main(["encode", str(data), "--modality", modality, "--out", str(out), *more])


def test_attributes_are_encoded_by_the_shipped_model(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "attributes"
    assert encode(data, out) == 0
    latents = open_store(out)
    assert latents.rows.shape == (60, 11)
    assert latents.model == "shapes/attributes"
    assert "60 latents of 11 numbers by shapes/attributes" in capsys.readouterr().out
    assert read_manifest(out).modality == "attributes"
    assert encode(data, out) == 0
    assert "already holds these 60 latents: nothing to do" in capsys.readouterr().out


def test_a_model_of_another_modality_refuses_before_anything_is_written(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert encode(data, tmp_path / "out", "--model", "shapes/image") == 1
    assert "shapes/image: images must be a uint8 array" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert encode(data, tmp_path / "out") == 0


def test_some_rows_are_the_same_rows(data: Path, tmp_path: Path) -> None:
    assert encode(data, tmp_path / "all") == 0
    assert encode(data, tmp_path / "some", "--rows", "20:45") == 0
    every, some = open_store(tmp_path / "all").rows, open_store(tmp_path / "some").rows
    np.testing.assert_array_equal(every[20:45], some)


def test_a_split_is_its_rows_and_no_others(data: Path, tmp_path: Path) -> None:
    assert encode(data, tmp_path / "all") == 0
    every, seen = open_store(tmp_path / "all").rows, []
    for split, size in {"train": 54, "validation": 3, "test": 3}.items():
        assert encode(data, tmp_path / split, "--split", split) == 0
        rows = open_dataset(data).rows(split)
        assert len(rows) == size
        np.testing.assert_array_equal(open_store(tmp_path / split).rows, every[rows])
        assert read_manifest(tmp_path / split).source["split"] == split
        seen.extend(rows.tolist())
    assert sorted(seen) == list(range(60))


def test_another_split_in_the_same_folder_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert encode(data, tmp_path / "out", "--split", "validation") == 0
    assert encode(data, tmp_path / "out", "--split", "test") == 1
    assert "holds another encoding (it differs in source)" in capsys.readouterr().err


def test_a_split_without_rows_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate("shapes", 10, tmp_path / "few")
    assert encode(tmp_path / "few", tmp_path / "out", "--split", "test") == 1
    assert "has 10 rows, none of them in the split test: generate more" in capsys.readouterr().err


def test_other_rows_in_the_same_folder_are_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert encode(data, tmp_path / "out", "--rows", "0:20") == 0
    assert encode(data, tmp_path / "out", "--rows", "0:30") == 1
    assert "holds another encoding (it differs in rows, source)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rows", "50:90"], "there are 60 rows: expected first < end <= 60"),
        (["--rows", "9:9"], "expected first < end"),
        (["--rows", "5"], "expected first:end such as 0:20000"),
        (["--rows", "0:9", "--split", "train"], "both say which rows: give one of them"),
        (["--split", "tset"], "--split"),
        (["--model", "shapes/atributes"], "did you mean 'shapes/attributes'?"),
    ],
)
def test_wrong_arguments_are_explained(
    data: Path,
    tmp_path: Path,
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert encode(data, tmp_path / "out", *words) != 0
    error = " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert message in error
    assert not (tmp_path / "out").exists()


def test_unknown_modality_and_absent_data(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert encode(data, tmp_path / "out", modality="imgae") == 1
    assert "unknown modality 'imgae': did you mean 'image'?" in capsys.readouterr().err
    assert encode(tmp_path / "nowhere", tmp_path / "out") == 1
    assert "there is no data folder" in capsys.readouterr().err
