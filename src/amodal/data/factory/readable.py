"""How far attributes are off, in figures that people can read."""

from typing import Any

import numpy as np

from amodal.data.factory.attributes import check_attributes
from amodal.data.factory.factors import ELBOW, REACH, SHOULDER
from amodal.data.factory.world import HALL
from amodal.errors import InputError

PLACE_PERCENT = 100 * REACH / HALL
"""One unit of x or y, in percent of the hall's width."""
SHOULDER_DEGREES, ELBOW_DEGREES = (
    float(np.rad2deg(high - low) / 2) for low, high in (SHOULDER, ELBOW)
)
"""One unit of each."""


def readable_errors(predicted: Any, true: Any) -> dict[str, float]:
    """Errors of predicted attributes of the factory (columns `ATTRIBUTE_NAMES`).

    Args:
        predicted: (n, 16) numbers, an array or a tensor; need not be exact one-hots or on circles.
        true: (n, 16), likewise.

    Returns:
        robot_place_percent, table_place_percent: mean distance, in percent of the hall's width;
        heading_degrees, table_orientation_degrees, table_hue_degrees: median absolute angle;
        shoulder_degrees, elbow_degrees: mean absolute angle;
        box_accuracy: fraction whose box is rightly there or absent;
        box_hue_degrees: median absolute angle where there truly is a box, 0 where there is none.

    Raises:
        InputError: the shapes differ, or are not (n, 16) with n of at least 1.

    Example:
        >>> from amodal.data.factory import attributes
        >>> scene = np.array([[0, 0, 0, 0.5, 1, 1, 1, 0, 0.5, 1, 0, 1, 1]])
        >>> moved = attributes(scene + [[0.3, 0.4] + [0] * 11])
        >>> round(readable_errors(moved, attributes(scene))["robot_place_percent"], 2)
        10.0
    """
    p, t = (check_attributes(array).astype(np.float64) for array in (predicted, true))
    if p.shape != t.shape or not len(p):
        raise InputError(
            f"attributes have shapes {p.shape} (predicted) and {t.shape} (true), expected (n, 16) "
            "for both, with n of at least 1"
        )
    off, there = np.abs(p - t), t[:, 13] > t[:, 12]
    box_hue = _degrees(p, t, 14)[there]
    return {
        "robot_place_percent": float(np.hypot(off[:, 0], off[:, 1]).mean() * PLACE_PERCENT),
        "heading_degrees": float(np.median(_degrees(p, t, 2))),
        "shoulder_degrees": float(off[:, 4].mean() * SHOULDER_DEGREES),
        "elbow_degrees": float(off[:, 5].mean() * ELBOW_DEGREES),
        "table_place_percent": float(np.hypot(off[:, 6], off[:, 7]).mean() * PLACE_PERCENT),
        "table_orientation_degrees": float(np.median(_degrees(p, t, 8))),
        "table_hue_degrees": float(np.median(_degrees(p, t, 10))),
        "box_accuracy": float(((p[:, 13] > p[:, 12]) == there).mean()),
        "box_hue_degrees": float(np.median(box_hue)) if len(box_hue) else 0.0,
    }


def _degrees(predicted: np.ndarray, true: np.ndarray, column: int) -> np.ndarray:
    """The absolute angle between (cos, sin) at `column` and the next, in degrees."""
    angles = [np.arctan2(array[:, column + 1], array[:, column]) for array in (predicted, true)]
    return np.degrees(np.abs(np.mod(angles[0] - angles[1] + np.pi, 2 * np.pi) - np.pi))
