"""From factors to the classes that captions name: the nearest class, and a soft draw of one.

Two people name one scene alike, but not the same: near the boundary between two names either is
said. The spreads below say how near; each is about four tenths of the distance between classes.
"""

import numpy as np

from amodal.data.grammar import pick_softly
from amodal.data.shapes.colours import squared_colour_distances
from amodal.data.shapes.factors import FULL_TURN, PLACES, SIZES, check_factors
from amodal.data.shapes.vocabulary import (
    COLUMN_NAMES,
    DESCRIPTOR_NAMES,
    ORIENTATION_NAMES,
    ROW_NAMES,
    SIZE_NAMES,
)
from amodal.typing import Float, Int64

SPREADS = {"size": 0.55, "colour": 4.0, "place": 1.4, "orientation": FULL_TURN / 16 * 0.4}
"""Of size and place in pixels, of colour in L*a*b* units, of orientation in radians."""


def middles(low: float, high: float, count: int) -> Float[np.ndarray, " count"]:
    """Middles of `count` equal parts of a range.

    Example:
        >>> middles(0.0, 4.0, 2).tolist()
        [1.0, 3.0]
    """
    return low + (np.arange(count) + 0.5) * (high - low) / count


def squared_class_distances(
    factors: Float[np.ndarray, "n 8"],
) -> dict[str, Float[np.ndarray, "n _"]]:
    """Squared distance of each scene to each class of size, colour, place and orientation."""
    x, y, size, rotation = factors[:, 1:5].astype(np.float64).T[:, :, None]
    columns = (x - middles(*PLACES, len(COLUMN_NAMES))) ** 2
    rows = (y - middles(*PLACES, len(ROW_NAMES))) ** 2
    turns = rotation - np.arange(len(ORIENTATION_NAMES)) * FULL_TURN / len(ORIENTATION_NAMES)
    turns = np.mod(turns + FULL_TURN / 2, FULL_TURN) - FULL_TURN / 2
    return {
        "size": (size - middles(*SIZES, len(SIZE_NAMES))) ** 2,
        "colour": squared_colour_distances(factors[:, 5:8]),
        "place": (rows[:, :, None] + columns[:, None, :]).reshape(len(factors), -1),
        "orientation": turns**2,
    }


def nearest_classes(factors: Float[np.ndarray, "n 8"]) -> Int64[np.ndarray, "n 5"]:
    """Index of the nearest class of each descriptor, in the order of `DESCRIPTOR_NAMES`."""
    factors = check_factors(factors)
    nearest = squared_class_distances(factors)
    columns = [nearest[name].argmin(axis=1) for name in DESCRIPTOR_NAMES[1:]]
    return np.stack([factors[:, 0].astype(np.int64), *columns], axis=1)


def soft_classes(
    factors: Float[np.ndarray, "n 8"], uniforms: Float[np.ndarray, "n 4"]
) -> Int64[np.ndarray, "n 5"]:
    """One class of each descriptor, drawn softly; the shape is always named for what it is."""
    distances = squared_class_distances(factors)
    columns = [
        pick_softly(distances[name], uniforms[:, index], spread=SPREADS[name])
        for index, name in enumerate(DESCRIPTOR_NAMES[1:])
    ]
    return np.stack([factors[:, 0].astype(np.int64), *columns], axis=1)
