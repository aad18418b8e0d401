"""The factors as a "proto-language": eleven numbers in [-1, 1] that a network can read and say."""

from typing import Any

import numpy as np

from amodal.data.shapes.factors import (
    CANVAS,
    PLACES,
    SHAPE_NAMES,
    SIZES,
    check_factors,
    in_one_turn,
)
from amodal.errors import InputError
from amodal.specification import Block, LatentSpec
from amodal.typing import Float, Float32

ATTRIBUTE_NAMES = (
    *SHAPE_NAMES,
    "x",
    "y",
    "size",
    "cos rotation",
    "sin rotation",
    "red",
    "green",
    "blue",
)
ATTRIBUTE_BLOCKS = LatentSpec(
    (
        Block("shape", "categorical", 3),
        Block("place", "continuous", 2),
        Block("size", "continuous", 1),
        Block("orientation", "circular", 2),
        Block("colour", "continuous", 3),
    )
)
"""Shape as one-hot, x and y, size, (cos, sin) of the rotation, red, green, blue, in [-1, 1]."""
_MIDDLE = np.array([CANVAS / 2, CANVAS / 2, sum(SIZES) / 2], np.float32)
_HALF = np.array([(PLACES[1] - PLACES[0]) / 2] * 2 + [(SIZES[1] - SIZES[0]) / 2], np.float32)


def attributes(factors: Float[np.ndarray, "n 8"]) -> Float32[np.ndarray, "n 11"]:
    """The attributes of `factors`: shape (one-hot, 3), x, y, size, cos, sin, red, green, blue.

    Example:
        >>> attributes(np.array([[2, 25, 7, 10.5, 0, 1, 0.5, 0]])).tolist()
        [[0.0, 0.0, 1.0, 1.0, -1.0, 0.0, 1.0, 0.0, 1.0, 0.0, -1.0]]
    """
    factors = check_factors(factors)
    one_hot = factors[:, :1] == np.arange(len(SHAPE_NAMES))
    rotation = factors[:, 4:5].astype(np.float64)
    columns = [
        one_hot,
        (factors[:, 1:4] - _MIDDLE) / _HALF,
        np.cos(rotation),
        np.sin(rotation),
        factors[:, 5:8] * 2 - 1,
    ]
    return np.concatenate([np.asarray(column, np.float32) for column in columns], axis=1)


def factors_from_attributes(attributes: Float[np.ndarray, "n 11"]) -> Float32[np.ndarray, "n 8"]:
    """The factors nearest to `attributes`, which need not be exact (a network may have made them).

    The shape is the largest of the first three; the rotation is the angle of (cos, sin), whatever
    their length; what exceeds [-1, 1] is cut back to it.

    Example:
        >>> from amodal.data.shapes.factors import draw_factors
        >>> factors = draw_factors(100, seed=0)
        >>> bool(np.allclose(factors_from_attributes(attributes(factors)), factors, atol=1e-4))
        True
    """
    array = check_attributes(attributes)
    inside = np.clip(array, -1, 1)
    factors = np.empty((len(array), 8), np.float32)
    factors[:, 0] = array[:, :3].argmax(1)
    factors[:, 1:4] = inside[:, 3:6] * _HALF + _MIDDLE
    factors[:, 4] = in_one_turn(np.arctan2(array[:, 7], array[:, 6]).astype(np.float64))
    factors[:, 5:8] = (inside[:, 8:11] + 1) / 2
    return factors


def check_attributes(attributes: Any) -> Float32[np.ndarray, "n 11"]:
    """Return `attributes` as float32, or say what is wrong with them.

    Raises:
        InputError: not (n, 11), or not finite.
    """
    array = np.asarray(attributes, np.float32)
    if array.ndim != 2 or array.shape[1] != len(ATTRIBUTE_NAMES):
        raise InputError(
            f"attributes have shape {array.shape}, expected (n, 11): {', '.join(ATTRIBUTE_NAMES)}"
        )
    if not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array).all(1)))
        raise InputError(f"row {row} of the attributes has a value that is not a finite number")
    return array
