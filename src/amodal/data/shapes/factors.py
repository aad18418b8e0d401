"""What a picture of Simple Shapes is made of: one row of eight numbers, drawn by seed.

The ranges are those of the seed paper (Devillers, Maytié, VanRullen, arXiv 2306.15711).
"""

from typing import Any

import numpy as np

from amodal.data.random import BLOCK, drawn_in_blocks
from amodal.errors import InputError
from amodal.typing import Float, Float32

FACTOR_NAMES = ("shape", "x", "y", "size", "rotation", "red", "green", "blue")
SHAPE_NAMES = ("diamond", "egg", "triangle")
CANVAS = 32.0
"""Pixels a side of the canvas on which x, y and size are measured."""
SIZES = (7.0, 14.0)
PLACES = (7.0, 25.0)
"""Range of x and y: a margin of half the largest size, so that no shape leaves the canvas."""
LIGHTNESS = (46 / 255, 1.0)
FULL_TURN = 2 * np.pi
_STREAM = 1


def draw_factors(n: int, *, seed: int, start: int = 0) -> Float32[np.ndarray, "n 8"]:
    """Draw the factors of items `start` to `start + n`; item i depends on (seed, i) only.

    Shape, place, size and rotation are uniform; the colour is uniform in hue, lightness
    (46 to 255 of 255) and saturation.

    Returns:
        Columns `FACTOR_NAMES`: shape 0 diamond, 1 egg, 2 triangle; x, y, size in pixels of a
        32 x 32 canvas, y downwards; rotation in radians, 0 upwards, growing clockwise as seen on
        the screen; colours in [0, 1].

    Example:
        >>> factors = draw_factors(5, seed=0)
        >>> factors.shape, bool((draw_factors(2, seed=0, start=3) == factors[3:]).all())
        ((5, 8), True)
    """
    return drawn_in_blocks(_draw_block, n, seed=seed, stream=_STREAM, start=start)


def _draw_block(generator: np.random.Generator) -> Float32[np.ndarray, "n 8"]:
    block = np.empty((BLOCK, 8), np.float32)
    block[:, 0] = generator.integers(len(SHAPE_NAMES), size=BLOCK)
    block[:, 1:3] = generator.uniform(*PLACES, size=(BLOCK, 2))
    block[:, 3] = generator.uniform(*SIZES, size=BLOCK)
    block[:, 4] = in_one_turn(generator.uniform(0, FULL_TURN, size=BLOCK))
    hue, saturation = generator.random(BLOCK), generator.random(BLOCK)
    block[:, 5:8] = rgb_of_hls(hue, generator.uniform(*LIGHTNESS, size=BLOCK), saturation)
    return block


def rgb_of_hls(
    hue: Float[np.ndarray, " n"],
    lightness: Float[np.ndarray, " n"],
    saturation: Float[np.ndarray, " n"],
) -> Float[np.ndarray, "n 3"]:
    """Colours in [0, 1] from hue, lightness and saturation in [0, 1], as `colorsys` does one.

    Example:
        >>> import colorsys
        >>> rgb_of_hls(np.array([0.3]), np.array([0.6]), np.array([0.5])).round(3)
        array([[0.48, 0.8 , 0.4 ]])
        >>> tuple(round(part, 3) for part in colorsys.hls_to_rgb(0.3, 0.6, 0.5))
        (0.48, 0.8, 0.4)
    """
    spread = saturation * np.minimum(lightness, 1 - lightness)
    # Each channel is the same trapezoid wave of the hue, shifted by a third of a turn.
    phase = (np.array([0, 8, 4]) + 12 * hue[:, None]) % 12
    wave = np.clip(np.minimum(phase - 3, 9 - phase), -1, 1)
    return np.clip(lightness[:, None] - spread[:, None] * wave, 0, 1)


def check_factors(factors: Any) -> Float32[np.ndarray, "n 8"]:
    """Return `factors` as contiguous float32, or say which row cannot be drawn.

    Raises:
        InputError: not (n, 8), not numbers, not finite, an unknown shape, or a size <= 0.
    """
    array = np.asarray(factors)
    if array.ndim != 2 or array.shape[1] != 8 or array.dtype.kind not in "fiu":
        raise InputError(
            f"factors have shape {array.shape} and type {array.dtype}, expected numbers of shape "
            f"(n, 8) with the columns {', '.join(FACTOR_NAMES)}"
        )
    array = np.ascontiguousarray(array, np.float32)
    with np.errstate(invalid="ignore"):
        known = np.isin(array[:, 0], np.arange(len(SHAPE_NAMES)))
        good = np.isfinite(array).all(1) & known & (array[:, 3] > 0)
    if not good.all():
        row = int(np.argmin(good))
        raise InputError(
            f"row {row} of the factors is {array[row].tolist()}: expected finite numbers, a shape "
            f"of 0, 1 or 2 ({', '.join(SHAPE_NAMES)}) and a size above 0"
        )
    return array


def in_one_turn(angle: Float[np.ndarray, "*dims"]) -> Float32[np.ndarray, "*dims"]:
    wrapped = np.mod(angle, FULL_TURN).astype(np.float32)
    # Rounding to float32 may land on 2 pi itself, which is outside of [0, 2 pi).
    return np.where(wrapped >= np.float32(FULL_TURN), np.float32(0), wrapped)
