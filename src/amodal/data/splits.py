"""Which rows serve what: train, validation and test; matches, and pools of unmatched rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amodal.data.random import check_seed
from amodal.errors import InputError, unknown_name
from amodal.typing import Int64, UInt8

SPLIT_NAMES = ("train", "validation", "test")
LARGEST_HELD_OUT = 10_000
SMALLEST_PART = 20
"""Validation and test take 10,000 rows each, or one row in twenty of small data."""
_STREAM, _POOL_STREAM = 4, 7


def draw_splits(n: int, *, seed: int) -> UInt8[np.ndarray, " n"]:
    """The split of each of n rows, as an index into `SPLIT_NAMES`.

    Example:
        >>> np.bincount(draw_splits(1000, seed=0)).tolist()
        [900, 50, 50]
    """
    held_out = min(LARGEST_HELD_OUT, n // SMALLEST_PART)
    splits = np.zeros(n, np.uint8)
    order = np.random.default_rng([check_seed(seed), _STREAM]).permutation(n)
    splits[order[:held_out]] = 1
    splits[order[held_out : 2 * held_out]] = 2
    return splits


def rows_of_split(splits: UInt8[np.ndarray, " n"], name: str) -> Int64[np.ndarray, " some"]:
    """The rows of one split, ascending.

    Example:
        >>> rows_of_split(np.array([0, 2, 0], np.uint8), "test").tolist()
        [1]
    """
    if name not in SPLIT_NAMES:
        raise unknown_name("split", name, SPLIT_NAMES)
    return np.flatnonzero(splits == SPLIT_NAMES.index(name))


@dataclass(frozen=True)
class Pools:
    """Rows for a semi-supervised fit; no thing is in two of them."""

    matched: Int64[np.ndarray, " matches"]
    """Things seen through every modality."""
    unmatched: dict[str, Int64[np.ndarray, " _"]]
    """For each modality, things seen through it alone."""


def draw_pools(
    rows: Int64[np.ndarray, " n"],
    modalities: Sequence[str],
    *,
    matches: int,
    unmatched: int,
    seed: int,
) -> Pools:
    """Draw matched things, and for each modality its own unmatched ones, from disjoint rows.

    The first matches of a seed stay the same when `matches` grows, so that curves over the number
    of matches are nested.

    Raises:
        InputError: `rows` are too few, repeat themselves, or a number is negative.

    Example:
        >>> pools = draw_pools(np.arange(100), ["image", "text"], matches=5, unmatched=40, seed=0)
        >>> everything = np.concatenate([pools.matched, *pools.unmatched.values()])
        >>> len(everything), len(set(everything.tolist()))
        (85, 85)
    """
    names = list(modalities)
    if len(set(names)) != len(names) or matches < 0 or unmatched < 0:
        raise InputError(
            f"got modalities {names}, {matches} matches and {unmatched} unmatched rows: expected "
            "different names and numbers >= 0"
        )
    needed = matches + len(names) * unmatched
    if needed > len(rows):
        fits = max(0, (len(rows) - matches) // max(1, len(names)))
        raise InputError(
            f"{matches} matches and {unmatched} unmatched rows for each of {len(names)} "
            f"modalities are {needed} different things, but there are {len(rows)}: generate more, "
            f"or take at most {fits} unmatched rows"
        )
    if len(np.unique(rows)) != len(rows):
        raise InputError("the rows to draw from repeat themselves: give each row once")
    order = np.random.default_rng([check_seed(seed), _POOL_STREAM]).permutation(rows)
    order = order.astype(np.int64)
    # Matches come from the front and pools from the back: more of one does not change the other.
    backwards = order[::-1]
    pools = {
        name: backwards[index * unmatched : (index + 1) * unmatched].copy()
        for index, name in enumerate(names)
    }
    return Pools(matched=order[:matches].copy(), unmatched=pools)
