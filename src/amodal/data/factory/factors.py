"""What a scene of the factory is made of: one row of thirteen numbers, drawn by seed.

Only scenes are drawn in which nothing touches anything else, by the simulator's own contacts.
"""

from typing import Any

import numpy as np

from amodal.data.factory.contacts import is_free
from amodal.data.factory.world import HALF_HALL
from amodal.data.random import BLOCK, drawn_in_blocks
from amodal.errors import InputError
from amodal.typing import Float, Float32

FACTOR_NAMES = (
    *("robot x", "robot y", "heading", "shoulder", "elbow"),
    *("table x", "table y", "orientation", "table hue"),
    *("box", "box hue", "light azimuth", "light strength"),
)
FULL_TURN = 2 * np.pi
REACH = HALF_HALL - 0.3
"""Largest distance of the robot's and the table's middle from the middle of the hall, in x or y."""
SHOULDER = (np.deg2rad(-30), np.deg2rad(80))
ELBOW = (0.0, np.deg2rad(100))
STRENGTH = (0.5, 1.0)
ANGLES = (2, 7, 11)
"""Columns that are whole turns in radians; the hues, in [0, 1), are those of `HUES`."""
HUES = (8, 10)
_RANGES = (
    *((-REACH, REACH), (-REACH, REACH), (0, FULL_TURN), SHOULDER, ELBOW),
    *((-REACH, REACH), (-REACH, REACH), (0, FULL_TURN), (0, 1)),
    *((0, 2), (0, 1), (0, FULL_TURN), STRENGTH),
)
"""What each factor is drawn from, uniformly; the box then is 0 or 1."""
_STREAM = 11


def draw_factors(n: int, *, seed: int, start: int = 0) -> Float32[np.ndarray, "n 13"]:
    """Draw the factors of items `start` to `start + n`; item i depends on (seed, i) only.

    All factors are uniform over their ranges, a box is there in half of the scenes; scenes in which
    things touch are refused, so that the places in narrow corners are rarer.

    Returns:
        Columns `FACTOR_NAMES`: places in metres from the middle of the hall, x to the right, y away
        from the camera; angles in radians, 0 to the right, growing anticlockwise as seen from
        above; shoulder above the level, elbow bent downwards from the stretched arm; hues in
        [0, 1), 0 red; box 1 or 0, its hue 0 when it is absent; where the light comes from, and
        its strength.

    Raises:
        MissingExtraError: mujoco is not installed.

    Example:
        >>> factors = draw_factors(5, seed=0)
        >>> factors.shape, bool((draw_factors(2, seed=0, start=3) == factors[3:]).all())
        ((5, 13), True)
    """
    return drawn_in_blocks(_draw_block, n, seed=seed, stream=_STREAM, start=start)


def _draw_block(generator: np.random.Generator) -> Float32[np.ndarray, "n 13"]:
    found: list[np.ndarray] = []
    while sum(map(len, found)) < BLOCK:
        proposed = _propose(generator)
        found.append(proposed[is_free(proposed)])
    return np.concatenate(found)[:BLOCK]


def _propose(generator: np.random.Generator) -> Float32[np.ndarray, "n 13"]:
    low, high = np.array(_RANGES).T
    block = generator.uniform(low, high, size=(BLOCK, len(FACTOR_NAMES)))
    block[:, 9] = np.floor(block[:, 9])
    block[:, 10] *= block[:, 9]
    return in_their_turns(block)


def in_their_turns(factors: Float[np.ndarray, "n 13"]) -> Float32[np.ndarray, "n 13"]:
    """Angles in [0, 2 pi) and hues in [0, 1), rounded to float32."""
    result = np.asarray(factors, np.float32).copy()
    for columns, turn in ((ANGLES, FULL_TURN), (HUES, 1.0)):
        for column in columns:
            wrapped = np.mod(factors[:, column].astype(np.float64), turn).astype(np.float32)
            # Rounding to float32 may land on the whole turn itself.
            result[:, column] = np.where(wrapped >= np.float32(turn), np.float32(0), wrapped)
    return result


def check_factors(factors: Any) -> Float32[np.ndarray, "n 13"]:
    """Return `factors` as contiguous float32, or say which row cannot be drawn.

    Raises:
        InputError: not (n, 13), not numbers, not finite, a box that is neither there nor absent, or
            a light of negative strength.
    """
    array = np.asarray(factors)
    if array.ndim != 2 or array.shape[1] != len(FACTOR_NAMES) or array.dtype.kind not in "fiu":
        raise InputError(
            f"factors have shape {array.shape} and type {array.dtype}, expected numbers of shape "
            f"(n, {len(FACTOR_NAMES)}) with the columns {', '.join(FACTOR_NAMES)}"
        )
    array = np.ascontiguousarray(array, np.float32)
    with np.errstate(invalid="ignore"):
        good = np.isfinite(array).all(1) & np.isin(array[:, 9], (0, 1)) & (array[:, 12] >= 0)
    if not good.all():
        row = int(np.argmin(good))
        raise InputError(
            f"row {row} of the factors is {array[row].tolist()}: expected finite numbers, a box of "
            "0 (absent) or 1 (there), and a light of strength >= 0"
        )
    return array
