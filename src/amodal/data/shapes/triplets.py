"""The odd-one-out task among Simple Shapes: what two of three scenes may share."""

import numpy as np

from amodal.data.shapes.factors import FULL_TURN, check_factors
from amodal.data.triplets import OddOneOut
from amodal.typing import Float, Int64

SHARED_NAMES = ("shape", "size", "place", "rotation", "colour")
ALIKE = (0.5, 0.35, 1.5, float(np.deg2rad(12)), 0.12)
"""Below this difference two scenes share the attribute: a class, pixels, pixels, radians, RGB."""
APART = (0.5, 2.0, 6.0, float(np.deg2rad(60)), 0.5)
"""Above this difference they clearly do not."""
_COLUMNS = ([0], [3], [1, 2], [4], [5, 6, 7])
_STREAM = 5


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
    return _TASK.draw(check_factors(factors[rows]), rows, count=count, seed=seed)


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


_TASK = OddOneOut(
    names=SHARED_NAMES,
    alike=ALIKE,
    apart=APART,
    differences=differences,
    features=lambda factors, which: factors[:, _COLUMNS[which]],
    few_valued=(0,),
    stream=_STREAM,
)
