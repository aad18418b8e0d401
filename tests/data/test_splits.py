"""Splits, pools, triplets and the held-out region."""

import numpy as np
import pytest

from amodal.data.shapes import draw_factors
from amodal.data.shapes.heldout import heldout_region, in_heldout_region
from amodal.data.shapes.triplets import ALIKE, APART, differences, draw_triplets
from amodal.data.splits import draw_pools, draw_splits, rows_of_split
from amodal.errors import InputError, UnknownNameError


@pytest.mark.parametrize(("n", "held_out"), [(10, 0), (1000, 50), (500_000, 10_000)])
def test_sizes_of_the_splits(n, held_out):
    splits = draw_splits(n, seed=1)
    assert np.bincount(splits, minlength=3).tolist() == [n - 2 * held_out, held_out, held_out]
    assert np.array_equal(splits, draw_splits(n, seed=1))


def test_unknown_split():
    with pytest.raises(UnknownNameError, match="unknown split 'tset': did you mean 'test'"):
        rows_of_split(np.zeros(3, np.uint8), "tset")


def test_pools_are_disjoint_things():
    rows = np.arange(5000, 9000)
    pools = draw_pools(rows, ["image", "text", "attributes"], matches=100, unmatched=1300, seed=0)
    parts = [pools.matched, *pools.unmatched.values()]
    assert [len(part) for part in parts] == [100, 1300, 1300, 1300]
    assert len(np.unique(np.concatenate(parts))) == 4000
    assert np.isin(np.concatenate(parts), rows).all()


def test_more_matches_keep_the_first_ones():
    rows = np.arange(1000)
    few = draw_pools(rows, ["a", "b"], matches=10, unmatched=100, seed=3)
    many = draw_pools(rows, ["a", "b"], matches=50, unmatched=100, seed=3)
    assert np.array_equal(few.matched, many.matched[:10])
    assert all(np.array_equal(few.unmatched[name], many.unmatched[name]) for name in "ab")


@pytest.mark.parametrize(
    ("rows", "unmatched", "message"),
    [
        (np.arange(50), 30, "at most 20 unmatched rows"),
        (np.zeros(100, int), 30, "repeat themselves"),
        (np.arange(50), -1, "numbers >= 0"),
    ],
)
def test_refused_pools(rows, unmatched, message):
    with pytest.raises(InputError, match=message):
        draw_pools(rows, ["a", "b"], matches=10, unmatched=unmatched, seed=0)


def test_triplets_have_exactly_one_odd_scene():
    factors = draw_factors(20_000, seed=0)
    rows = np.arange(3000, 13_000)
    triplets = draw_triplets(factors, rows, count=2000, seed=1)
    assert triplets.shape == (2000, 5)
    assert np.isin(triplets[:, :3], rows).all()
    assert np.bincount(triplets[:, 4]).tolist() == [400] * 5
    assert np.bincount(triplets[:, 3]) / 2000 == pytest.approx([1 / 3] * 3, abs=0.05)
    for *members, odd, shared in triplets:
        pair = [row for position, row in enumerate(members) if position != odd]
        gap = [
            differences(factors[[a]], factors[[b]])[0]
            for a, b in (pair, (pair[0], members[odd]), (pair[1], members[odd]))
        ]
        assert gap[0][shared] < ALIKE[shared]
        assert min(gap[1][shared], gap[2][shared]) > APART[shared]
        for other in {0, 1, 2, 3, 4} - {shared}:
            alike = sum(g[other] < ALIKE[other] for g in gap)
            assert alike == 0 or (other == 0 and alike == 3)


def test_triplets_of_few_rows_are_fewer():
    factors = draw_factors(30, seed=0)
    assert len(draw_triplets(factors, np.arange(0), count=0, seed=0)) == 0
    assert draw_triplets(factors, np.arange(30), count=500, seed=0).shape[1] == 5


@pytest.mark.parametrize("seed", range(5))
def test_heldout_region_is_a_twelfth(seed):
    factors = draw_factors(20_000, seed=7)
    inside = in_heldout_region(factors, seed=seed)
    assert inside.mean() == pytest.approx(1 / 12, abs=0.01)
    assert len(np.unique(factors[inside, 0])) == 1
    region = heldout_region(seed=seed)
    column, upper = {
        "left": (1, False),
        "right": (1, True),
        "upper": (2, False),
        "lower": (2, True),
    }[region.half]
    assert ((factors[inside, column] >= 16) == upper).all()
    assert region.shape in region.describe()
