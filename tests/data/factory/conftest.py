"""Tests of the factory are skipped where it cannot be simulated, or not be drawn."""

import pytest

from drawing import skip_unless_drawn, skip_without_simulator


@pytest.fixture(autouse=True)
def simulator():
    skip_without_simulator()


@pytest.fixture
def drawing(simulator):
    skip_unless_drawn()
