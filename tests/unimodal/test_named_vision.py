"""Vision models of transformers by name: the library's own answers, and what is refused."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from amodal.errors import InputError, NotFoundError, UnknownNameError
from amodal.unimodal import UnimodalModel, load_model
from tiny_models import SMALL, save_bert, save_clip, save_clip_tower, save_dinov2, save_vit

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_vit(folder / "vit")
    save_vit(folder / "vit-without-pooler", pooler=False)
    save_dinov2(folder / "dinov2")
    save_clip_tower(folder / "clip-tower")
    save_clip(folder / "clip")
    return folder


def pictures(count: int = 5) -> list[Image.Image]:
    """Smooth ones, of unequal sizes."""
    rng = np.random.default_rng(0)
    small = [rng.integers(256, size=(4, 5, 3), dtype=np.uint8) for _ in range(count)]
    return [Image.fromarray(each).resize((40 + 3 * i, 50)) for i, each in enumerate(small)]


def by_the_library(folder: Path, kind: str) -> Any:
    """What transformers itself gives for the pictures, by a class named outright."""
    import transformers

    network = getattr(transformers, kind).from_pretrained(folder).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    inputs = processor(images=pictures(), return_tensors="pt")
    with torch.no_grad():
        if kind == "CLIPModel":
            return network.get_image_features(**inputs)
        return network(**inputs, output_hidden_states=True)


@pytest.mark.parametrize(
    ("name", "kind", "read"),
    [
        ("vit", "ViTModel", lambda out: out.pooler_output),
        ("vit-without-pooler", "ViTModel", lambda out: out.last_hidden_state[:, 0]),
        ("dinov2", "Dinov2Model", lambda out: out.pooler_output),
        ("clip-tower", "CLIPVisionModelWithProjection", lambda out: out.image_embeds),
        ("clip", "CLIPModel", lambda out: out.pooler_output),
        ("vit?pool=cls", "ViTModel", lambda out: out.last_hidden_state[:, 0]),
        ("vit?pool=mean", "ViTModel", lambda out: out.last_hidden_state[:, 1:].mean(1)),
        ("dinov2?layer=1", "Dinov2Model", lambda out: out.hidden_states[1][:, 0]),
        (
            "dinov2?layer=-2&pool=mean",
            "Dinov2Model",
            lambda out: out.hidden_states[1][:, 1:].mean(1),
        ),
    ],
)
def test_latents_are_what_the_library_gives(models: Path, name: str, kind: str, read: Any) -> None:
    model = load_model(f"hf:{models / name}")
    expected = read(by_the_library(models / name.partition("?")[0], kind))
    latents = model.encode(pictures())
    assert latents.shape == (5, model.specification.dim)
    torch.testing.assert_close(latents, expected, rtol=1e-4, atol=1e-5)
    assert expected.std(0).min() > 1e-4  # the pictures do differ


def test_batches_change_nothing(models: Path) -> None:
    model = load_model(f"hf:{models / 'dinov2'}")
    every = model.encode(pictures(), batch=5)
    torch.testing.assert_close(model.encode(pictures(), batch=2), every, rtol=1e-4, atol=1e-5)


def test_a_file_an_array_and_a_picture_are_one(models: Path, tmp_path: Path) -> None:
    model, picture = load_model(f"hf:{models / 'vit'}"), pictures(1)[0]
    picture.save(tmp_path / "picture.png")
    given = [picture, np.asarray(picture), tmp_path / "picture.png", str(tmp_path / "picture.png")]
    latents = model.encode(given)
    assert torch.equal(latents[0].expand(4, -1), latents)


def test_one_picture_is_no_list_of_them(models: Path) -> None:
    with pytest.raises(InputError, match=r"got one of shape \(9, 8, 3\): use \[picture\]"):
        load_model(f"hf:{models / 'vit'}").encode(np.zeros((9, 8, 3), np.uint8))


def test_pictures_are_turned_upright(models: Path, tmp_path: Path) -> None:
    model, picture = load_model(f"hf:{models / 'vit'}"), pictures(1)[0]
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    picture.save(tmp_path / "turned.png", exif=exif)
    upright, plain, turned = (
        picture.transpose(Image.Transpose.ROTATE_270),
        picture,
        tmp_path / "turned.png",
    )
    latents = model.encode([upright, plain, turned])
    assert torch.equal(latents[0], latents[2])
    assert not torch.equal(latents[0], latents[1])


def fingerprint(folder: Path, options: str = "") -> str:
    return load_model(f"hf:{folder}{options}").fingerprint


def test_fingerprint_is_of_the_files_and_of_what_is_read(models: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models / "vit", tmp_path / "copy"))
    own = fingerprint(models / "vit")
    (copy / "README.md").write_text("about it")
    assert fingerprint(copy) == own
    assert len({own, fingerprint(copy, "?pool=cls"), fingerprint(copy, "?layer=1")}) == 3
    settings = json.loads((copy / "preprocessor_config.json").read_text())
    (copy / "preprocessor_config.json").write_text(json.dumps(settings | {"resample": 3}))
    resampled = fingerprint(copy)
    weights = load_file(copy / "model.safetensors")
    weights["embeddings.cls_token"] += 1e-3
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    assert len({own, resampled, fingerprint(copy)}) == 3


def test_the_model_says_what_it_is(models: Path) -> None:
    model = load_model(f"hf:{models / 'vit-without-pooler'}?layer=-2")
    assert isinstance(model, UnimodalModel)
    assert model.name == f"hf:{(models / 'vit-without-pooler').resolve()}?layer=-2"
    assert load_model(model.name).fingerprint == model.fingerprint
    details: Any = json.loads(json.dumps(model.details))
    assert details["reads"] == "the class token in hidden state -2"
    assert details["revision"].startswith("sha256:")
    assert details["preprocessing"]["processor"]["size"] == {"height": 32, "width": 32}
    assert not any(weight.requires_grad for weight in model.parameters())


def without(source: Path, out: Path, name: str) -> Path:
    """A copy of a model that has lost one of its weights."""
    shutil.copytree(source, out)
    weights = load_file(out / "model.safetensors")
    del weights[name]
    save_file(weights, out / "model.safetensors", {"format": "pt"})
    return out


def test_weights_that_are_lost_are_not_drawn_at_random(models: Path, tmp_path: Path) -> None:
    lost = without(models / "vit", tmp_path / "lost", "layernorm.weight")
    with pytest.raises(InputError, match=r"1 of the model's weights are not in its files \(layern"):
        load_model(f"hf:{lost}")
    pooler = without(models / "vit", tmp_path / "pooler", "pooler.dense.weight")
    assert load_model(f"hf:{pooler}").details["reads"] == "the class token"


def test_models_without_a_class_token(tmp_path: Path) -> None:
    from transformers import SiglipImageProcessorPil, SiglipVisionConfig, SiglipVisionModel

    torch.manual_seed(0)
    config = SiglipVisionConfig(image_size=32, patch_size=8, **SMALL)
    SiglipVisionModel(config).save_pretrained(tmp_path / "siglip")
    SiglipImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path / "siglip")
    assert load_model(f"hf:{tmp_path / 'siglip'}").details["reads"] == "the pooled output"
    layer = load_model(f"hf:{tmp_path / 'siglip'}?layer=1")
    assert layer.details["reads"] == "the mean of the patches in hidden state 1"
    with pytest.raises(InputError, match="this model has no class token: --pool mean"):
        load_model(f"hf:{tmp_path / 'siglip'}?pool=cls")


def test_convolutional_models(tmp_path: Path) -> None:
    from transformers import ConvNextConfig, ConvNextImageProcessorPil, ConvNextModel

    torch.manual_seed(0)
    config = ConvNextConfig(hidden_sizes=[6, 12], depths=[1, 1], num_stages=2, image_size=32)
    ConvNextModel(config).save_pretrained(tmp_path / "net")
    ConvNextImageProcessorPil(size={"shortest_edge": 32}).save_pretrained(tmp_path / "net")
    assert load_model(f"hf:{tmp_path / 'net'}").specification.dim == 12
    mean = load_model(f"hf:{tmp_path / 'net'}?pool=mean")
    output = by_the_library(tmp_path / "net", "ConvNextModel").last_hidden_state
    torch.testing.assert_close(mean.encode(pictures()), output.mean((2, 3)), rtol=1e-4, atol=1e-5)


def test_a_model_that_masks_at_random_is_refused(tmp_path: Path) -> None:
    from transformers import ViTImageProcessorPil, ViTMAEConfig, ViTMAEModel

    ViTMAEModel(ViTMAEConfig(image_size=32, patch_size=8, **SMALL)).save_pretrained(tmp_path)
    ViTImageProcessorPil(size={"height": 32, "width": 32}).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="answers the same picture differently each time"):
        load_model(f"hf:{tmp_path}")


@pytest.mark.slow
def test_torchvision_is_not_needed(models: Path) -> None:
    """In a process of its own, where importing it fails."""
    code = (
        "import sys; sys.modules['torchvision'] = None\n"
        "import amodal, numpy as np\n"
        f"model = amodal.load_model({f'hf:{models}/dinov2'!r})\n"
        "print(model.encode([np.zeros((9, 9, 3), np.uint8)]).shape, model.processor.backend)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "torch.Size([1, 24]) pil\n"), done.stderr


def test_pickled_weights_are_not_read(models: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models / "vit", tmp_path / "pickled"))
    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    assert fingerprint(copy) == fingerprint(models / "vit")
    (copy / "model.safetensors").unlink()
    with pytest.raises(
        InputError, match=r"only pickled ones or none.*can run code when they are re"
    ):
        load_model(f"hf:{copy}")


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    folder = save_vit(tmp_path / "foreign")
    (folder / "own.py").write_text(f"open({str(marker)!r}, 'w')\nclass Own: pass\n")
    settings = json.loads((folder / "config.json").read_text())
    classes = {"AutoConfig": "own.Own", "AutoModel": "own.Own"}
    foreign = settings | {"model_type": "nobody-knows", "auto_map": classes}
    (folder / "config.json").write_text(json.dumps(foreign))
    with pytest.raises(InputError, match="cannot be loaded as a vision model"):
        load_model(f"hf:{folder}")
    assert not marker.exists()


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ("?layer=3", InputError, r"--layer 3: this model has hidden states 0 .* to 2, or -1"),
        ("?pool=max", UnknownNameError, "unknown pooling 'max': did you mean 'mean'"),
        ("?layer=one", InputError, "layer must be a whole number, got 'one'"),
        ("/nowhere", NotFoundError, "there is no folder .*nowhere; a model of the hub is written"),
    ],
)
def test_what_cannot_be_read_is_explained(
    models: Path, options: str, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        load_model(f"hf:{models / 'vit'}{options}")


def test_other_kinds_of_models_are_explained(models: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a bert and no vision model.* given as st:"):
        load_model(f"hf:{save_bert(tmp_path / 'bert')}")
    with pytest.raises(NotFoundError, match=r"holds no model: expected config\.json and"):
        load_model(f"hf:{models}")
    (tmp_path / "soup").mkdir()
    shutil.copy(models / "vit" / "model.safetensors", tmp_path / "soup")
    (tmp_path / "soup" / "config.json").write_text("{soup")
    with pytest.raises(InputError, match="cannot be loaded as a vision model"):
        load_model(f"hf:{tmp_path / 'soup'}")


def test_pictures_that_cannot_be_read_are_named(models: Path, tmp_path: Path) -> None:
    model = load_model(f"hf:{models / 'vit'}")
    whole = tmp_path / "whole.png"
    Image.effect_noise((64, 64), 50).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:2_000])
    (tmp_path / "page.jpg").write_text("<html>not found</html>")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "deep.png")
    for name, message in {
        "cut.png": r"cut\.png cannot be read as a picture .*: replace it by an intact copy",
        "page.jpg": r"page\.jpg cannot be read as a picture",
        "deep.png": r"deep\.png has more than 8 bits a channel \(mode I;16\)",
    }.items():
        with pytest.raises(InputError, match=message):
            model.encode([whole, tmp_path / name])
    with pytest.raises(NotFoundError, match="there is no picture"):
        model.encode([tmp_path / "nowhere.png"])
    with pytest.raises(InputError, match=r"expected a picture: .*, got float64 \(8, 8, 3\)"):
        model.encode([np.zeros((8, 8, 3))])
