"""Factors and attributes: ranges, nothing that touches, determinism, round trip, refusals."""

import numpy as np
import pytest

from amodal.data.factory import (
    ATTRIBUTE_BLOCKS,
    ATTRIBUTE_NAMES,
    FACTOR_NAMES,
    attributes,
    draw_factors,
    factors_from_attributes,
    readable_errors,
    render,
)
from amodal.data.factory.attributes import check_attributes
from amodal.data.factory.contacts import is_free
from amodal.data.factory.factors import ELBOW, REACH, SHOULDER, STRENGTH, check_factors
from amodal.data.factory.world import HALF_HALL
from amodal.errors import InputError

OPEN = dict.fromkeys(FACTOR_NAMES, 0.0) | {"robot x": -1, "table x": 1, "light strength": 1}


def scene(**changes):
    """One row: the robot left of the table, nothing near; names with _ for spaces."""
    changes = {name.replace("_", " "): value for name, value in changes.items()}
    assert set(changes) <= set(FACTOR_NAMES)
    return np.array([list((OPEN | changes).values())], np.float32)


def test_ranges():
    factors = draw_factors(20_000, seed=0)
    assert factors.dtype == np.float32
    turn = np.float32(2 * np.pi)
    ranges = {
        **dict.fromkeys(("robot x", "robot y", "table x", "table y"), (-REACH, REACH)),
        **dict.fromkeys(("heading", "orientation", "light azimuth"), (0, turn)),
        **dict.fromkeys(("table hue", "box hue"), (0, 1)),
        "shoulder": SHOULDER,
        "elbow": ELBOW,
        "light strength": STRENGTH,
        "box": (0, 1),
    }
    for name, (low, high) in ranges.items():
        column = factors[:, FACTOR_NAMES.index(name)]
        width = high - low
        # The machines keep things from the left and the back of the hall.
        assert low - 1e-6 <= column.min() < low + 0.1 * width, name
        assert high - 0.1 * width < column.max() <= high + 1e-6, name
    for name in ("heading", "orientation", "table hue", "light azimuth"):
        column = FACTOR_NAMES.index(name)
        counts = np.histogram(factors[:, column], bins=8, range=ranges[name])[0]
        assert counts / 2500 == pytest.approx(np.ones(8), abs=0.1), name
    assert factors[:, 9].mean() == pytest.approx(0.5, abs=0.02)
    assert (factors[factors[:, 9] == 0, 10] == 0).all()
    # Nothing tells of another: what is left comes from scenes in which things would touch.
    assert np.abs(np.corrcoef(factors.T) - np.eye(13))[:, [2, 7, 8, 11, 12]].max() < 0.08


def corners(x, y, turn, length, width):
    """Points on the outline of turned rectangles, (n, points, 2)."""
    side = np.linspace(-1, 1, 9)
    edge = np.concatenate(
        [
            np.stack(pair, 1)
            for end in (-1, 1)
            for pair in ((side, end + 0 * side), (end + 0 * side, side))
        ]
    ) * (length / 2, width / 2)
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    return np.stack(
        [
            x[:, None] + cosine * edge[:, 0] - sine * edge[:, 1],
            y[:, None] + sine * edge[:, 0] + cosine * edge[:, 1],
        ],
        axis=2,
    )


def test_things_do_not_touch_by_geometry_worked_out_otherwise():
    x, y, heading, _, _, table_x, table_y, orientation = draw_factors(5000, seed=1)[:, :8].T
    base = corners(x, y, heading, 0.7, 0.6)
    table = corners(table_x, table_y, orientation, 1.2, 0.7)
    assert max(np.abs(base).max(), np.abs(table).max()) < HALF_HALL
    away = base - np.stack([table_x, table_y], 1)[:, None]
    cosine, sine = np.cos(orientation)[:, None], np.sin(orientation)[:, None]
    along = np.abs(away[..., 0] * cosine + away[..., 1] * sine)
    across = np.abs(away[..., 1] * cosine - away[..., 0] * sine)
    # The table's body, which is a little narrower than its top.
    assert not ((along < 0.54) & (across < 0.29)).any()


