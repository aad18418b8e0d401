"""The hall made ready for drawing: a model, a context and buffers, one for each process and size.

A context of OpenGL must not cross a fork: a process that was forked makes its own.
"""

import atexit
import functools
import os
from typing import Any

import numpy as np

from amodal.data.factory.simulator import drawing_context, simulator
from amodal.data.factory.world import BOX, CAMERA, LIGHT, TABLE_BODY, TABLE_TOP, description
from amodal.typing import Float, UInt8

BODY_SHADE = 0.6
"""How much darker the table's body is than its top."""
_TILT = np.deg2rad(40)
"""How far the light leans from straight above."""
_BRIGHTEST = 0.5

_stages: dict[tuple[int, int], "Stage"] = {}


class Stage:
    """Draws scenes as square pictures of one size.

    Args:
        pixels: height and width of the pictures.
    """

    def __init__(self, pixels: int) -> None:
        mujoco = self._mujoco = simulator()
        self.model: Any = mujoco.MjModel.from_xml_string(description(pixels))
        self.data: Any = mujoco.MjData(self.model)
        self.way, self._context, self._drawing = drawing_context(self.model, pixels)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._drawing)
        self._scene: Any = mujoco.MjvScene(self.model, maxgeom=200)
        # No shadows, reflections, haze: they cost more than everything else together.
        self._scene.flags[:] = 0
        self._option, self._perturbation = mujoco.MjvOption(), mujoco.MjvPerturb()
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = self.model.camera(CAMERA).id
        self._frame = mujoco.MjrRect(0, 0, pixels, pixels)
        self._coloured = [self.model.geom(name).id for name in (TABLE_TOP, TABLE_BODY, BOX)]
        self._light = self.model.light(LIGHT).id

    def draw(
        self,
        position: Float[np.ndarray, " joint"],
        colours: Float[np.ndarray, "2 3"],
        light: Float[np.ndarray, "2"],
        picture: UInt8[np.ndarray, "pixels pixels 3"],
    ) -> None:
        """Draw one scene into `picture`, whose first row is the lowest one of the scene.

        Args:
            position: of the joints (see `contacts.positions`).
            colours: of the table and of the box, in [0, 1].
            light: where it comes from (radians) and how strong it is.
            picture: what to draw into.
        """
        mujoco, model, data = self._mujoco, self.model, self.data
        table, box = colours
        model.geom_rgba[self._coloured, :3] = (table, table * BODY_SHADE, box)
        azimuth, strength = light
        sideways = np.sin(_TILT) * np.array([np.cos(azimuth), np.sin(azimuth)])
        model.light_dir[self._light] = (*-sideways, -np.cos(_TILT))
        model.light_diffuse[self._light] = _BRIGHTEST * strength
        data.qpos[:] = position
        mujoco.mj_kinematics(model, data)
        mujoco.mj_camlight(model, data)
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(
            model, data, self._option, self._perturbation, self._camera, everything, self._scene
        )
        mujoco.mjr_render(self._frame, self._scene, self._drawing)
        mujoco.mjr_readPixels(picture, None, self._frame, self._drawing)

    def make_current(self) -> None:
        """Draw with this stage from now on: of several contexts one is in use."""
        self._context.make_current()

    def close(self) -> None:
        """Give the context back."""
        self._context.make_current()
        self._drawing.free()
        self._context.free()


def stage_of(pixels: int) -> Stage:
    """This process's stage for pictures of a size, kept for the next call, and current."""
    key = (os.getpid(), pixels)
    if key not in _stages:
        _stages[key] = Stage(pixels)
        _close_at_exit()
    _stages[key].make_current()
    return _stages[key]


@functools.cache
def _close_at_exit() -> None:
    # Registered after mujoco's own farewell to the display, and so called before it.
    atexit.register(_close_stages)


def _close_stages() -> None:
    # Those of a parent process are the parent's to close.
    for key in [key for key in _stages if key[0] == os.getpid()]:
        _stages.pop(key).close()
