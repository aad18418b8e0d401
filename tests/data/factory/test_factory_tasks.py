"""Odd-one-out triplets and the held-out region of the factory."""

import numpy as np
import pytest

from amodal.data.factory import (
    SHARED_NAMES,
    draw_factors,
    draw_triplets,
    heldout_region,
    in_heldout_region,
)
from amodal.data.factory.triplets import ALIKE, APART, differences


def test_triplets_have_exactly_one_odd_scene():
    factors = draw_factors(12_000, seed=0)
    rows = np.arange(2000, 12_000)
    triplets = draw_triplets(factors, rows, count=1000, seed=1)
    assert triplets.shape == (1000, 5)
    assert np.isin(triplets[:, :3], rows).all()
    assert np.bincount(triplets[:, 4]).tolist() == [200] * 5
    assert np.bincount(triplets[:, 3]) / 1000 == pytest.approx([1 / 3] * 3, abs=0.06)
    box = SHARED_NAMES.index("box")
    for *members, odd, shared in triplets:
        pair = [row for position, row in enumerate(members) if position != odd]
        gap = [
            differences(factors[[a]], factors[[b]])[0]
            for a, b in (pair, (pair[0], members[odd]), (pair[1], members[odd]))
        ]
        assert gap[0][shared] < ALIKE[shared]
        assert min(gap[1][shared], gap[2][shared]) > APART[shared]
        for other in set(range(5)) - {shared}:
            alike = sum(g[other] < ALIKE[other] for g in gap)
            assert alike == 0 or (other == box and alike == 3)


def test_shared_boxes_are_there_or_absent():
    factors = draw_factors(5000, seed=3)
    triplets = draw_triplets(factors, np.arange(5000), count=1000, seed=0)
    some = triplets[triplets[:, 4] == SHARED_NAMES.index("box")]
    odd = some[np.arange(len(some)), some[:, 3]]
    assert 0.2 < factors[odd, 9].mean() < 0.95


def test_triplets_of_few_rows_are_fewer():
    factors = draw_factors(30, seed=0)
    assert len(draw_triplets(factors, np.arange(0), count=0, seed=0)) == 0
    assert draw_triplets(factors, np.arange(30), count=500, seed=0).shape[1] == 5


@pytest.mark.parametrize("seed", range(5))
def test_heldout_region_is_about_a_twelfth(seed):
    factors = draw_factors(10_000, seed=7)
    inside = in_heldout_region(factors, seed=seed)
    assert inside.mean() == pytest.approx(1 / 12, abs=0.02)
    assert (factors[inside, 9] == 1).all()
    region = heldout_region(seed=seed)
    column, upper = {
        "left": (0, False),
        "right": (0, True),
        "front": (1, False),
        "back": (1, True),
    }[region.half]
    assert ((factors[inside, column] >= 0) == upper).all()
    turn = factors[inside, 8] - region.hue
    assert np.abs(turn - np.round(turn)).max() < 1 / 6
    assert region.half in region.describe()
