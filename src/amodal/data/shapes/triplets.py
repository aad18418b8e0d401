"""The odd-one-out task of the seed paper: two of three scenes share one attribute, which is odd?"""

import numpy as np

from amodal.data.random import check_seed
from amodal.data.shapes.factors import FULL_TURN, check_factors
from amodal.typing import Bool, Float, Int64

SHARED_NAMES = ("shape", "size", "place", "rotation", "colour")
ALIKE = (0.5, 0.35, 1.5, np.deg2rad(12), 0.12)
"""Below this difference two scenes share the attribute: a class, pixels, pixels, radians, RGB."""
APART = (0.5, 2.0, 6.0, np.deg2rad(60), 0.5)
"""Above this difference they clearly do not."""
_STREAM = 5
_ROUNDS = 40


def draw_triplets(
    factors: Float[np.ndarray, "n 8"], rows: Int64[np.ndarray, " some"], *, count: int, seed: int
) -> Int64[np.ndarray, "triplet 5"]:
    """Draw triplets of scenes among `rows` in which exactly one attribute singles one scene out.

    Two scenes are alike in the attribute, the third is clearly apart from both; in every other
    attribute no two of the three are alike (of the shape: all three equal, or all different).

    Args:
        factors: of all scenes.
        rows: the scenes to choose from.
        count: how many triplets; fewer come back when `rows` hold too few alike pairs.
        seed: decides the choice and the order.

    Returns:
        Three rows in shuffled order, the position (0 to 2) of the odd one, the number of the
        attribute in `SHARED_NAMES`.
    """
    generator = np.random.default_rng([check_seed(seed), _STREAM])
    factors = check_factors(factors[rows])
    share = -(-count // len(SHARED_NAMES))
    parts = [_draw_shared(factors, which, share, generator) for which in range(len(SHARED_NAMES))]
    triplets = generator.permutation(np.concatenate(parts))[:count]
    order = generator.permuted(np.tile(np.arange(3), (len(triplets), 1)), axis=1)
    shuffled = np.take_along_axis(rows[triplets[:, :3]], order, axis=1)
    # The odd one stood last before shuffling.
    odd = (order == 2).argmax(axis=1)
    return np.concatenate([shuffled, odd[:, None], triplets[:, 3:]], axis=1).astype(np.int64)


def differences(
    first: Float[np.ndarray, "n 8"], second: Float[np.ndarray, "n 8"]
) -> Float[np.ndarray, "n 5"]:
    """How far apart two scenes are in each of `SHARED_NAMES` (units: see `ALIKE`).

    Example:
        >>> scene = np.array([[0, 10, 10, 8, 0.1, 0, 0, 0.0]])
        >>> differences(scene, scene + [[1, 3, 4, 2, 6.0, 0, 0, 0.5]]).round(2).tolist()
        [[1.0, 2.0, 5.0, 0.28, 0.5]]
    """
    gap = np.asarray(second, np.float64) - first
    turn = np.abs(np.mod(gap[:, 4] + np.pi, FULL_TURN) - np.pi)
    place = np.hypot(gap[:, 1], gap[:, 2])
    colour = np.linalg.norm(gap[:, 5:8], axis=1)
    return np.stack([np.abs(gap[:, 0]), np.abs(gap[:, 3]), place, turn, colour], axis=1)


def _draw_shared(
    factors: Float[np.ndarray, "n 8"], which: int, count: int, generator: np.random.Generator
) -> Int64[np.ndarray, "triplet 4"]:
    """Triplets (pair, odd one, attribute) for one attribute, by proposing and refusing."""
    found, total = [np.empty((0, 3), np.int64)], 0
    for _ in range(_ROUNDS):
        pairs = _propose_pairs(factors, which, generator)[: 40 * count]
        if total >= count or not len(pairs):
            break
        trial = np.column_stack([pairs, generator.integers(len(factors), size=len(pairs))])
        good = trial[_is_fair(factors, trial, which)]
        found.append(good)
        total += len(good)
    triplets = np.unique(np.concatenate(found), axis=0)
    triplets = generator.permutation(triplets)[:count]
    return np.column_stack([triplets, np.full(len(triplets), which)])


def _propose_pairs(
    factors: Float[np.ndarray, "n 8"], which: int, generator: np.random.Generator
) -> Int64[np.ndarray, "pair 2"]:
    """Neighbours in an order that brings scenes of one cell together, cells shifted at random."""
    columns = ([0], [3], [1, 2], [4], [5, 6, 7])[which]
    width = ALIKE[which] if which == 0 else ALIKE[which] / len(columns) ** 0.5
    shift = generator.random(len(columns)) * (which > 0)
    cells = np.floor(factors[:, columns] / width + shift).astype(np.int64)
    order = np.lexsort([generator.random(len(factors)), *cells.T])
    pairs = np.stack([order[:-1], order[1:]], axis=1)
    same = (cells[pairs[:, 0]] == cells[pairs[:, 1]]).all(axis=1)
    return generator.permutation(pairs[same])


def _is_fair(
    factors: Float[np.ndarray, "n 8"], trial: Int64[np.ndarray, "t 3"], which: int
) -> Bool[np.ndarray, " t"]:
    a, b, c = (factors[trial[:, column]] for column in range(3))
    gaps = np.stack([differences(a, b), differences(a, c), differences(b, c)])
    alike, apart = np.less(gaps, ALIKE), np.greater(gaps, APART)
    others = np.asarray(~alike.any(axis=0))
    # Of three shapes two are often equal by chance: fair is one pair less, or all three.
    others[:, 0] |= alike[:, :, 0].all(axis=0)
    others[:, which] = alike[0, :, which] & apart[1:, :, which].all(axis=0)
    return np.asarray(others.all(axis=1))
