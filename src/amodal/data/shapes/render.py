"""Draw factors as pictures: batched, analytic, anti-aliased, the same bytes whatever the batch.

Each outline is a convex polygon, so the signed distance of a pixel to it is close to the largest
of its signed distances to the edges, and the part of the pixel that is covered is
clip(1/2 - distance, 0, 1). For one edge that distance is a(x) + b(y): two short vectors, one sum.
"""

import numpy as np

from amodal.data.shapes.factors import CANVAS, SHAPE_NAMES, check_factors
from amodal.data.shapes.outlines import edges
from amodal.errors import InputError
from amodal.typing import Float, Float32, Int64, UInt8

_CACHE_NUMBERS = 60_000
"""Pixels worked on at once: two float32 buffers of so many stay in the L2 cache."""


def render(
    factors: Float[np.ndarray, "n 8"], *, side: int = 32
) -> UInt8[np.ndarray, "n {side} {side} 3"]:
    """Draw each row of `factors` as a coloured shape on black.

    Args:
        factors: see `draw_factors`; places and sizes are of a 32-pixel canvas, and scale with it.
        side: height and width of the pictures in pixels.

    Returns:
        Pictures, channels last.

    Raises:
        InputError: `side` is below 8, or a row cannot be drawn (see `check_factors`).

    Example:
        >>> picture = render(np.array([[2, 16, 16, 14, 0, 1.0, 0.0, 0.0]]), side=32)[0]
        >>> picture[16, 16].tolist(), picture[0, 0].tolist()
        ([255, 0, 0], [0, 0, 0])
    """
    factors = check_factors(factors)
    if side < 8:
        raise InputError(f"the pictures' side is {side} pixels, expected at least 8")
    pictures = np.zeros((len(factors), side, side, 3), np.uint8)
    for shape in range(len(SHAPE_NAMES)):
        rows = np.flatnonzero(factors[:, 0] == shape)
        if len(rows):
            _draw_shape(pictures, factors, rows, shape)
    return pictures


def _draw_shape(
    pictures: UInt8[np.ndarray, "n side side 3"],
    factors: Float32[np.ndarray, "n 8"],
    rows: Int64[np.ndarray, " some"],
    shape: int,
) -> None:
    side = pictures.shape[1]
    # Only a window around the shape is worked on: the outline fits a circle of this diameter, and
    # half a pixel of soft edge and one of rounding come on either side.
    largest = float(factors[rows, 3].max()) * side / CANVAS
    window = min(side, int(np.ceil(largest)) + 3)
    windows = np.lib.stride_tricks.sliding_window_view(
        pictures, (window, window), axis=(1, 2), writeable=True
    )
    step = max(1, _CACHE_NUMBERS // window**2)
    for start in range(0, len(rows), step):
        chunk = rows[start : start + step]
        left, top, covered = _coverage(factors[chunk], shape, side, window)
        colours = factors[chunk, 5:8] * 255
        painted = covered[:, None] * np.clip(colours, 0, 255)[:, :, None, None]
        painted += 0.5
        windows[chunk, top, left] = painted.astype(np.uint8)


def _coverage(
    factors: Float32[np.ndarray, "some 8"], shape: int, side: int, window: int
) -> tuple[Int64[np.ndarray, " some"], Int64[np.ndarray, " some"], Float32[np.ndarray, "some w w"]]:
    """The windows' left and top pixels, and how much of each of their pixels is covered."""
    x, y, size, rotation = (np.ascontiguousarray(factors[:, 1:5].T) * _scales(side)).astype(float)
    left, top = (
        np.clip(np.round(middle - window / 2), 0, side - window).astype(np.int64)
        for middle in (x, y)
    )
    pixel = np.arange(window) + 0.5
    right_of, below = pixel + (left - x)[:, None], pixel + (top - y)[:, None]
    cosine, sine = np.cos(rotation)[:, None], np.sin(rotation)[:, None]
    distance = np.full((len(factors), window, window), -np.inf, np.float32)
    plane = np.empty_like(distance)
    for (across, down), offset in zip(*edges(shape), strict=True):
        along_x = (across * cosine - down * sine) * right_of
        along_y = (across * sine + down * cosine) * below - size[:, None] * offset
        np.add(
            along_x.astype(np.float32)[:, None, :],
            along_y.astype(np.float32)[:, :, None],
            out=plane,
        )
        np.maximum(distance, plane, out=distance)
    np.subtract(np.float32(0.5), distance, out=distance)
    return left, top, np.clip(distance, 0, 1, out=distance)


def _scales(side: int) -> Float[np.ndarray, "4 1"]:
    scale = side / CANVAS
    return np.array([[scale], [scale], [scale], [1.0]])
