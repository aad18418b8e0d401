"""The reader of any kind of data: its answers, its training, what it refuses."""

from pathlib import Path

import numpy as np
import pytest
import torch

from amodal.errors import InputError, UnknownNameError
from amodal.unimodal import load_model
from amodal.unimodal.convolutional_reader import ConvolutionalReader
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.reader import ReaderTraining, train_reader

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)


def bright_things() -> np.ndarray:
    """Attributes of Simple Shapes whose place is how red and how green a picture is."""
    shown = np.zeros((40, 11), np.float32)
    shown[:, [0, 6]] = 1
    shown[:, 3:5] = IMAGES[:, :, :, :2].mean((1, 2)) / 128 - 1
    return shown


def test_it_answers_in_the_attributes_of_its_kind() -> None:
    torch.manual_seed(0)
    reader = ConvolutionalReader("shapes/mine", side=32, width=4).freeze()
    read = reader.read(IMAGES)
    assert read.shape == (40, 11)
    assert np.allclose(read[:, :3].sum(1), 1, atol=1e-5)
    assert reader.specification == load_model("shapes/attributes").specification


def test_training_resumes_and_survives_the_disk(tmp_path: Path) -> None:
    training = ReaderTraining(Schedule(3, 8, 1e-3))
    mine = {"make": ConvolutionalReader, "name": "shapes/mine"}
    mine["checkpoint"] = tmp_path / "run.checkpoint"
    reader, again = (
        train_reader(
            IMAGES,
            bright_things(),
            training,
            **mine,
        )
        for _ in range(2)
    )
    assert again.fingerprint == reader.fingerprint
    reader.save(tmp_path / "mine.safetensors")
    assert load_model(str(tmp_path / "mine.safetensors")).fingerprint == reader.fingerprint
    with pytest.raises(InputError, match="run on other data"):
        train_reader(
            IMAGES[:30],
            bright_things()[:30],
            training,
            **mine,
        )


def test_bad_settings_are_refused() -> None:
    with pytest.raises(InputError, match="multiple of 16 pixels, got 40"):
        ConvolutionalReader("shapes/mine", side=40)
    with pytest.raises(UnknownNameError, match="kind of data"):
        ConvolutionalReader("shops/reader")
    with pytest.raises(InputError, match="expected \\(n, 32, 32, 3\\)"):
        ConvolutionalReader("shapes/mine", side=32, width=4).read(
            np.zeros((1, 64, 64, 3), np.uint8)
        )


def test_a_large_model_is_kept_in_16_bits(tmp_path: Path, monkeypatch) -> None:
    exact = ConvolutionalReader("shapes/mine", side=32, width=4).freeze()
    exact.save(tmp_path / "exact.safetensors")
    wanted = exact.read(IMAGES)
    monkeypatch.setattr("amodal.unimodal.base.LARGE", 100)
    exact.round_if_large()
    before = exact.fingerprint
    exact.save(tmp_path / "short.safetensors")
    again = load_model(str(tmp_path / "short.safetensors"))
    assert again.fingerprint == exact.fingerprint == before
    np.testing.assert_allclose(again.encode(IMAGES).numpy(), wanted, atol=1e-2)
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("short", "exact")]
    assert sizes[0] < 0.6 * sizes[1]
