"""The odd-one-out task in the factory: what two of three scenes may share."""

import numpy as np

from amodal.data.factory.factors import FULL_TURN, check_factors
from amodal.data.triplets import OddOneOut
from amodal.typing import Float, Int64

SHARED_NAMES = ("robot place", "heading", "table place", "table colour", "box")
ALIKE = (0.35, float(np.deg2rad(12)), 0.35, 0.04, 0.04)
"""Below this difference two scenes share the attribute: metres, radians, metres, turns of hue; of
the box turns of hue, 0 between absent ones and 1 between one that is there and one that is not."""
APART = (1.3, float(np.deg2rad(60)), 1.3, 1 / 6, 1 / 6)
"""Above this difference they clearly do not."""
_COLUMNS = ([0, 1], [2], [5, 6], [8])
_BOX = SHARED_NAMES.index("box")
_STREAM = 15


def draw_triplets(
    factors: Float[np.ndarray, "n 13"], rows: Int64[np.ndarray, " some"], *, count: int, seed: int
) -> Int64[np.ndarray, "triplet 5"]:
    """Draw triplets of scenes among `rows` in which exactly one attribute singles one scene out.

    Two scenes are alike in the attribute, the third is clearly apart from both; in every other
    attribute no two of the three are alike (of the box: or all three are).

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
    first: Float[np.ndarray, "n 13"], second: Float[np.ndarray, "n 13"]
) -> Float[np.ndarray, "n 5"]:
    """How far apart two scenes are in each of `SHARED_NAMES` (units: see `ALIKE`).

    Example:
        >>> one = np.array([[0, 0, 0.1, 0, 0, 1, 1, 0, 0.9, 1, 0.25, 0, 1]])
        >>> other = np.array([[0.3, 0.4, 6.2, 0, 0, 1, 1, 0, 0.1, 0, 0, 0, 1]])
        >>> differences(one, other).round(2).tolist()
        [[0.5, 0.18, 0.0, 0.2, 1.0]]
    """
    gap = np.asarray(second, np.float64) - first
    heading = np.abs(np.mod(gap[:, 2] + np.pi, FULL_TURN) - np.pi)
    hues = np.abs(gap[:, [8, 10]] - np.round(gap[:, [8, 10]]))
    one, other = first[:, 9] == 1, second[:, 9] == 1
    box = np.where(one & other, hues[:, 1], one != other)
    places = [np.hypot(gap[:, x], gap[:, y]) for x, y in ((0, 1), (5, 6))]
    return np.stack([places[0], heading, places[1], hues[:, 0], box], axis=1)


def _features(factors: Float[np.ndarray, "n 13"], which: int) -> Float[np.ndarray, "n _"]:
    if which != _BOX:
        return factors[:, _COLUMNS[which]]
    # Absent boxes lie together, away from all hues.
    return np.where(factors[:, 9:10] == 1, factors[:, 10:11], -1)


_TASK = OddOneOut(
    names=SHARED_NAMES,
    alike=ALIKE,
    apart=APART,
    differences=differences,
    features=_features,
    few_valued=(_BOX,),
    stream=_STREAM,
)
