"""Bad latents are refused by modality, row and remedy; good ones become float32."""

import numpy as np
import pytest
import torch

from amodal.errors import InputError
from amodal.latents import Latents, as_checked, as_latents
from amodal.specification import Block, LatentSpec


def array(dtype=np.float32):
    return np.arange(12).reshape(4, 3).astype(dtype)


@pytest.mark.parametrize(
    "value",
    [
        array(np.float64),
        array(np.float16),
        array(np.int8),
        array(np.uint64),
        array().tolist(),
        torch.from_numpy(array()).to(torch.bfloat16),
        torch.arange(12).view(4, 3),
        np.asfortranarray(array()),
        array()[::-1][::-1],
    ],
)
def test_numbers_of_any_kind_become_float32(value) -> None:
    result = as_latents("image", value)
    assert result.dtype == torch.float32
    assert result.tolist() == array().tolist()


@pytest.mark.parametrize("value", [np.array([[True, False]]), torch.tensor([[True, False]])])
def test_truth_values_become_one_and_zero(value) -> None:
    assert as_latents("image", value).tolist() == [[1.0, 0.0]]


def test_later_changes_of_the_array_do_not_matter() -> None:
    given = array()
    result = as_latents("image", given)
    given[:] = 99
    assert result.max() == 11


def test_read_only_arrays_and_memory_maps_are_taken(tmp_path) -> None:
    np.save(tmp_path / "rows.npy", array())
    given = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert as_latents("image", given).shape == (4, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["numpy", "torch", "list"])
def test_rows_that_are_not_finite_are_named(value: float, kind: str) -> None:
    rows = array(np.float64)
    rows[2, 1] = value
    rows[3, 0] = value
    given = {"numpy": rows, "torch": torch.from_numpy(rows), "list": rows.tolist()}[kind]
    expected = r"modality 'image': row 2 holds NaN or infinite numbers \(2 such rows.*remove"
    with pytest.raises(InputError, match=expected):
        as_latents("image", given)


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_numbers_too_large_for_float32_count_as_infinite(kind: str) -> None:
    rows = array(np.float64)
    rows[1, 1] = 1e300
    given = rows if kind == "numpy" else torch.from_numpy(rows)
    with pytest.raises(InputError, match=r"row 1 holds numbers too large for float32 .*1 such row"):
        as_latents("image", given)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros(3), r"'image'.*two-dimensional.*shape \(3,\).*x\[None, :\]"),
        (np.zeros((2, 3, 4)), r"'image'.*two-dimensional.*shape \(2, 3, 4\).*reshape"),
        (np.float32(3), r"'image'.*two-dimensional.*shape \(\)"),
        (np.array([["a", "b"]]), r"'image'.*real numbers.*<U1.*encode raw things"),
        (["a small red triangle"], r"'image'.*real numbers.*<U20.*encode raw things"),
        (np.zeros((2, 2), dtype=complex), r"'image'.*real numbers.*complex128"),
        (torch.zeros(2, 2, dtype=torch.complex64), r"'image'.*real numbers.*complex64"),
        (np.array([[1, None]], dtype=object), r"'image'.*real numbers.*object"),
        (np.array([["2020-01-01"]], dtype="M8[D]"), r"'image'.*real numbers.*datetime64"),
        ([[1.0, 2.0], [3.0]], r"'image'.*rows of unequal length"),
        (None, r"'image'.*real numbers.*object"),
        (np.zeros((0, 3)), r"'image'.*empty.*\(0, 3\)"),
        (np.zeros((3, 0)), r"'image'.*empty.*\(3, 0\)"),
    ],
)
def test_what_is_no_array_of_rows_is_refused(value, words: str) -> None:
    with pytest.raises(InputError, match=words):
        as_latents("image", value)


def test_another_number_of_columns_than_fitted_is_refused() -> None:
    with pytest.raises(InputError, match=r"'image': expected 4 columns as in fitting, got 3"):
        as_latents("image", array(), dim=4)


SPEC = LatentSpec((Block("kind", "categorical", 2), Block("turn", "circular", 2)))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([0.5, 0.6, 1, 0], r"'words', block 'kind', row 1: expected probabilities.*0\.5, 0\.6"),
        ([1.5, -0.5, 1, 0], r"'words', block 'kind', row 1: expected probabilities"),
        ([1, 0, 1, 1], r"'words', block 'turn', row 1: expected \(cosine, sine\).*length 1"),
        ([1, 0, 0, 0], r"'words', block 'turn', row 1"),
    ],
)
def test_blocks_are_what_they_say(row: list, words: str) -> None:
    with pytest.raises(InputError, match=words):
        as_checked("words", [[0, 1, 0, 1], row], spec=SPEC)


def test_a_specification_of_another_width_is_refused() -> None:
    with pytest.raises(InputError, match="'words': the specification has 4 columns, the array 3"):
        as_checked("words", Latents(array(), SPEC))


def test_latents_keep_what_they_know() -> None:
    given = Latents(np.array([[0, 1, 0, 1], [1, 0, 0.6, 0.8]]), SPEC, "abc", "shapes/text")
    checked = as_checked("words", given)
    assert (checked.fingerprint, checked.model, checked.spec) == ("abc", "shapes/text", SPEC)
    assert len(given.take([1])) == 1
    assert given.take([1]).fingerprint == "abc"


def test_masked_rows_and_sparse_tensors_are_refused() -> None:
    masked = np.ma.masked_array(array(np.float64), mask=False)
    assert as_latents("image", masked).shape == masked.shape
    masked[1, 0] = np.ma.masked
    with pytest.raises(InputError, match="row 1 of the masked array is masked"):
        as_latents("image", masked)
    with pytest.raises(InputError, match=r"expected real numbers, .*sparse"):
        as_latents("image", torch.eye(3).to_sparse())
