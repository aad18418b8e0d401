"""The attributes as a modality."""

import numpy as np
import pytest
import torch

from amodal.data.shapes.attributes import ATTRIBUTE_BLOCKS
from amodal.errors import InputError
from amodal.unimodal import load_model
from amodal.unimodal.attributes import Attributes


def valid_rows(count: int, *, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    angle = random.uniform(0, 2 * np.pi, count)
    rows = random.uniform(-1, 1, (count, 11))
    rows[:, :3] = np.eye(3)[random.integers(0, 3, count)]
    rows[:, 6], rows[:, 7] = np.cos(angle), np.sin(angle)
    return rows.astype(np.float32)


def test_encoding_and_decoding_valid_rows_changes_nothing():
    rows = valid_rows(1000)
    model = Attributes()
    assert np.allclose(model.decode(model.encode(rows)), rows, atol=2e-6)
    assert model.encode(rows).dtype == torch.float32


def test_decoding_gives_valid_rows_that_encode_again():
    latents = torch.randn(1000, 11, generator=torch.Generator().manual_seed(1)) * 2
    rows = Attributes().decode(latents)
    Attributes().encode(rows)
    assert (rows[:, :3].argmax(1) == latents[:, :3].argmax(1).numpy()).all()
    direction = np.arctan2(rows[:, 7], rows[:, 6]) - np.arctan2(*latents[:, [7, 6]].numpy().T)
    assert np.abs(np.sin(direction)).max() < 1e-5


def test_a_rotation_without_length_points_up():
    rows = Attributes().decode(torch.zeros(1, 11))
    assert rows[0, 6:8].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (4, np.nan, "row 2: every number must be finite"),
        (0, 0.5, r"row 2: columns 0 to 2 \(shape\) must be one-hot"),
        (6, 3.0, r"row 2: columns 6 to 7 \(orientation\) must lie on the unit circle"),
        (9, -1.5, r"row 2: columns 8 to 10 \(colour\) must lie in \[-1, 1\]"),
    ],
)
def test_invalid_rows_are_refused_by_number(column: int, value: float, message: str):
    rows = valid_rows(4)
    rows[2, column] = value
    with pytest.raises(InputError, match=message):
        Attributes().encode(rows)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (np.zeros((2, 8)), r"expected rows of 11 numbers.*shape \(2, 8\)"),
        (np.zeros(11), r"expected rows of 11 numbers"),
        (np.full((1, 11), "a"), "expected real numbers, got <U1"),
    ],
)
def test_what_is_no_table_of_attributes_is_refused(raw: np.ndarray, message: str):
    with pytest.raises(InputError, match=message):
        Attributes().encode(raw)


def test_no_rows_give_no_rows():
    model = Attributes()
    assert model.encode(np.zeros((0, 11))).shape == (0, 11)
    assert model.decode(torch.zeros(0, 11)).shape == (0, 11)


def test_the_fingerprint_is_that_of_the_specification():
    assert Attributes().fingerprint == load_model("shapes/attributes").fingerprint
    other = Attributes()
    other.specification = type(ATTRIBUTE_BLOCKS)(ATTRIBUTE_BLOCKS.blocks[:-1])
    assert other.fingerprint != Attributes().fingerprint


def test_there_is_nothing_to_learn():
    assert not list(Attributes().parameters())
    assert not Attributes().train().training
