"""What the tests of the factory need of the machine: mujoco, and OpenGL without a screen."""

from importlib.util import find_spec

import pytest


@pytest.fixture(autouse=True)
def simulator():
    if find_spec("mujoco") is None:
        pytest.skip('mujoco is not installed: pip install "amodal[factory]"')


@pytest.fixture
def drawing(simulator):
    from amodal.data.factory.stage import stage_of
    from amodal.errors import NotFoundError

    try:
        stage_of(128)
    except NotFoundError as error:
        pytest.skip(str(error))
