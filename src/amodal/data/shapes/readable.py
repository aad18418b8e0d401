"""How far attributes are off, in figures that people can read."""

from typing import Any

import numpy as np

from amodal.data.shapes.factors import PLACES, SIZES
from amodal.errors import InputError

PLACE_PIXELS, SIZE_PIXELS = (PLACES[1] - PLACES[0]) / 2, (SIZES[1] - SIZES[0]) / 2
COLOUR_LEVELS = 255 / 2
"""One unit of red, green and blue; above, of x and y, and of size: half of what they range over."""


def readable_errors(predicted: Any, true: Any) -> dict[str, float]:
    """Errors of predicted attributes of Simple Shapes (columns as `data.shapes.attributes`).

    Args:
        predicted: (n, 11) numbers, an array or a tensor; need not be exact one-hots or on the
            circle.
        true: (n, 11), likewise.

    Returns:
        shape_accuracy: fraction whose largest shape column is the right one;
        place_pixels: mean absolute error of x and y, of a 32-pixel canvas;
        size_pixels: mean absolute error;
        rotation_degrees: median absolute angle between predicted and true;
        colour_levels: mean absolute error of red, green and blue, of 255.

    Raises:
        InputError: the shapes differ, or are not (n, 11) with n of at least 1.

    Example:
        >>> true = np.array([[1, 0, 0, 0, 0, 0, 1, 0, 0.5, 0.5, 0.5]], dtype=np.float32)
        >>> predicted = true.copy()
        >>> predicted[0, 3] += 0.1
        >>> errors = readable_errors(predicted, true)
        >>> round(errors["place_pixels"], 2), errors["shape_accuracy"]
        (0.45, 1.0)
    """
    p, t = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    if p.shape != t.shape or p.ndim != 2 or p.shape[1] != 11 or not len(p):
        raise InputError(
            f"attributes have shapes {p.shape} (predicted) and {t.shape} (true), expected (n, 11) "
            "for both, with n of at least 1"
        )
    off = np.abs(p - t)
    return {
        "shape_accuracy": float((p[:, :3].argmax(1) == t[:, :3].argmax(1)).mean()),
        "place_pixels": float(off[:, 3:5].mean() * PLACE_PIXELS),
        "size_pixels": float(off[:, 5].mean() * SIZE_PIXELS),
        "rotation_degrees": float(np.median(_angles(p[:, 6:8], t[:, 6:8]))),
        "colour_levels": float(off[:, 8:].mean() * COLOUR_LEVELS),
    }


def _angles(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    difference = np.arctan2(predicted[:, 1], predicted[:, 0]) - np.arctan2(true[:, 1], true[:, 0])
    return np.degrees(np.abs(np.arctan2(np.sin(difference), np.cos(difference))))
