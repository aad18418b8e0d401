"""The table of symmetries: what it does to images, and that the blocks follow as it says."""

import math

import numpy as np
import pytest
import torch

from amodal.data.shapes import draw_factors, render
from amodal.errors import InputError, UnknownNameError
from amodal.unimodal.attention import moments
from amodal.unimodal.images import to_bytes, to_tensor
from amodal.unimodal.views import (
    SYMMETRIES,
    Symmetry,
    draw_views,
    moved_block,
    view_images,
)

SIDE = 96  # large pictures, so that resampling hardly blurs them


def viewed(table: tuple[Symmetry, ...], factors: np.ndarray, pivot: torch.Tensor):
    images = to_tensor(render(factors, side=SIDE))
    drawn = draw_views(table, pivot, generator=torch.Generator().manual_seed(5))
    return view_images(images, drawn, pivot), drawn


def moved_factors(table, drawn, factors: np.ndarray) -> np.ndarray:
    """The factors of the view, from the table's own actions on the true factors."""
    result = factors.copy()
    rotation = torch.from_numpy(factors[:, 4])
    blocks = {
        "place": torch.from_numpy(factors[:, 1:3] / 16 - 1),
        "size": torch.from_numpy(np.log(factors[:, 3:4])),
        # Rotation 0 points up, which is (0, -1) on the screen, and grows clockwise.
        "orientation": torch.stack([rotation.sin(), -rotation.cos()], 1),
        "colour": torch.from_numpy(factors[:, 5:8]),
    }
    after = {name: moved_block(table, drawn, name, values) for name, values in blocks.items()}
    result[:, 1:3] = (after["place"].numpy() + 1) * 16
    result[:, 3] = after["size"].exp().numpy()[:, 0]
    direction = after["orientation"].numpy()
    result[:, 4] = np.mod(np.arctan2(direction[:, 0], -direction[:, 1]), 2 * np.pi)
    result[:, 5:8] = after["colour"].numpy()
    return result


def rows_of(name: str) -> tuple[Symmetry, ...]:
    return tuple(row for row in SYMMETRIES if row.transformation == name)


@pytest.mark.parametrize("name", [row.transformation for row in SYMMETRIES] + ["all"])
def test_view_of_a_picture_is_the_picture_of_the_moved_factors(name: str) -> None:
    table = SYMMETRIES if name == "all" else rows_of(name)
    factors = draw_factors(60, seed=3)
    # About the shape's own middle, which is what x and y are the place of.
    pivot = torch.from_numpy(factors[:, 1:3] / 16 - 1)
    views, drawn = viewed(table, factors, pivot)
    expected = to_tensor(render(moved_factors(table, drawn, factors), side=SIDE))
    error = (views - expected).square().mean().sqrt()
    assert error < 0.02
    unmoved = (views - to_tensor(render(factors, side=SIDE))).square().mean().sqrt()
    assert unmoved > 0.02  # or the transformation did nothing


def test_moments_follow_the_table() -> None:
    images = to_tensor(render(draw_factors(200, seed=4), side=SIDE))
    before = moments(images)
    drawn = draw_views(SYMMETRIES, before.place, generator=torch.Generator().manual_seed(0))
    after = moments(view_images(images, drawn, before.place))
    for name in ("place", "size", "colour"):
        expected = moved_block(SYMMETRIES, drawn, name, getattr(before, name))
        assert (getattr(after, name) - expected).abs().mean() < 0.01, name


def test_a_block_without_a_row_does_not_move() -> None:
    values = torch.randn(7, 16)
    drawn = draw_views(SYMMETRIES, torch.zeros(7, 2), generator=torch.Generator())
    assert torch.equal(moved_block(SYMMETRIES, drawn, "form", values), values)


def test_a_table_for_other_images_leaves_out_what_does_not_hold() -> None:
    table = (Symmetry("shift", (-0.2, 0.2), (("place", "add"),)),)
    views, drawn = viewed(table, draw_factors(3, seed=0), torch.zeros(3, 2))
    assert set(drawn) == {"shift"}
    assert views.shape == (3, 3, SIDE, SIDE)


def test_shift_keeps_objects_on_the_canvas() -> None:
    corner = torch.full((500, 2), 0.55)
    drawn = draw_views(rows_of("shift"), corner, generator=torch.Generator().manual_seed(1))
    assert (corner + drawn["shift"]).abs().max() <= 0.4 + 1e-6


def test_table_survives_json() -> None:
    assert tuple(Symmetry.from_json(row.to_json()) for row in SYMMETRIES) == SYMMETRIES


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"transformation 'trun': did you mean 'turn'"):
        Symmetry("trun", (0.0, 1.0))
    with pytest.raises(UnknownNameError, match=r"action 'ad': did you mean 'add'"):
        Symmetry("shift", (0.0, 1.0), (("place", "ad"),))


@pytest.mark.parametrize("limits", [(1.0, 0.5), (math.nan, 1.0)])
def test_bad_ranges_are_refused(limits: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="expected \\(low, high\\)"):
        Symmetry("turn", limits)


def test_factors_must_be_positive() -> None:
    with pytest.raises(InputError, match="factors must be positive, got -1"):
        Symmetry("scale", (-1.0, 1.0))


def test_black_and_white_images_have_finite_moments() -> None:
    for image in (torch.zeros(1, 3, 32, 32), torch.ones(1, 3, 32, 32)):
        found = moments(image)
        assert all(values.isfinite().all() for values in found)
        assert found.place.abs().max() < 1e-3


def test_bytes_and_fractions_are_inverse() -> None:
    raw = render(draw_factors(5, seed=0))
    assert (to_bytes(to_tensor(raw)) == raw).all()
