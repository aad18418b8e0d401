"""Models of sentence-transformers by name: the library's own answers, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from amodal.errors import InputError
from amodal.unimodal import load_model
from tiny_models import save_bert, save_sentence_model, save_vit

pytest.importorskip("sentence_transformers")
SENTENCES = ["a red egg", "the small blue kites", "a", "the large green triangle on the left"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    save_sentence_model(folder / "plain")
    save_sentence_model(folder / "dense", dense=True)
    return folder


@pytest.mark.parametrize(("name", "dim"), [("plain", 24), ("dense", 12), ("plain-bert", 24)])
def test_latents_are_what_the_library_gives(models: Path, name: str, dim: int) -> None:
    from sentence_transformers import SentenceTransformer

    model = load_model(f"st:{models / name}")
    expected = SentenceTransformer(str(models / name), device="cpu").encode(
        SENTENCES, convert_to_tensor=True, show_progress_bar=False
    )
    latents = model.encode(SENTENCES)
    assert latents.shape == (4, dim) == (4, model.specification.dim)
    torch.testing.assert_close(latents, expected.cpu())
    torch.testing.assert_close(model.encode(SENTENCES, batch=1), expected.cpu())
    assert expected.std(0).min() > 1e-4


def test_the_model_says_what_it_is(models: Path) -> None:
    model = load_model(f"st:{models / 'dense'}")
    assert model.name == f"st:{(models / 'dense').resolve()}"
    assert model.details["reads"] == "the output of Transformer, Pooling, Dense, Normalize"
    assert model.details["preprocessing"] == {"longest": 32, "prompt": ""}
    assert not any(weight.requires_grad for weight in model.parameters())
    with pytest.raises(InputError, match="turns things into latents and not back: rank things"):
        model.decode(torch.zeros(1, 12))


def test_fingerprint_is_of_weights_vocabulary_and_pooling(models: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models / "plain", tmp_path / "copy"))
    seen = [load_model(f"st:{models / 'plain'}").fingerprint]
    (copy / "README.md").write_text("about it")
    assert load_model(f"st:{copy}").fingerprint == seen[0]
    settings = json.loads((copy / "1_Pooling" / "config.json").read_text())
    text = json.dumps(settings).replace("mean", "max")
    (copy / "1_Pooling" / "config.json").write_text(text)
    seen.append(load_model(f"st:{copy}").fingerprint)
    weights = load_file(copy / "model.safetensors")
    weights["embeddings.word_embeddings.weight"] += 1e-3
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    seen.append(load_model(f"st:{copy}").fingerprint)
    assert len(set(seen)) == 3


def test_weights_that_are_lost_are_not_drawn_at_random(models: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models / "plain", tmp_path / "lost"))
    weights = load_file(copy / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"1 of the model's weights are not in its files"):
        load_model(f"st:{copy}")


def test_names_of_before_a_renaming_are_understood(models: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models / "plain", tmp_path / "old"))
    weights = load_file(copy / "model.safetensors")
    old = {
        f"bert.{name.replace('LayerNorm.weight', 'LayerNorm.gamma')}": tensor
        for name, tensor in weights.items()
    }
    save_file(old, copy / "model.safetensors", {"format": "pt"})
    renamed, plain = load_model(f"st:{copy}"), load_model(f"st:{models / 'plain'}")
    torch.testing.assert_close(renamed.encode(SENTENCES), plain.encode(SENTENCES))


def test_pickled_weights_of_any_part_are_not_read(models: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models / "dense", tmp_path / "pickled"))
    weights = copy / "2_Dense" / "model.safetensors"
    torch.save(load_file(weights), copy / "2_Dense" / "pytorch_model.bin")
    assert load_model(f"st:{copy}").specification.dim == 12
    weights.unlink()
    with pytest.raises(InputError, match=r"2_Dense has no weights as safetensors, only pickled"):
        load_model(f"st:{copy}")


def test_code_that_comes_with_a_model_is_not_run(models: Path, tmp_path: Path) -> None:
    copy, marker = Path(shutil.copytree(models / "plain", tmp_path / "own")), tmp_path / "ran"
    (copy / "own.py").write_text(f"open({str(marker)!r}, 'w')\nclass Own: pass\n")
    modules = json.loads((copy / "modules.json").read_text())
    modules[1]["type"] = "own.Own"
    (copy / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InputError, match=r"brings code of its own \(own\.Own\), and Amodal runs n"):
        load_model(f"st:{copy}")
    assert not marker.exists()


def test_other_kinds_of_models_are_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"choose a text model|is given as hf:"):
        load_model(f"st:{save_vit(tmp_path / 'vit')}")
    bert = save_bert(tmp_path / "bert")
    for file in bert.glob("*.safetensors"):
        file.unlink()
    with pytest.raises(InputError, match="has no weights as safetensors"):
        load_model(f"st:{bert}")


def test_only_sentences_are_read(models: Path) -> None:
    model = load_model(f"st:{models / 'plain'}")
    with pytest.raises(
        InputError, match=r"expected a list of sentences, got one: use \[sentence\]"
    ):
        model.encode("a red egg")
    with pytest.raises(InputError, match="expected sentences, got '  ' as number 1"):
        model.encode(["a red egg", "  "])
    with pytest.raises(InputError, match="expected sentences, got 3 as number 0"):
        model.encode([3])
