"""Closer looks at a thing: crops that are laid out on the floor, around it, turned as asked."""

import torch
import torch.nn.functional as functional
from torch import Tensor

from amodal.typing import Float
from amodal.unimodal.scene_camera import Camera

CROP = 24
"""Side of a crop in pixels."""


def crops(
    shown: Float[Tensor, "n channel side side"],
    place: Float[Tensor, "n 2"],
    direction: Float[Tensor, "n 2"],
    *,
    camera: Camera,
    height: float,
    reach: float,
) -> Float[Tensor, "n channel crop crop"]:
    """What is shown around a place on the floor, seen from straight above, as far as that goes.

    Args:
        shown: what to crop from.
        place: the middle of each crop, on the floor.
        direction: unit vectors on the floor; a crop's right-hand side lies there.
        camera: which sees the scene.
        height: of the level plane that is laid out.
        reach: half the width of a crop, in units of the floor.
    """
    ticks = ((torch.arange(CROP, device=shown.device) + 0.5) * 2 / CROP - 1) * reach
    across, down = torch.meshgrid(ticks, ticks, indexing="xy")
    # Rows go down, the floor's second axis goes up, away from the camera.
    points = turned(torch.stack([across, -down], -1)[None], direction[:, None, None])
    grid = camera.seen_at(points + place[:, None, None], height=height)
    return functional.grid_sample(shown, grid, align_corners=False)


def turned(
    vectors: Float[Tensor, "*rows 2"], direction: Float[Tensor, "*others 2"]
) -> Float[Tensor, "*all 2"]:
    """Vectors turned by the angles of unit vectors, anticlockwise: complex products.

    Example:
        >>> turned(torch.tensor([[0.0, 2.0]]), torch.tensor([[0.0, 1.0]]))
        tensor([[-2.,  0.]])
    """
    x, y = vectors.unbind(-1)
    cosine, sine = direction.unbind(-1)
    return torch.stack([x * cosine - y * sine, x * sine + y * cosine], -1)


def turned_back(
    vectors: Float[Tensor, "*rows 2"], direction: Float[Tensor, "*others 2"]
) -> Float[Tensor, "*all 2"]:
    """The inverse of `turned`."""
    return turned(vectors, direction * direction.new_tensor([1.0, -1.0]))
