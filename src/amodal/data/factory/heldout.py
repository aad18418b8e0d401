"""The held-out region of the factory: a hole in factor space, never seen as a match."""

import colorsys
from dataclasses import dataclass

import numpy as np

from amodal.data.factory.factors import check_factors
from amodal.data.random import check_seed
from amodal.typing import Bool, Float

SIDES = ("left", "right", "back", "front")
HUES_KEPT = 1 / 3
"""How much of the circle of hues the region takes."""
_STREAM = 16


@dataclass(frozen=True)
class HeldOutRegion:
    """The robot in one half of the hall, a table of a third of the hues, with a box: a twelfth."""

    half: str
    """Where the robot is: left, right, back or front."""
    hue: float
    """Middle of the table's hues, 0 to 1 (0 red, 1/3 green, 2/3 blue)."""

    def describe(self) -> str:
        """The region in words."""
        red, green, blue = colorsys.hsv_to_rgb(self.hue, 1, 1)
        return (
            f"robots in the {self.half} half of the hall with a box on the table, whose hue is "
            f"within a sixth of a turn of rgb({red:.2f}, {green:.2f}, {blue:.2f})"
        )


def heldout_region(*, seed: int = 0) -> HeldOutRegion:
    """The region that a seed stands for.

    Example:
        >>> heldout_region(seed=0) == heldout_region(seed=0)
        True
    """
    generator = np.random.default_rng([check_seed(seed), _STREAM])
    return HeldOutRegion(SIDES[generator.integers(len(SIDES))], float(generator.random()))


def in_heldout_region(
    factors: Float[np.ndarray, "n 13"], *, seed: int = 0
) -> Bool[np.ndarray, " n"]:
    """Which scenes lie in the held-out region of `seed`.

    Example:
        >>> from amodal.data.factory import draw_factors
        >>> bool(0.06 < in_heldout_region(draw_factors(5000, seed=0)).mean() < 0.11)
        True
    """
    factors, region = check_factors(factors), heldout_region(seed=seed)
    across = factors[:, 0 if region.half in ("left", "right") else 1]
    in_half = across < 0 if region.half in ("left", "front") else across >= 0
    turn = factors[:, 8].astype(np.float64) - region.hue
    in_hue = np.abs(turn - np.round(turn)) < HUES_KEPT / 2
    return in_half & in_hue & (factors[:, 9] == 1)
