"""Models from the hub: fetched once, pinned to a commit, never in a form that can run code."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from amodal.errors import InputError, NotFoundError
from amodal.unimodal import load_model
from amodal.unimodal.named import ModelName
from small_hub import COMMIT, Hub, served
from tiny_models import save_vit

pytest.importorskip("transformers")
NAME = "someone/small-vit"


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache, and an address where no hub answers."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)


@pytest.fixture
def hub(tmp_path: Path, nowhere: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    folder = save_vit(tmp_path / "served")
    (folder / "README.md").write_text("about it")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")
    hub = Hub(folder, NAME)
    with served(hub) as address:
        monkeypatch.setattr(constants, "ENDPOINT", address)
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        yield hub


def test_a_model_is_fetched_once_and_pinned(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    model = load_model(f"hf:{NAME}")
    assert set(hub.fetched) == {"config.json", "model.safetensors", "preprocessor_config.json"}
    assert model.name == f"hf:{NAME}@{COMMIT}"
    assert model.details["revision"] == COMMIT
    local = load_model(f"hf:{hub.folder}")
    assert model.fingerprint == local.fingerprint
    raw = [torch.zeros(9, 9, 3, dtype=torch.uint8).numpy()]
    assert torch.equal(model.encode(raw), local.encode(raw))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert load_model(model.name).fingerprint == model.fingerprint
    assert load_model(f"hf:{NAME}").name == model.name  # what was fetched last stands for main


def test_a_revision_by_its_tag(hub: Hub) -> None:
    assert load_model(f"hf:{NAME}@v1?pool=mean").name == f"hf:{NAME}@{COMMIT}?pool=mean"
    with pytest.raises(
        NotFoundError, match="has no revision 'v2': give a commit, a tag or a branc"
    ):
        load_model(f"hf:{NAME}@v2")


def test_what_the_hub_refuses_is_explained(hub: Hub) -> None:
    with pytest.raises(NotFoundError, match="the hub has no model 'someone/else', or it is privat"):
        load_model("hf:someone/else")
    hub.gated = True
    with pytest.raises(NotFoundError, match="its owner wants you to accept terms first"):
        load_model(f"hf:{NAME}")


def test_a_broken_connection_and_a_busy_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.status = 429
    with pytest.raises(InputError, match=r"the hub refuses .*429.*: try again later"):
        load_model(f"hf:{NAME}")
    broken = type("ReadError", (Exception,), {"__module__": "httpx"})("peer closed")

    def refuse(*_: object, **__: object) -> str:
        raise broken

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    with pytest.raises(NotFoundError, match=r"the hub cannot be reached \(peer closed\)"):
        load_model(f"hf:{NAME}")


def test_a_model_with_pickled_weights_only(hub: Hub) -> None:
    (hub.folder / "model.safetensors").unlink()
    with pytest.raises(
        InputError, match="has no weights as safetensors, only pickled ones or none"
    ):
        load_model(f"hf:{NAME}")
    assert "pytorch_model.bin" not in hub.fetched


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("hf:facebook/dinov2-small", "facebook/dinov2-small"),
        ("st:all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
    ],
)
def test_without_a_connection_there_is_a_way(nowhere: None, name: str, place: str) -> None:
    message = (
        rf"{place}: the model is not on this machine, and the hub cannot be reached \(.*\)\. Where "
        rf"there is a connection, run `hf download {place} --local-dir FOLDER`, copy the folder "
        rf"here, and give --model {name[:2]}:FOLDER"
    )
    with pytest.raises(NotFoundError, match=message):
        load_model(name)


def test_names_that_are_none(nowhere: None) -> None:
    with pytest.raises(InputError, match=r"Repo id must use .*; expected OWNER/NAME, or a folder"):
        load_model("hf:a b")
    with pytest.raises(InputError, match="--model hf: lacks a name, expected hf:NAME"):
        load_model("hf:")


def test_a_name_says_all_and_is_read_back() -> None:
    for text in ("hf:a/b", "hf:a/b@v1", "hf:a/b@v1?layer=-2&pool=mean", "st:b", "hf:a/b?pool=cls"):
        assert str(ModelName.parse(text)) == text
    name = ModelName.parse("hf:a/b@v1").changed(revision="v2", pool="mean")
    assert str(name) == "hf:a/b@v2?pool=mean"


def test_folders_with_odd_names(tmp_path: Path) -> None:
    folder = tmp_path / "one@two"
    folder.mkdir()
    name = ModelName.parse(f"hf:{folder}?layer=1")
    assert (name.place, name.revision, name.layer) == (str(folder), "", 1)
    with pytest.raises(InputError, match="is a folder and has no revisions: leave 'v1' out"):
        name.changed(revision="v1")


def test_sentence_models_take_no_pooling() -> None:
    with pytest.raises(InputError, match="says itself what it reads and how it pools"):
        load_model("st:all-MiniLM-L6-v2?pool=mean")
