"""`amodal encode` with models of other libraries, on pictures, texts and generated data."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amodal.cli.main import main
from amodal.data import generate, open_dataset
from amodal.latents.item_names import read_names
from amodal.latents.store import open_store, read_manifest
from amodal.unimodal import load_model
from tiny_models import save_sentence_model, save_vit

pytest.importorskip("sentence_transformers")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_vit(folder / "vit")
    save_sentence_model(folder / "sentences")
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    for row in range(9):
        pixels = np.full((8, 8, 3), 25 * row, np.uint8)
        Image.fromarray(pixels).save(folder / ("more" if row % 2 else ".") / f"{row}.png")
    return folder


def encode(data: Path, out: Path, *more: str) -> int:
    return main(["encode", str(data), "--out", str(out), *more])


def test_pictures(
    models: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words, out = ["--model", f"hf:{models / 'vit'}", "--half"], tmp_path / "image"
    assert encode(pictures, out, *words) == 0
    said = capsys.readouterr().out
    assert f"9 latents of 24 numbers by hf:{models / 'vit'}, in" in said
    assert "each is the pooled output; revision sha256:" in said
    assert open_store(out).rows.dtype == np.float16
    assert list(read_names(out) or ())[:6] == [
        *(f"{row}.png" for row in (0, 2, 4, 6, 8)),
        "more/1.png",
    ]
    assert encode(pictures, out, *words) == 0
    assert "already holds these 9 latents: nothing to do" in capsys.readouterr().out


def test_some_rows_of_another_layer(models: Path, pictures: Path, tmp_path: Path) -> None:
    words = ["--model", f"hf:{models / 'vit'}", "--layer", "-2", "--pool", "mean"]
    assert encode(pictures, tmp_path / "all", *words, "--modality", "photo") == 0
    assert encode(pictures, tmp_path / "some", *words, "--rows", "2:5") == 0
    every, some = (open_store(tmp_path / name) for name in ("all", "some"))
    assert every.model == some.model == f"hf:{models / 'vit'}?layer=-2&pool=mean"
    np.testing.assert_allclose(every.rows[2:5], some.rows, rtol=1e-4, atol=1e-5)
    assert list(read_names(tmp_path / "some") or ()) == ["4.png", "6.png", "8.png"]
    assert read_manifest(tmp_path / "all").modality == "photo"


def test_texts(models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "texts.txt").write_text("a red egg\na kite\n")
    words = ["--model", f"st:{models / 'sentences'}"]
    assert encode(tmp_path / "texts.txt", tmp_path / "text", *words) == 0
    assert "the output of Transformer, Pooling, Normalize" in capsys.readouterr().out
    assert list(read_names(tmp_path / "text") or ()) == ["a red egg", "a kite"]


def test_generated_data(models: Path, tmp_path: Path) -> None:
    generate("shapes", 40, tmp_path / "shapes", seed=1)
    dataset = open_dataset(tmp_path / "shapes")
    for modality, name in {"image": "hf:vit", "text": "st:sentences"}.items():
        model = load_model(name.replace(":", f":{models}/"))
        words = ["--modality", modality, "--split", "train", "--model", model.name]
        assert encode(tmp_path / "shapes", tmp_path / modality, *words) == 0
        expected = model.encode(dataset.raw(modality, dataset.rows("train")))
        latents = open_store(tmp_path / modality)
        np.testing.assert_allclose(latents.rows, expected, rtol=1e-4, atol=1e-5)
        assert latents.model == model.name


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "was not made by `amodal generate`: say what reads it, --model hf:NAME for pictures"),
        (["--model", "hf:VIT", "--split", "train"], "so it has no split train: --rows takes some"),
        (["--model", "hf:VIT", "--rows", "3:99"], "there are 9 rows: expected first < end <= 9"),
        (["--model", "hf:VIT", "--layer", "7"], "--layer 7: this model has hidden states 0"),
        (["--model", "hf:VIT", "--revision", "v1"], "is a folder and has no revisions"),
        (["--model", "st:VIT", "--pool", "cls"], "says itself what it reads and how it pools"),
        (["--model", "shapes/image", "--pool", "cls"], "shapes/image takes no pool"),
        (["--model", "hf:NOWHERE"], "there is no folder"),
    ],
)
def test_wrong_arguments_are_explained(
    models: Path,
    pictures: Path,
    tmp_path: Path,
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"VIT": str(models / "vit"), "NOWHERE": str(models / "nowhere")}
    for name, place in places.items():
        words = [word.replace(name, place) for word in words]
    assert encode(pictures, tmp_path / "out", *words) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_generated_data_needs_a_modality(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generate("shapes", 10, tmp_path / "shapes", seed=1)
    assert encode(tmp_path / "shapes", tmp_path / "out") == 1
    assert "say which modality of " in capsys.readouterr().err
