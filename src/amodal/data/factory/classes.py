"""From factors to the classes that captions name: the nearest class, and a soft draw of one.

Near the boundary between two names either is said, as people do; the spreads say how near.
"""

import numpy as np

from amodal.data.factory.colours import COLOUR_HUES
from amodal.data.factory.factors import ELBOW, FULL_TURN, REACH, SHOULDER, check_factors
from amodal.data.factory.vocabulary import (
    ARM_NAMES,
    BEND_NAMES,
    COLUMN_NAMES,
    DESCRIPTOR_NAMES,
    HEADING_NAMES,
    ORIENTATION_NAMES,
    ROW_NAMES,
    SIDE_NAMES,
)
from amodal.data.grammar import pick_softly
from amodal.typing import Float, Int64

SPREADS = {
    "place": 0.3,
    "heading": 0.4,
    "arm": 0.3,
    "relation": 0.2,
    "colour": 0.3,
    "spot": 0.3,
    "orientation": 0.3,
    "box": 0.3,
}
"""In classes: 1 is the distance from one to the next (of colours: the mean distance)."""
FACES_WITHIN = np.deg2rad(30)
"""The robot faces the table when its heading is so near to the table's middle."""
FACING_STEP = np.deg2rad(45)
"""The difference in heading that counts like a whole class."""


def squared_class_distances(
    factors: Float[np.ndarray, "n 13"],
) -> dict[str, Float[np.ndarray, "n _"]]:
    """Squared distance of each scene to each class of each descriptor, in classes."""
    columns = dict(enumerate(factors.astype(np.float64).T))
    return {
        "place": _places(columns[0], columns[1]),
        "heading": _around(columns[2] / FULL_TURN, len(HEADING_NAMES)),
        "arm": _pairs(
            _along(columns[3], SHOULDER, len(ARM_NAMES)), _along(columns[4], ELBOW, len(BEND_NAMES))
        ),
        "relation": _relations(factors),
        "colour": _hues(columns[8]),
        "spot": _places(columns[5], columns[6]),
        "orientation": _around(columns[7] / FULL_TURN, len(ORIENTATION_NAMES)),
        "box": _boxes(columns[9], columns[10]),
    }


def bearing(factors: Float[np.ndarray, "n 13"]) -> Float[np.ndarray, " n"]:
    """The angle between the robot's heading and the table's middle, 0 to pi.

    Example:
        >>> scene = np.array([[0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1.0]])
        >>> bearing(scene).round(3).tolist()
        [1.571]
    """
    across, ahead = (factors[:, 5:7] - factors[:, 0:2]).astype(np.float64).T
    turn = np.arctan2(ahead, across) - factors[:, 2]
    return np.abs(np.mod(turn + np.pi, FULL_TURN) - np.pi)


def nearest_classes(factors: Float[np.ndarray, "n 13"]) -> Int64[np.ndarray, "n 8"]:
    """Index of the nearest class of each descriptor, in the order of `DESCRIPTOR_NAMES`."""
    distances = squared_class_distances(check_factors(factors))
    return np.stack([distances[name].argmin(axis=1) for name in DESCRIPTOR_NAMES], axis=1)


def soft_classes(
    factors: Float[np.ndarray, "n 13"], uniforms: Float[np.ndarray, "n 8"]
) -> Int64[np.ndarray, "n 8"]:
    """One class of each descriptor, drawn softly; a box is never missed, nor made up."""
    distances = squared_class_distances(factors)
    picked = [
        pick_softly(distances[name], uniforms[:, index], spread=SPREADS[name])
        for index, name in enumerate(DESCRIPTOR_NAMES)
    ]
    return np.stack(picked, axis=1)


def _along(
    values: Float[np.ndarray, " n"], bounds: tuple[float, float], count: int
) -> Float[np.ndarray, "n count"]:
    """Squared distances to the middles of `count` equal parts of a range."""
    low, high = bounds
    parts = (values - low) / (high - low) * count
    return (parts[:, None] - np.arange(count) - 0.5) ** 2


def _around(turns: Float[np.ndarray, " n"], count: int) -> Float[np.ndarray, "n count"]:
    """Squared distances to `count` directions, from whole turns."""
    away = turns[:, None] - np.arange(count) / count
    return ((away - np.round(away)) * count) ** 2


def _pairs(
    first: Float[np.ndarray, "n one"], second: Float[np.ndarray, "n other"]
) -> Float[np.ndarray, "n both"]:
    """Squared distances to every class of the first with every class of the second."""
    return (first[:, :, None] + second[:, None, :]).reshape(len(first), -1)


def _places(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 25"]:
    # Rows are counted from the back, and y grows towards it.
    rows = _along(-y, (-REACH, REACH), len(ROW_NAMES))
    return _pairs(rows, _along(x, (-REACH, REACH), len(COLUMN_NAMES)))


def _relations(factors: Float[np.ndarray, "n 13"]) -> Float[np.ndarray, "n 8"]:
    across, ahead = (factors[:, 0:2] - factors[:, 5:7]).astype(np.float64).T
    sides = _around(np.arctan2(ahead, across) / FULL_TURN, len(SIDE_NAMES))
    beyond = (bearing(factors) - FACES_WITHIN) / FACING_STEP
    facing = np.stack([np.maximum(beyond, 0), np.maximum(-beyond, 0)], axis=1) ** 2
    return _pairs(sides, facing)


def _hues(hue: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n colour"]:
    away = hue[:, None] - COLOUR_HUES
    return ((away - np.round(away)) * len(COLOUR_HUES)) ** 2


def _boxes(there: Float[np.ndarray, " n"], hue: Float[np.ndarray, " n"]) -> np.ndarray:
    absent = there[:, None] == 0
    none = np.where(absent, 0.0, np.inf)
    return np.concatenate([none, np.where(absent, np.inf, _hues(hue))], axis=1)
