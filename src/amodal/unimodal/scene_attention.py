"""Find the coloured thing and the grey one in a picture of a scene that else stands still.

The scene's own look is the median of many pictures, up to the light. The coloured thing is where
there is colour; its hue is the commonest one in the picture, and a second hue may be on it. The
grey thing is where the picture differs from the scene's look and has no colour. No network:
turning all hues of a picture turns both hues, and moves nothing else.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor

from amodal.typing import Float
from amodal.unimodal.scene_camera import Camera

PALE, VIVID = 0.1, 0.25
"""Chroma (largest channel less smallest) from which a pixel counts as coloured, and fully so."""
HUES = 72
"""Cells of the histogram of hues; a multiple of three, so that channels can be exchanged."""
SAME, OTHER = 0.15, 0.35
"""Distance of hues in radians up to which they are one, and from which they are two."""
ENOUGH = 6.0
"""Pixels of a second hue that count as much as many."""
SLIGHT, STRONG = 0.06, 0.25
"""Difference from the scene's look that counts as none, and as much as any larger one."""
NEAR = 0.6
"""How far around the grey thing to look, in units of the floor: a standard deviation."""
TABLE_HEIGHT, ROBOT_HEIGHT = 0.5, 0.4
"""Of the level planes in which the things are placed."""


class Look(NamedTuple):
    """How the scene looks when nothing is in it, in the middle of all lights."""

    median: Tensor
    """(3, side, side), in [0, 1]."""
    spread: Tensor
    """(side, side): median absolute difference of the brightness; large where light plays."""


class Found(NamedTuple):
    """What is seen in each picture of a batch."""

    table: Tensor
    """(batch, 2): place of the coloured thing on the floor."""
    hue: Tensor
    """(batch, 2): its hue as cosine and sine."""
    second: Tensor
    """(batch, 2): the second hue likewise, shorter the fewer its pixels, 0 without one."""
    robot: Tensor
    """(batch, 2): place of the grey thing on the floor."""
    shown: Tensor
    """(batch, 4, side, side): colour along the hue, colour across it, difference of brightness
    from the scene's look, and 1 where there is colour."""


def look_of(pictures: Float[Tensor, "n 3 side side"]) -> Look:
    """The look of the scene from many pictures, in which things stand here and there."""
    rough = pictures.median(0).values.mean(0)
    lights = light(pictures, rough)[:, None, None]
    median = (pictures / lights[:, None]).median(0).values
    spread = (pictures.mean(1) / lights - median.mean(0)).abs().median(0).values
    return Look(median, spread)


def light(
    pictures: Float[Tensor, "n 3 side side"], brightness: Float[Tensor, "side side"]
) -> Float[Tensor, " n"]:
    """How bright each picture is beside the scene's look: a median, so things hardly count."""
    ratio = pictures.mean(1) / brightness.clamp_min(0.02)
    return ratio.flatten(1).median(1).values.clamp_min(0.05)


def attend(pictures: Float[Tensor, "n 3 side side"], look: Look, camera: Camera) -> Found:
    """Places and hues of the two things, and what a closer look needs."""
    side = pictures.shape[-1]
    colour, chroma = _colours(pictures)
    hue = _commonest(colour, chroma)
    along, across = _turned_back(colour, hue)
    off = torch.atan2(across, along)
    same = chroma * torch.exp(-0.5 * (off / (SAME + 0.1)).square())
    hue = functional.normalize(torch.einsum("bcij,bij->bc", colour, same) + 1e-6 * hue, dim=1)
    along, across = _turned_back(colour, hue)
    off = torch.atan2(across, along).abs()
    other = chroma * ((off - SAME) / (OTHER - SAME)).clamp(0, 1)
    total = torch.einsum("bcij,bij->bc", colour, other)
    much = (other.sum((1, 2)) / ENOUGH).clamp(0, 1)
    second = functional.normalize(total, dim=1) * much[:, None]
    table_floor = camera.floor_of_pixels(side, height=TABLE_HEIGHT).to(pictures.device)
    table = _middle(chroma, table_floor)
    brightness = look.median.mean(0)
    lights = light(pictures, brightness)[:, None, None]
    difference = pictures.mean(1) / lights - brightness
    edge = functional.max_pool2d(chroma[:, None], 3, 1, 1)[:, 0]
    strange = (difference.abs() - SLIGHT - 4 * look.spread).clamp(0, STRONG) * (1 - edge)
    robot_floor = camera.floor_of_pixels(side, height=ROBOT_HEIGHT).to(pictures.device)
    robot = _nearby(strange, robot_floor)
    shown = torch.stack([along * chroma, across * chroma, difference, chroma], 1)
    return Found(table, hue, second, robot, shown)


def _colours(
    pictures: Float[Tensor, "n 3 side side"],
) -> tuple[Float[Tensor, "n 2 side side"], Float[Tensor, "n side side"]]:
    """The hue of each pixel as a unit vector, and how coloured it is, in [0, 1]."""
    angles = torch.arange(3, device=pictures.device) * (2 * math.pi / 3)
    wheel = torch.stack([angles.cos(), angles.sin()])
    colour = functional.normalize(torch.einsum("kc,bcij->bkij", wheel, pictures), dim=1)
    chroma = pictures.amax(1) - pictures.amin(1)
    return colour, ((chroma - PALE) / (VIVID - PALE)).clamp(0, 1)


def _commonest(
    colour: Float[Tensor, "n 2 side side"], chroma: Float[Tensor, "n side side"]
) -> Float[Tensor, "n 2"]:
    """The hue around which most colour lies, as a cosine and a sine."""
    turn = torch.atan2(colour[:, 1], colour[:, 0]) / (2 * math.pi)
    cell = (turn * HUES).round().long().remainder(HUES).flatten(1)
    counts = torch.zeros(len(colour), HUES, device=colour.device)
    counts = counts.scatter_add(1, cell, chroma.flatten(1))
    # Added up over a window, so that a hue between two cells loses nothing.
    window = sum((counts.roll(shift, 1) for shift in (-2, -1, 1, 2)), counts)
    best = (window + 0.1 * counts).argmax(1) * (2 * math.pi / HUES)
    return torch.stack([best.cos(), best.sin()], 1)


def _turned_back(
    colour: Float[Tensor, "n 2 side side"], hue: Float[Tensor, "n 2"]
) -> tuple[Float[Tensor, "n side side"], Float[Tensor, "n side side"]]:
    """Cosine and sine of each pixel's hue less the given one."""
    cosine, sine = hue[:, 0, None, None], hue[:, 1, None, None]
    x, y = colour.unbind(1)
    return x * cosine + y * sine, y * cosine - x * sine


def _middle(
    weight: Float[Tensor, "n side side"], floor: Float[Tensor, "*rows 2"]
) -> Float[Tensor, "n 2"]:
    total = weight.sum((1, 2)).clamp_min(1e-3)
    places = floor.expand(len(weight), *weight.shape[1:], 2)
    return torch.einsum("bij,bijc->bc", weight, places) / total[:, None]


def _nearby(
    weight: Float[Tensor, "n side side"], floor: Float[Tensor, "side side 2"]
) -> Float[Tensor, "n 2"]:
    """The middle of the heaviest spot: what differs elsewhere does not pull at it."""
    crowd = functional.avg_pool2d(weight[:, None], 9, 1, 4)[:, 0]
    place = floor.flatten(0, 1)[crowd.flatten(1).argmax(1)]
    for _ in range(4):
        far = (floor - place[:, None, None]).square().sum(-1)
        place = _middle(weight * torch.exp(-0.5 * far / NEAR**2), floor)
    return place