@pytest.mark.parametrize(
    ("changes", "free"),
    [
        ({}, True),
        ({"table x": -0.35}, False),
        ({"robot x": -2.2}, False),
        ({"robot y": -2.2, "robot x": 0.0}, False),
        ({"robot y": -2.1, "robot x": 0.0}, True),
        # The arm reaches into the wall, or is drawn up before it.
        ({"robot x": -1, "robot y": -1.75, "heading": 4.712}, False),
        ({"robot x": -1, "robot y": -1.75, "heading": 4.712, "shoulder": 1.39, "elbow": 0.0}, True),
        # Over an empty table it may reach, through a box it may not.
        ({"robot x": -0.25, "table x": 0.85, "shoulder": 0.2}, True),
        ({"robot x": -0.25, "table x": 0.85, "shoulder": 0.2, "box": 1.0}, False),
        ({"table x": 1.3, "table y": 2.1}, False),
    ],
)
def test_contacts_by_hand(changes, free):
    assert bool(is_free(scene(**changes))[0]) is free


def test_an_item_depends_on_seed_and_index_only():
    whole = draw_factors(2500, seed=5)
    pieces = [draw_factors(500, seed=5, start=start) for start in range(0, 2500, 500)]
    assert np.array_equal(whole, np.concatenate(pieces))
    assert not np.array_equal(whole[:1000], draw_factors(1000, seed=6))
    assert draw_factors(0, seed=0, start=1000).shape == (0, 13)


def test_attributes_and_back():
    factors = draw_factors(2000, seed=1)
    said = attributes(factors)
    assert said.shape == (2000, len(ATTRIBUTE_NAMES)) == (2000, ATTRIBUTE_BLOCKS.dim)
    assert said.dtype == np.float32
    assert np.abs(said).max() <= 1
    again = factors_from_attributes(said)
    assert np.allclose(again[:, :11], factors[:, :11], atol=1e-5)
    assert len(np.unique(again[:, 11:], axis=0)) == 1, "the light is not told"
    for block, columns in ATTRIBUTE_BLOCKS.parts():
        if block.kind == "circular":
            assert np.linalg.norm(said[:, columns], axis=1) == pytest.approx(np.ones(2000))
        if block.kind == "categorical":
            assert (said[:, columns].sum(1) == 1).all()
    other = factors.copy()
    other[:, 11:] = 0.7
    assert np.array_equal(attributes(other), said)


def test_attributes_of_a_network_become_factors_that_can_be_drawn(drawing):
    rough = np.random.default_rng(0).normal(size=(20, 16)).astype(np.float32)
    factors = factors_from_attributes(rough)
    assert np.array_equal(factors[:, 9] == 1, rough[:, 13] > rough[:, 12])
    assert render(factors).shape == (20, 64, 64, 3)


def test_readable_errors_by_hand():
    true = np.concatenate([scene(), scene(box=1.0, box_hue=0.5, table_hue=0.5)])
    wrong = true.copy()
    wrong[:, 0] += 0.5
    wrong[:, 2] += np.deg2rad(30)
    wrong[:, 3] += np.deg2rad(10)
    wrong[:, 4] += np.deg2rad(20)
    wrong[0, 6] -= 1.0
    wrong[:, 7] -= np.deg2rad(40)
    wrong[:, [8, 10]] += 0.25
    wrong[0, 9] = 1
    errors = readable_errors(attributes(wrong), attributes(true))
    assert errors == pytest.approx(
        {
            "robot_place_percent": 10,
            "heading_degrees": 30,
            "shoulder_degrees": 10,
            "elbow_degrees": 20,
            "table_place_percent": 10,
            "table_orientation_degrees": 40,
            "table_hue_degrees": 90,
            "box_accuracy": 0.5,
            "box_hue_degrees": 90,
        },
        abs=1e-3,
    )
    without = readable_errors(attributes(true[:1]), attributes(true[:1]))
    assert without["box_hue_degrees"] == 0
    assert without["box_accuracy"] == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: draw_factors(3, seed=-1), "the seed is -1, expected a whole number >= 0"),
        (lambda: check_factors(np.zeros((2, 7))), r"factors have shape \(2, 7\).*robot x, robot y"),
        (lambda: check_factors(np.full((1, 13), np.nan)), "row 0 of the factors"),
        (lambda: check_factors(scene(box=0.5)), "a box of 0 .absent. or 1"),
        (lambda: check_factors(scene(light_strength=-1.0)), "a light of strength >= 0"),
        (lambda: check_attributes(np.zeros((2, 8))), r"shape \(2, 8\), expected \(n, 16\)"),
        (lambda: check_attributes(np.full((1, 16), np.inf)), "row 0 of the attributes"),
        (
            lambda: readable_errors(np.zeros((2, 16)), np.zeros((3, 16))),
            r"shapes \(2, 16\) \(predicted\) and \(3, 16\)",
        ),
    ],
)
def test_refusals(call, message):
    with pytest.raises(InputError, match=message):
        call()
