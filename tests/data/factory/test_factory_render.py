"""Pictures: where things are by the camera's geometry, and the same bytes in every process."""

import multiprocessing
import subprocess
import sys

import numpy as np
import pytest

from amodal.data import blocks, generate
from amodal.data.factory import FACTOR_NAMES, draw_factors, render
from amodal.data.factory.stage import stage_of
from amodal.errors import InputError

pytestmark = pytest.mark.usefixtures("drawing")


def scenes(n=1, **columns):
    """The robot far back on the right, the table in the middle, an even light."""
    plain = {"robot x": 2.0, "robot y": 1.5, "table hue": 0.3, "light strength": 0.8}
    plain |= {name.replace("_", " "): value for name, value in columns.items()}
    factors = np.zeros((n, len(FACTOR_NAMES)), np.float32)
    for name, value in plain.items():
        factors[:, FACTOR_NAMES.index(name)] = value
    return factors


def saturation(pictures):
    return pictures.max(-1).astype(int) - pictures.min(-1)


def projected(points, side):
    """Column and row of points in the hall, by the camera that the model holds."""
    camera = stage_of(2 * side).model.camera("above")
    stage = stage_of(2 * side)
    place, turn = stage.data.cam_xpos[camera.id], stage.data.cam_xmat[camera.id].reshape(3, 3)
    across, up, back = ((np.asarray(points) - place) @ turn).T
    scale = side / 2 / np.tan(np.deg2rad(camera.fovy[0]) / 2)
    return side / 2 + scale * across / -back, side / 2 - scale * up / -back


@pytest.mark.parametrize("side", [64, 200])
def test_the_table_is_where_the_camera_sees_it(side):
    x, y = (grid.ravel() for grid in np.meshgrid([-1.5, 0, 1.5], [-1.5, 0, 1.0]))
    pictures = render(scenes(9, robot_x=0, robot_y=-5, table_x=x, table_y=y), side=side)
    columns, rows = projected(np.stack([x, y, np.full(9, 0.45)], 1), side)
    for picture, column, row in zip(pictures, columns, rows, strict=True):
        there = np.argwhere(saturation(picture) > 60) + 0.5
        assert len(there) > 60 * (side / 64) ** 2
        assert there[:, 1].mean() == pytest.approx(column, abs=0.03 * side)
        assert there[:, 0].mean() == pytest.approx(row, abs=0.03 * side)


@pytest.mark.parametrize("heading", [0, np.pi / 2, np.pi, 4])
def test_the_robot_is_light_in_front_and_dark_behind(heading):
    factors = scenes(2, robot_x=0, robot_y=0, table_y=-50, heading=heading, shoulder=1.2, elbow=1.5)
    factors[1, 0] = 50
    here, empty = render(factors, side=128).astype(float).mean(-1)
    rows, columns = np.mgrid[:128, :128]
    light, dark = np.maximum(here - empty, 0), np.maximum(empty - here, 0)
    ahead = [np.average(g, weights=light) - np.average(g, weights=dark) for g in (columns, rows)]
    seen = np.arctan2(-ahead[1] / np.sin(np.pi / 3), ahead[0])
    # The dark parts stand higher than the light ones, which shifts them away from the camera.
    assert np.cos(seen - heading) > 0.7


def test_hues_change_the_table_and_the_box_only():
    first = scenes(1, table_hue=0.1, box=1, box_hue=0.5)
    turned = scenes(1, table_hue=0.1 + 1 / 3, box=1, box_hue=0.5 + 1 / 3)
    one, other = render(first)[0], render(turned)[0]
    assert np.abs(np.roll(one, 1, axis=-1).astype(int) - other).max() <= 2
    grey = saturation(one) == 0
    assert grey.mean() > 0.9
    assert np.array_equal(one[grey], other[grey])


def test_what_each_factor_changes():
    base = scenes()
    for name, change in {"shoulder": 0.8, "elbow": 1.2, "box": 1, "orientation": np.pi}.items():
        moved = base.copy()
        moved[0, FACTOR_NAMES.index(name)] += change
        apart = np.abs(render(base)[0].astype(int) - render(moved)[0]).max(-1) > 25
        assert 3 <= apart.sum() < 200, name
    lit = render(scenes(4, light_azimuth=[0, 0, 2, 4], light_strength=[0.5, 1, 1, 1]))
    assert lit[0].mean() < lit[1].mean() - 15
    assert np.abs(lit[2].astype(int) - lit[3]).max() > 20
    assert lit[1].max() < 255, "nothing is brighter than a picture can hold"


def test_the_batch_does_not_matter():
    factors = draw_factors(60, seed=2)
    whole = render(factors)
    assert whole.dtype == np.uint8
    assert np.array_equal(whole[5:6], render(factors[5:6]))
    assert np.array_equal(whole[::-7], render(factors[::-7]))
    assert render(factors[:0]).shape == (0, 64, 64, 3)
    assert render(factors[:2], side=33).shape == (2, 33, 33, 3)
    assert np.array_equal(whole[:9], render(factors[:9]))


def test_a_larger_picture_shows_the_same():
    factors = draw_factors(5, seed=4)
    large = render(factors, side=256).reshape(5, 64, 4, 64, 4, 3).mean((2, 4))
    assert np.abs(large - render(factors)).mean() < 2


def test_a_forked_process_draws_the_same():
    factors = draw_factors(20, seed=7)
    here = render(factors)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for there in pool.map(render, [factors, factors]):
            assert np.array_equal(here, there)


def test_data_does_not_depend_on_the_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "_LARGEST_BLOCK", 50)
    one = generate("factory", 200, tmp_path / "one", seed=4)
    two = generate("factory", 200, tmp_path / "two", seed=4, workers=2)
    assert one.side == 64
    assert one.manifest["files"] == two.manifest["files"]
    assert one.raw("attributes", [3, 5]).shape == (2, 16)
    assert generate("factory", 20, tmp_path / "small", side=32).images.shape == (20, 32, 32, 3)


def test_a_program_that_draws_ends_in_silence():
    code = "from amodal.data.factory import *; render(draw_factors(1, seed=0))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("side", [4, 5000])
def test_refuses_a_side(side):
    with pytest.raises(InputError, match=f"side is {side} pixels, expected 8 to 2048"):
        render(scenes(), side=side)
