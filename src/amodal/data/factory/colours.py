"""The hues of the table and the box, and their names."""

import numpy as np

from amodal.typing import Float

SATURATION, BRIGHTNESS = 0.85, 0.95
_DEGREES = {
    "red": 0,
    "vermilion": 16,
    "orange": 32,
    "amber": 46,
    "yellow": 60,
    "lime": 80,
    "grass green": 100,
    "green": 120,
    "emerald": 141,
    "turquoise": 163,
    "cyan": 184,
    "sky blue": 204,
    "cobalt blue": 222,
    "blue": 240,
    "indigo": 258,
    "violet": 275,
    "purple": 292,
    "magenta": 309,
    "pink": 327,
    "crimson": 344,
}
COLOUR_NAMES = tuple(_DEGREES)
"""The names of hues, around the circle."""
COLOUR_HUES = np.array(list(_DEGREES.values())) / 360
"""The hue in [0, 1) that each name stands for."""


def rgb_of_hue(hue: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 3"]:
    """Colours in [0, 1] of hues in [0, 1], all of one saturation and brightness.

    Example:
        >>> rgb_of_hue(np.array([0.0, 1 / 3])).round(3).tolist()
        [[0.95, 0.143, 0.143], [0.143, 0.95, 0.143]]
    """
    # Each channel is the same trapezoid wave of the hue, shifted by a third of a turn.
    phase = (np.array([5, 3, 1]) + 6 * np.asarray(hue, np.float64)[:, None]) % 6
    wave = np.clip(np.minimum(phase, 4 - phase), 0, 1)
    return BRIGHTNESS * (1 - SATURATION * wave)
