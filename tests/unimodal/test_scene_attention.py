"""Finding the coloured thing and the grey one: where, and in which hues, whatever the light."""

import numpy as np
import pytest
import torch

from amodal.unimodal.scene_attention import Look, attend, light, look_of
from amodal.unimodal.scene_camera import Camera
from amodal.unimodal.scene_crops import crops, turned, turned_back

CAMERA = Camera()
BLUE, YELLOW = (0.1, 0.1, 0.9), (0.9, 0.9, 0.1)
FLOOR = 0.5


def scene(*, place: tuple[int, int] = (40, 20), second: bool = False) -> torch.Tensor:
    """A grey hall with a blue rectangle whose middle pixel is `place`, and a black square."""
    picture = torch.full((1, 3, 64, 64), FLOOR)
    row, column = place
    picture[0, :, row - 4 : row + 4, column - 6 : column + 6] = torch.tensor(BLUE)[:, None, None]
    if second:
        picture[0, :, row - 2 : row + 2, column : column + 4] = torch.tensor(YELLOW)[:, None, None]
    picture[0, :, 10:18, 44:52] = 0.05
    return picture


def empty() -> Look:
    return Look(torch.full((3, 64, 64), FLOOR), torch.zeros(64, 64))


def test_places_are_those_on_the_floor() -> None:
    found = attend(scene(), empty(), CAMERA)
    middles = torch.tensor([[20 / 32 - 1, 40 / 32 - 1], [48 / 32 - 1, 14 / 32 - 1]])
    for place, seen, height in ((found.table, middles[:1], 0.5), (found.robot, middles[1:], 0.4)):
        assert (place - CAMERA.floor_at(seen, height=height)).abs().max() < 0.05


def test_a_second_hue_is_told_from_the_first() -> None:
    one, two = (attend(scene(second=there), empty(), CAMERA) for there in (False, True))
    for found in (one, two):
        assert torch.allclose(found.hue, torch.tensor([[-0.5, -(3**0.5) / 2]]), atol=1e-3)
    assert one.second.norm() == 0
    assert torch.allclose(two.second, -two.hue, atol=1e-3)


def test_turning_all_hues_turns_both_hues_and_nothing_else() -> None:
    picture = scene(second=True)
    before, after = (attend(x, empty(), CAMERA) for x in (picture, picture.roll(1, dims=1)))
    third = torch.tensor([[np.cos(2 * np.pi / 3), np.sin(2 * np.pi / 3)]], dtype=torch.float32)
    assert torch.allclose(after.hue, turned(before.hue, third), atol=1e-5)
    assert torch.allclose(after.second, turned(before.second, third), atol=1e-5)
    assert torch.allclose(after.table, before.table, atol=1e-5)
    assert torch.allclose(after.robot, before.robot, atol=1e-5)
    assert torch.allclose(after.shown, before.shown, atol=1e-5)


def test_the_light_moves_nothing() -> None:
    before, after = (attend(gain * scene(), empty(), CAMERA) for gain in (1.0, 1.1))
    assert torch.allclose(before.robot, after.robot, atol=0.02)
    assert torch.allclose(before.table, after.table, atol=1e-4)
    assert light(1.1 * scene(), torch.full((64, 64), FLOOR)) == pytest.approx(1.1)


def test_the_look_of_a_scene_is_what_stands_still() -> None:
    pictures = torch.cat(
        [scene(place=(12 + 5 * i, 10 + 4 * i)) * (0.9 + 0.02 * i) for i in range(9)]
    )
    pictures[:5, :, 10:18, 44:52] = FLOOR * (0.9 + 0.02 * torch.arange(5))[:, None, None, None]
    look = look_of(pictures)
    assert (look.median / look.median[:, :1, :1] - 1).abs().max() < 1e-4
    assert look.spread.max() < 0.01


def test_a_picture_without_anything_still_gives_numbers() -> None:
    for grey in (0.0, FLOOR, 1.0):
        found = attend(torch.full((2, 3, 64, 64), grey), empty(), CAMERA)
        assert all(torch.isfinite(part).all() for part in found)


def test_a_turned_crop_is_the_crop_of_a_turned_thing() -> None:
    points = torch.tensor([[1.0, 2.0], [-0.5, 0.25]])
    direction = torch.tensor([[0.6, 0.8]])
    assert torch.allclose(turned_back(turned(points, direction), direction), points, atol=1e-6)
    place, shown = torch.tensor([[0.3, -0.7]]), torch.zeros(1, 1, 64, 64)
    # A dot on the floor ahead of the place is seen to the right in a crop that faces it.
    ahead = CAMERA.seen_at(place + 0.6 * direction, height=0.4)
    column, row = ((ahead[0] + 1) * 32).long().tolist()
    shown[0, 0, row, column] = 1.0
    crop = crops(shown, place, direction, camera=CAMERA, height=0.4, reach=1.2)[0, 0]
    weight = crop / crop.sum()
    ticks = (torch.arange(24) + 0.5) / 12 - 1
    assert (weight.sum(0) @ ticks * 1.2).item() == pytest.approx(0.6, abs=0.08)
    assert (weight.sum(1) @ ticks).item() == pytest.approx(0.0, abs=0.08)
