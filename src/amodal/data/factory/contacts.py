"""Whether things in a scene touch: asked of the simulator, which knows every part's form."""

import functools
from typing import Any

import numpy as np

from amodal.data.factory.simulator import simulator
from amodal.data.factory.world import AWAY, description
from amodal.typing import Bool, Float

_OPAQUE = 1
"""Pixels of a model of which no picture is drawn."""


@functools.cache
def _posed() -> tuple[Any, Any]:
    mujoco = simulator()
    model = mujoco.MjModel.from_xml_string(description(_OPAQUE))
    return model, mujoco.MjData(model)


def is_free(factors: Float[np.ndarray, "n 13"]) -> Bool[np.ndarray, " n"]:
    """Which scenes are free of contacts: parts at least two centimetres apart, clear of the walls.

    Example:
        >>> scene = np.array([[0, 0, 0, 0, 0, 0, 1.5, 0, 0, 0, 0, 0, 1.0]])
        >>> bool(is_free(scene)[0]), bool(is_free(scene * [[1, 1, 1, 1, 1, 1, 0.1] + [1] * 6])[0])
        (True, False)
    """
    mujoco = simulator()
    model, data = _posed()
    free = np.empty(len(factors), bool)
    for row, position in enumerate(positions(factors)):
        data.qpos[:] = position
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        free[row] = data.ncon == 0
    return free


def positions(factors: Float[np.ndarray, "n 13"]) -> Float[np.ndarray, "n 9"]:
    """The simulator's positions of scenes, in the order of `world.JOINTS`."""
    lift = AWAY * (1 - factors[:, 9:10])
    return np.concatenate([factors[:, :8], lift], axis=1).astype(np.float64)
