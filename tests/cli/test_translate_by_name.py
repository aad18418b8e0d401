"""`amodal translate` from pictures and sentences that models of other libraries read."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import amodal
from amodal.cli.main import main
from amodal.data import generate
from amodal.latents.store import open_store
from tiny_models import save_sentence_model, save_vit

pytest.importorskip("sentence_transformers")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of pictures by a ViT, sentences by a BERT, and the attributes themselves."""
    folder = tmp_path_factory.mktemp("named")
    names = {
        "image": f"hf:{save_vit(folder / 'vit')}",
        "text": f"st:{save_sentence_model(folder / 'sentences')}",
        "attributes": "shapes/attributes",
    }
    generate("shapes", 60, folder / "shapes", seed=1)
    for modality, name in names.items():
        words = ["--modality", modality, "--model", name, "--out", str(folder / modality)]
        assert main(["encode", str(folder / "shapes"), *words]) == 0
    latents = {modality: open_store(folder / modality) for modality in names}
    matches = dict.fromkeys(names, np.arange(40))
    amodal.Workspace(steps=0, members=1).fit(latents, matches=matches, folder=folder / "run")
    return folder / "run"


def translate(run: Path, source: str, target: str, *thing: str) -> int:
    return main(["translate", str(run), "--from", source, "--to", target, *thing])


def test_a_sentence_and_a_picture_of_any_size(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert translate(run, "text", "attributes", "a", "large", "red", "egg") == 0
    assert capsys.readouterr().out.startswith("shape=")
    Image.new("RGB", (50, 70), "red").save(tmp_path / "red one.png")
    assert translate(run, "image", "attributes", str(tmp_path / "red one.png")) == 0
    said = capsys.readouterr()
    assert said.out.startswith("shape=")
    assert "resized" not in said.err


def test_models_of_other_modalities_are_not_needed(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    latents = {name: open_store(run.parent / name) for name in ("text", "attributes")}
    plain = {"touch": np.random.default_rng(0).normal(size=(60, 3))}
    matches = dict.fromkeys((*latents, *plain), np.arange(40))
    folder = tmp_path / "run"
    amodal.Workspace(steps=0, members=1).fit(latents | plain, matches=matches, folder=folder)
    assert translate(folder, "text", "attributes", "a large red egg") == 0
    assert capsys.readouterr().out.startswith("shape=")


def test_search_reads_pictures_and_sentences_by_models_of_any_modality(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("lancedb")
    stores = {"photo": "image", "title": "text", "attributes": "attributes"}
    latents = {name: open_store(run.parent / store) for name, store in stores.items()}
    folder = str(tmp_path / "run")
    matches = dict.fromkeys(stores, np.arange(40))
    amodal.Workspace(steps=0, members=1).fit(latents, matches=matches, folder=folder)
    store = str(run.parent / "attributes")
    assert main(["index", folder, "--modality", "attributes", "--latents", store]) == 0
    Image.new("RGB", (50, 70), "red").save(tmp_path / "red one.png")
    capsys.readouterr()
    for source, thing in (("photo", str(tmp_path / "red one.png")), ("title", "a red egg")):
        assert main(["search", folder, thing, "--from", source, "--top", "3"]) == 0
        assert len(capsys.readouterr().out.splitlines()) == 4


def test_there_is_no_way_back(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert translate(run, "image", "text", "some.png") == 1
    assert "turns things into latents and not back: rank things" in capsys.readouterr().err
