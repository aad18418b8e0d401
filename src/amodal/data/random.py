"""Random numbers that belong to the item, not to the batch: item i depends on (seed, i) only."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from amodal.errors import InputError

BLOCK = 1000
"""Items are drawn in blocks of this many, each block from its own generator, and then cut."""

FIRST_ITEM = 1_000_000
"""Item of a seed at which data sets and other things to fit and test on begin. The items before it
are for pretraining: no seed's data set holds a thing that a shipped model was trained on."""

T = TypeVar("T")


def check_seed(seed: int) -> int:
    """Return `seed` as a plain int, or say what a seed is."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"the seed is {seed!r}, expected a whole number >= 0")
    return int(seed)


def drawn_in_blocks(
    draw: Callable[[np.random.Generator], np.ndarray], n: int, *, seed: int, stream: int, start: int
) -> np.ndarray:
    """Draw items `start` to `start + n` of the endless sequence that `seed` stands for.

    Args:
        draw: makes one block, an array with `BLOCK` rows, from a generator.
        n: how many items.
        seed: the user's seed.
        stream: a number of the caller's own, so that two kinds of draw are independent.
        start: index of the first item.

    Example:
        >>> draw = lambda generator: generator.random((BLOCK, 2))
        >>> whole = drawn_in_blocks(draw, 1500, seed=3, stream=9, start=0)
        >>> part = drawn_in_blocks(draw, 10, seed=3, stream=9, start=995)
        >>> bool((whole[995:1005] == part).all())
        True
    """
    seed = check_seed(seed)
    if n < 0 or start < 0:
        raise InputError(f"cannot draw {n} items from item {start} on: expected numbers >= 0")
    first, last = start // BLOCK, max(-(-(start + n) // BLOCK), start // BLOCK + 1)
    blocks = [draw(np.random.default_rng([seed, stream, block])) for block in range(first, last)]
    offset = start - first * BLOCK
    return np.concatenate(blocks)[offset : offset + n]
