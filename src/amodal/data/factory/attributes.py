"""The factors as numbers in [-1, 1] that a network can read and say; all but the light."""

from typing import Any

import numpy as np

from amodal.data.factory.factors import ELBOW, FACTOR_NAMES, REACH, SHOULDER, in_their_turns
from amodal.data.factory.factors import check_factors as checked
from amodal.errors import InputError
from amodal.specification import Block, LatentSpec
from amodal.typing import Float, Float32

ATTRIBUTE_NAMES = (
    *("robot x", "robot y", "cos heading", "sin heading", "shoulder", "elbow"),
    *("table x", "table y", "cos orientation", "sin orientation"),
    *("cos table hue", "sin table hue", "no box", "box", "cos box hue", "sin box hue"),
)
ATTRIBUTE_BLOCKS = LatentSpec(
    (
        Block("robot place", "continuous", 2),
        Block("heading", "circular", 2),
        Block("arm", "continuous", 2),
        Block("table place", "continuous", 2),
        Block("orientation", "circular", 2),
        Block("table hue", "circular", 2),
        Block("box", "categorical", 2),
        # Not circular: without a box it is (0, 0), which lies on no circle.
        Block("box hue", "continuous", 2),
    )
)
"""What the columns are, in their order."""
LIGHT = (1.5 * np.pi, 0.75)
"""The light of scenes made of attributes: from the camera's side, of middling strength."""
_RANGES = np.array([(-REACH, REACH)] * 2 + [SHOULDER, ELBOW] + [(-REACH, REACH)] * 2)
_MIDDLE, _HALF = _RANGES.mean(axis=1), np.diff(_RANGES, axis=1)[:, 0] / 2
_LINEAR = (0, 1, 4, 5, 6, 7)
"""Columns of the attributes that are scaled, ..."""
_SCALED = (0, 1, 3, 4, 5, 6)
"""... and those of the factors that they come from."""
_TURNS = {2: (2, 1.0), 8: (7, 1.0), 10: (8, 2 * np.pi), 14: (10, 2 * np.pi)}
"""By the column of a cosine (its sine follows): the factor, and what makes radians of it."""


def attributes(factors: Float[np.ndarray, "n 13"]) -> Float32[np.ndarray, "n 16"]:
    """The attributes of `factors`, columns `ATTRIBUTE_NAMES`; a box that is absent has no hue.

    Example:
        >>> scene = np.array([[2.2, 0, 0, 0.5, 0, -2.2, 0, 0, 0.5, 0, 0, 1, 1]])
        >>> attributes(scene)[0, [0, 2, 6, 10, 12, 13, 14]].tolist()
        [1.0, 1.0, -1.0, -1.0, 1.0, 0.0, 0.0]
    """
    factors = checked(factors).astype(np.float64)
    result = np.zeros((len(factors), len(ATTRIBUTE_NAMES)), np.float32)
    result[:, _LINEAR] = (factors[:, _SCALED] - _MIDDLE) / _HALF
    for column, (factor, unit) in _TURNS.items():
        angle = factors[:, factor] * unit
        result[:, column], result[:, column + 1] = np.cos(angle), np.sin(angle)
    there = factors[:, 9]
    result[:, 12], result[:, 13] = 1 - there, there
    result[:, 14:] *= there[:, None]
    return result


def factors_from_attributes(attributes: Float[np.ndarray, "n 16"]) -> Float32[np.ndarray, "n 13"]:
    """The factors nearest to `attributes`, which need not be exact (a network may have made them).

    There is a box when its column is the larger one; angles and hues are those of (cos, sin),
    whatever their length; what exceeds [-1, 1] is cut back to it; the light is `LIGHT`. The scene
    can be drawn, but things in it may touch.

    Example:
        >>> from amodal.data.factory import draw_factors
        >>> factors = draw_factors(100, seed=0)
        >>> again = factors_from_attributes(attributes(factors))
        >>> bool(np.allclose(again[:, :11], factors[:, :11], atol=1e-5))
        True
    """
    array = check_attributes(attributes).astype(np.float64)
    factors = np.empty((len(array), len(FACTOR_NAMES)))
    factors[:, _SCALED] = np.clip(array[:, _LINEAR], -1, 1) * _HALF + _MIDDLE
    for column, (factor, unit) in _TURNS.items():
        factors[:, factor] = np.arctan2(array[:, column + 1], array[:, column]) / unit
    factors[:, 9] = array[:, 13] > array[:, 12]
    factors[:, 10] *= factors[:, 9]
    factors[:, 11:] = LIGHT
    return in_their_turns(factors)


def check_attributes(attributes: Any) -> Float32[np.ndarray, "n 16"]:
    """Return `attributes` as float32, or say what is wrong with them.

    Raises:
        InputError: not (n, 16), or not finite.
    """
    array = np.asarray(attributes, np.float32)
    if array.ndim != 2 or array.shape[1] != len(ATTRIBUTE_NAMES):
        raise InputError(
            f"attributes have shape {array.shape}, expected (n, {len(ATTRIBUTE_NAMES)}): "
            f"{', '.join(ATTRIBUTE_NAMES)}"
        )
    if not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array).all(1)))
        raise InputError(f"row {row} of the attributes has a value that is not a finite number")
    return array
