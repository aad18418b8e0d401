"""Factors and attributes: ranges, determinism, round trip, refusals."""

import colorsys

import numpy as np
import pytest

from amodal.data.shapes import attributes, draw_factors, factors_from_attributes
from amodal.data.shapes.attributes import check_attributes
from amodal.data.shapes.factors import check_factors, rgb_of_hls
from amodal.errors import InputError


def test_ranges_and_uniformity():
    factors = draw_factors(60_000, seed=0)
    assert np.bincount(factors[:, 0].astype(int)) / 60_000 == pytest.approx([1 / 3] * 3, abs=0.01)
    for column, low, high in ((1, 7, 25), (2, 7, 25), (3, 7, 14), (4, 0, 2 * np.pi)):
        values = factors[:, column]
        assert low <= values.min() <= values.max() <= high
        counts = np.histogram(values, bins=10, range=(low, high))[0]
        assert counts / 6000 == pytest.approx(np.ones(10), abs=0.06)
    assert factors[:, 4].max() < np.float32(2 * np.pi)
    lightness = (factors[:, 5:].max(1) + factors[:, 5:].min(1)) / 2
    assert lightness.min() >= 46 / 255 - 1e-6
    assert np.abs(np.corrcoef(factors[:, :5].T) - np.eye(5)).max() < 0.02


def test_an_item_depends_on_seed_and_index_only():
    whole = draw_factors(3500, seed=5)
    pieces = [draw_factors(700, seed=5, start=start) for start in range(0, 3500, 700)]
    assert np.array_equal(whole, np.concatenate(pieces))
    assert not np.array_equal(whole[:1000], draw_factors(1000, seed=6))
    assert draw_factors(0, seed=0, start=1000).shape == (0, 8)


def test_colours_are_those_of_colorsys():
    generator = np.random.default_rng(0)
    hls = generator.random((200, 3))
    expected = [colorsys.hls_to_rgb(*row) for row in hls]
    assert np.allclose(rgb_of_hls(*hls.T), expected)


def test_attributes_and_back():
    factors = draw_factors(2000, seed=1)
    said = attributes(factors)
    assert said.dtype == np.float32
    assert np.abs(said).max() <= 1
    assert np.allclose(factors_from_attributes(said), factors, atol=1e-4)
    assert np.allclose(said[:, 6:8], np.stack([np.cos(factors[:, 4]), np.sin(factors[:, 4])], 1))


def test_attributes_of_a_network_become_valid_factors():
    rough = np.array([[0.2, 0.9, 0.1, 3, -3, 0, 0.02, 0.02, 2, -2, 0]], np.float32)
    expected = [1, 25, 7, 10.5, np.pi / 4, 1, 0, 0.5]
    assert factors_from_attributes(rough)[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_factors(3, seed=-1), "the seed is -1, expected a whole number >= 0"),
        (lambda: draw_factors(-3, seed=1), "cannot draw -3 items"),
        (lambda: check_factors(np.zeros((2, 7))), r"factors have shape \(2, 7\).*shape, x, y"),
        (lambda: check_factors(np.full((1, 8), np.nan)), "row 0 of the factors"),
        (lambda: check_factors(np.array([[3.0, 9, 9, 9, 0, 0, 0, 0]])), "a shape of 0, 1 or 2"),
        (lambda: check_attributes(np.zeros((2, 8))), r"shape \(2, 8\), expected \(n, 11\)"),
        (lambda: check_attributes(np.full((1, 11), np.inf)), "row 0 of the attributes"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(InputError, match=message):
        call()
