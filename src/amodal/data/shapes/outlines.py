"""The three outlines, as convex polygons that point upwards and fit a circle of diameter one."""

import functools

import numpy as np

from amodal.data.shapes.factors import SHAPE_NAMES
from amodal.typing import Float

_KITE = ((0.0, -0.5), (0.35, 0.2), (0.0, 0.5), (-0.35, 0.2))
_TRIANGLE = ((0.0, -0.5), (0.3, 0.4), (-0.3, 0.4))
_EGG_CORNERS = 24


def outline(shape: int) -> Float[np.ndarray, "corner 2"]:
    """Corners (x, y) of one outline, clockwise on the screen (y downwards), of size 1.

    The tip of each points up, to (0, -0.5): the long tip of the kite, the narrow end of the egg,
    the tip of the isosceles triangle; so that the rotation can be read off every shape.
    """
    if SHAPE_NAMES[shape] == "egg":
        turn = np.arange(_EGG_CORNERS) * 2 * np.pi / _EGG_CORNERS
        width = 0.37 * (1 - 0.3 * np.cos(turn))
        return np.stack([width * np.sin(turn), -0.5 * np.cos(turn)], axis=1)
    return np.array(_TRIANGLE if SHAPE_NAMES[shape] == "triangle" else _KITE)


@functools.cache
def edges(shape: int) -> tuple[Float[np.ndarray, "corner 2"], Float[np.ndarray, " corner"]]:
    """Outward unit normals of one outline's edges, and their distances from the middle."""
    corners = outline(shape)
    along = np.roll(corners, -1, axis=0) - corners
    normals = np.stack([along[:, 1], -along[:, 0]], axis=1)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return normals, (normals * corners).sum(axis=1)


def area(shape: int) -> float:
    """Area of one outline of size 1, by the shoelace formula."""
    x, y = outline(shape).T
    return float(abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2)
