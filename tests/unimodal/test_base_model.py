"""The interface of frozen models, their weights files, and the registry."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from amodal.errors import DamagedError, DiskError, InputError, NotFoundError, UnknownNameError
from amodal.specification import LatentSpec
from amodal.unimodal import load_model
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.registry import SHIPPED, weights_path
from amodal.unimodal.vae import ImageVae


class Doubler(UnimodalModel):
    """Rows of two numbers <-> twice the numbers, by a weight that could be learnt."""

    kind = "doubler"

    def __init__(self, name: str = "mine", *, offset: float = 0.0) -> None:
        super().__init__(name, LatentSpec.continuous(2))
        self.offset = offset
        self.factor = torch.nn.Parameter(torch.tensor(2.0))
        self.norm = torch.nn.BatchNorm1d(2, affine=False)
        self.batches: list[int] = []

    def settings(self) -> dict[str, Any]:
        return {"offset": self.offset}

    def encode_batch(self, raw: np.ndarray) -> torch.Tensor:
        self.batches.append(len(raw))
        return torch.from_numpy(raw) * self.factor + self.offset

    def decode_batch(self, latents: torch.Tensor) -> Any:
        return [f"{row:.1f}" for row in (latents[:, 0] / self.factor).tolist()]


ROWS = np.arange(10, dtype=np.float32).reshape(5, 2)


def test_encoding_goes_batch_by_batch_to_the_same_latents() -> None:
    model = Doubler()
    whole, pieces = model.encode(ROWS), model.encode(ROWS, batch=2)
    assert torch.equal(whole, pieces)
    assert model.batches == [5, 2, 2, 1]


def test_no_rows_give_no_latents() -> None:
    assert Doubler().encode(ROWS[:0]).shape == (0, 2)
    assert Doubler().decode(torch.zeros(0, 2)) == []


def test_lists_are_joined_in_order() -> None:
    assert Doubler().decode(torch.from_numpy(ROWS), batch=2) == ["0.0", "1.0", "2.0", "3.0", "4.0"]


def test_latents_can_enter_a_graph_but_reach_no_weight() -> None:
    model = Doubler().freeze()
    mine = torch.ones(2, requires_grad=True)
    (model.encode(ROWS) * mine).sum().backward()
    assert mine.grad is not None
    assert model.factor.grad is None
    assert not model.factor.requires_grad


def test_a_frozen_model_stays_in_evaluation_mode_inside_another_module() -> None:
    outer = torch.nn.Sequential(torch.nn.Linear(2, 2), Doubler().freeze())
    outer.train()
    assert outer[0].training
    assert not outer[1].training
    assert not outer[1].norm.training


def test_wrong_number_of_columns_names_the_likely_cause() -> None:
    with pytest.raises(InputError, match="have 3 columns, expected 2: are they from another"):
        Doubler().decode(torch.zeros(4, 3))


def test_fingerprint_changes_with_weights_and_settings_only() -> None:
    model = Doubler()
    first = model.fingerprint
    assert first == Doubler("other name").fingerprint
    assert first != Doubler(offset=1.0).fingerprint
    with torch.no_grad():
        model.factor.add_(1e-4)
    assert model.fingerprint != first


def test_save_and_load_give_an_equal_frozen_model(tmp_path: Path) -> None:
    model = Doubler(offset=3.0)
    model.save(tmp_path / "weights.safetensors")
    loaded = Doubler.load(tmp_path / "weights.safetensors")
    assert loaded.fingerprint == model.fingerprint
    assert loaded.name == "mine"
    assert loaded.offset == 3.0
    assert loaded.frozen
    assert not loaded.factor.requires_grad


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "vae.safetensors"
    ImageVae("mine", width=2).save(path)
    return path


def test_load_model_reads_a_file_of_any_known_kind(weights: Path) -> None:
    model = load_model(str(weights))
    assert isinstance(model, ImageVae)
    assert model.frozen


@pytest.mark.parametrize("kept", [0, 4, 500, -1])
def test_truncated_weights_are_refused(weights: Path, kept: int) -> None:
    content = weights.read_bytes()
    weights.write_bytes(content[:kept])
    with pytest.raises(DamagedError, match=r"truncated.*remake it with `amodal pretrain`"):
        load_model(str(weights))


def test_altered_weights_are_refused(weights: Path) -> None:
    content = bytearray(weights.read_bytes())
    content[-100] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(DamagedError, match="do not match their fingerprint"):
        load_model(str(weights))


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.safetensors"
    text.write_text("not weights at all, but long enough to look like a header")
    with pytest.raises(DamagedError, match="no safetensors file"):
        load_model(str(text))
    foreign = tmp_path / "foreign.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(2)}, foreign)
    with pytest.raises(DamagedError, match="not written by amodal"):
        load_model(str(foreign))


def rewritten(path: Path, **changes: Any) -> None:
    with safetensors.safe_open(path, framework="pt") as handle:
        description = json.loads(handle.metadata()["amodal"])
        tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
    description = {k: v for k, v in {**description, **changes}.items() if v is not None}
    safetensors.torch.save_file(tensors, path, {"amodal": json.dumps(description)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "has format 99, this amodal reads 1: update amodal"),
        ({"kind": "clip"}, "holds a model of kind 'clip', which this amodal lacks"),
        ({"kind": "reader"}, "do not fit the model"),
        ({"fingerprint": None}, r"lacks \['fingerprint'\]"),
        ({"settings": {"wings": 2}}, "do not fit the model"),
        ({"settings": {"width": 4}}, "do not fit the model"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(
    weights: Path, changes: dict[str, Any], message: str
) -> None:
    rewritten(weights, **changes)
    with pytest.raises(DamagedError, match=message):
        load_model(str(weights))


def test_a_class_refuses_the_weights_of_another(weights: Path) -> None:
    with pytest.raises(DamagedError, match="kind 'vae', expected 'doubler'"):
        Doubler.load(weights)


def test_missing_weights_say_where_and_how(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no weights file"):
        load_model(str(tmp_path / "none.safetensors"))


def test_unknown_models_offer_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'shapes/imgae': did you mean 'shapes/image'"):
        load_model("shapes/imgae")


def test_every_shipped_name_has_its_file() -> None:
    for name in SHIPPED:
        path = weights_path(name)
        assert path is None or path.is_file(), name


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: Any) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskError, match="the disk is full"):
        Doubler().save(tmp_path / "weights.safetensors")
    assert not list(tmp_path.iterdir())


def test_saving_again_replaces_the_whole_file(weights: Path, tmp_path: Path) -> None:
    shutil.copy(weights, tmp_path / "before.safetensors")
    torch.manual_seed(1)
    ImageVae("mine", width=2).save(weights)
    assert weights.read_bytes() != (tmp_path / "before.safetensors").read_bytes()
    assert load_model(str(weights)).frozen
