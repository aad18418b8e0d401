"""What tests of the factory need of the machine: mujoco, and OpenGL without a screen."""

from functools import cache
from importlib.util import find_spec

import pytest


def skip_without_simulator() -> None:
    """Skip where scenes of the factory cannot be drawn up."""
    if find_spec("mujoco") is None:
        pytest.skip('mujoco is not installed: pip install "amodal[factory]"')


def skip_unless_drawn() -> None:
    """Skip where pictures of the factory cannot be drawn."""
    skip_without_simulator()
    problem = _problem()
    if problem:
        pytest.skip(problem)


@cache
def _problem() -> str:
    from amodal.data.factory.stage import stage_of
    from amodal.errors import NotFoundError

    try:
        stage_of(128)
    except NotFoundError as error:
        return str(error)
    return ""
