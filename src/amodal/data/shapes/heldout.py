"""The held-out region of the seed paper: a hole in factor space, never seen as a match."""

import colorsys
from dataclasses import dataclass

import numpy as np

from amodal.data.random import check_seed
from amodal.data.shapes.factors import CANVAS, SHAPE_NAMES, check_factors
from amodal.typing import Bool, Float

SIDES = ("left", "right", "upper", "lower")
_STREAM = 6


@dataclass(frozen=True)
class HeldOutRegion:
    """One shape, in one half of the canvas, in one half of the hues: a twelfth of all scenes."""

    shape: str
    """diamond, egg or triangle."""
    half: str
    """left, right, upper or lower."""
    hue: float
    """Middle of the half circle of hues, 0 to 1 (0 red, 1/3 green, 2/3 blue)."""

    def describe(self) -> str:
        """The region in words."""
        red, green, blue = colorsys.hsv_to_rgb(self.hue, 1, 1)
        return (
            f"{self.shape}s in the {self.half} half whose hue is within a quarter turn of "
            f"rgb({red:.2f}, {green:.2f}, {blue:.2f})"
        )


def heldout_region(*, seed: int = 0) -> HeldOutRegion:
    """The region that a seed stands for.

    Example:
        >>> heldout_region(seed=0) == heldout_region(seed=0)
        True
    """
    generator = np.random.default_rng([check_seed(seed), _STREAM])
    shape, half = generator.integers(len(SHAPE_NAMES)), generator.integers(len(SIDES))
    return HeldOutRegion(SHAPE_NAMES[shape], SIDES[half], float(generator.random()))


def in_heldout_region(
    factors: Float[np.ndarray, "n 8"], *, seed: int = 0
) -> Bool[np.ndarray, " n"]:
    """Which scenes lie in the held-out region of `seed`.

    Example:
        >>> from amodal.data.shapes import draw_factors
        >>> bool(0.07 < in_heldout_region(draw_factors(5000, seed=0)).mean() < 0.10)
        True
    """
    factors, region = check_factors(factors), heldout_region(seed=seed)
    axis = 1 if region.half in ("left", "right") else 2
    below = factors[:, axis] < CANVAS / 2
    in_half = below if region.half in ("left", "upper") else ~below
    # Direction of the hue in the plane of colours that is orthogonal to grey.
    red, green, blue = factors[:, 5:8].T.astype(np.float64)
    angle = np.arctan2(np.sqrt(3) / 2 * (green - blue), red - (green + blue) / 2)
    turn = angle / (2 * np.pi) - region.hue
    in_hue = np.abs(turn - np.round(turn)) < 0.25
    return (factors[:, 0] == SHAPE_NAMES.index(region.shape)) & in_half & in_hue
