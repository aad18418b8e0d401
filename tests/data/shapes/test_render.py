"""Pictures against geometry worked out otherwise, and the same bytes whatever the batch."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from amodal.data.shapes import draw_factors, render
from amodal.data.shapes.outlines import area, outline
from amodal.errors import InputError


def white(shape, *, x=16.0, y=16.0, size=12.0, rotation=0.0):
    return np.array([[shape, x, y, size, rotation, 1, 1, 1]])


def slow_picture(row, side, finer=8):
    """Draw the polygon with Pillow on a grid `finer` times as fine, and average."""
    shape, x, y, size, angle, *_ = row
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = (outline(int(shape)) @ turn.T * size + (x, y)) * side / 32 * finer
    canvas = Image.new("L", (side * finer, side * finer))
    ImageDraw.Draw(canvas).polygon([tuple(corner - 0.5) for corner in corners], fill=255)
    return np.asarray(canvas, float).reshape(side, finer, side, finer).mean((1, 3))


@pytest.mark.parametrize("side", [32, 64])
def test_like_a_finely_sampled_polygon(side):
    factors = draw_factors(60, seed=0)
    factors[:, 5:] = 1
    pictures = render(factors, side=side)[..., 0].astype(float)
    expected = np.stack([slow_picture(row, side) for row in factors])
    difference = np.abs(pictures - expected)
    assert difference.mean(axis=(1, 2)).max() < 1.0
    assert difference.max() < 120


@pytest.mark.parametrize("shape", [0, 1, 2])
def test_anti_aliased_area(shape):
    factors = draw_factors(400, seed=1)
    factors[:, 0], factors[:, 5:] = shape, 1
    # Corners are soft, too: they add about a fiftieth of a pixel's area each at 32 pixels.
    for side, tolerance in ((32, 0.02), (128, 0.002)):
        covered = render(factors, side=side)[..., 0].sum((1, 2)) / 255
        true = area(shape) * (factors[:, 3] * side / 32) ** 2
        assert (covered / true).mean() == pytest.approx(1, abs=tolerance)


@pytest.mark.parametrize("shape", [0, 1, 2])
@pytest.mark.parametrize(
    ("rotation", "ahead"), [(0, (0, -1)), (np.pi / 2, (1, 0)), (np.pi, (0, 1)), (4.712389, (-1, 0))]
)
def test_rotation_is_clockwise_from_up(shape, rotation, ahead):
    picture = render(white(shape, rotation=rotation), side=64)[0, ..., 0] / 255.0
    rows, columns = np.mgrid[:64, :64] + 0.5
    along = ((columns - 32) * ahead[0] + (rows - 32) * ahead[1]).ravel()
    weight = picture.ravel()
    centred = along - np.average(along, weights=weight)
    # The pointed end is thin and long: the third moment says which end that is.
    assert np.average(centred**3, weights=weight) > 0
    sideways = ((columns - 32) * ahead[1] - (rows - 32) * ahead[0]).ravel()
    assert abs(np.average(sideways, weights=weight)) < 0.05


def test_place_and_scale():
    factors = white(1, x=10, y=20)
    for side in (32, 64, 50):
        picture = render(factors, side=side)[0, ..., 0].astype(float)
        rows, columns = np.mgrid[:side, :side] + 0.5
        assert np.average(columns, weights=picture) * 32 / side == pytest.approx(10, abs=0.05)
        # The egg is heavier at its blunt end, below its middle.
        assert 20 < np.average(rows, weights=picture) * 32 / side < 21.5


def test_nothing_is_cut_off_at_the_border():
    factors = np.concatenate(
        [
            white(s, x=x, y=y, size=14, rotation=r)
            for s in range(3)
            for x in (7, 25)
            for y in (7, 25)
            for r in np.linspace(0, 6, 13)
        ]
    )
    areas = render(factors)[..., 0].sum((1, 2)) / 255
    for shape in range(3):
        mine = areas[factors[:, 0] == shape]
        assert mine.min() == pytest.approx(area(shape) * 14**2, rel=0.03)


def test_colours():
    factors = np.concatenate([white(0, size=14)] * 2)
    factors[:, 5:] = [[0.2, 0.4, 1.0], [1.0, 0.5, 0.0]]
    assert render(factors)[:, 16, 16].tolist() == [[51, 102, 255], [255, 128, 0]]


def test_the_batch_does_not_matter():
    factors = draw_factors(2000, seed=2)
    whole = render(factors)
    assert np.array_equal(whole[5:6], render(factors[5:6]))
    assert np.array_equal(whole[::-7], render(factors[::-7]))
    assert np.array_equal(whole, np.concatenate([render(f) for f in np.array_split(factors, 9)]))


def test_sizes_beyond_the_range_are_drawn():
    assert render(white(1, size=40))[0, [0, 16], [0, 16], 0].tolist() == [0, 255]
    assert render(white(1, x=-50)).max() == 0
    assert render(np.zeros((0, 8))).shape == (0, 32, 32, 3)


def test_refuses_a_tiny_side():
    with pytest.raises(InputError, match="side is 4 pixels, expected at least 8"):
        render(white(0), side=4)
