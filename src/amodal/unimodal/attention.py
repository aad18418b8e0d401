"""Where the object of an image is, how large, what colour; and the patch that shows it closely.

Read from moments of the brightness, so a block follows a shift, a scaling, a permutation of the
channels exactly, before anything is learnt. Attending before reading is the idea of spatial
transformers (Jaderberg et al. 2015, arXiv 1506.02025): a network that sees the object centred
and at one size learns its orientation in seconds, one that sees the whole image may never.

Assumed: one object, brighter than its ground.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as functional
from torch import Tensor

from amodal.typing import Float

FAINT = 1e-4
"""Brightness below this counts as none: a black image gets a centred object of one pixel."""


class Moments(NamedTuple):
    """What the brightness of an image says at once."""

    place: Tensor
    """(batch, 2): centroid in half sides, x to the right and y downwards, 0 at the centre."""
    size: Tensor
    """(batch, 1): natural logarithm of the root of the object's area, in half sides."""
    colour: Tensor
    """(batch, 3): the mean colour of the object, each channel in [0, 1]."""
    peak: Tensor
    """(batch,): brightness of the object's inside."""


def moments(images: Float[Tensor, "batch 3 side side"]) -> Moments:
    """Centroid, logarithm of the size and mean colour of the bright object in each image.

    The inside is where the brightness m is highest, so colours are weighted by m^4: pixels on
    the edge, half ground, hardly count. The area is the sum of m over its value inside.

    Example:
        >>> image = torch.zeros(1, 3, 8, 8)
        >>> image[:, 0, 2:6, 4:8] = 1.0
        >>> found = moments(image)
        >>> found.place, found.size.exp(), found.colour.round()
        (tensor([[0.5000, 0.0000]]), tensor([[1.]]), tensor([[1., 0., 0.]]))
    """
    side = images.shape[-1]
    ticks = (torch.arange(side, device=images.device) + 0.5) * 2 / side - 1
    brightness = images.mean(1)
    mass = brightness.sum((1, 2)).clamp_min(FAINT)
    across, down = brightness.sum(1) @ ticks, brightness.sum(2) @ ticks
    inside = brightness.pow(4)
    total = inside.sum((1, 2)).clamp_min(FAINT**4)
    colour = torch.einsum("bcij,bij->bc", images, inside) / total[:, None]
    peak = colour.mean(1).clamp_min(FAINT)
    area = (mass / peak).clamp_min(1.0)
    size = 0.5 * area.log() - torch.log(torch.tensor(side / 2))
    return Moments(torch.stack([across, down], 1) / mass[:, None], size[:, None], colour, peak)


def patches(
    images: Float[Tensor, "batch 3 side side"], found: Moments, *, side: int, reach: float
) -> Float[Tensor, "batch 1 patch patch"]:
    """The brightness around each object, centred, at one size, and 1 inside.

    Args:
        images: in [0, 1].
        found: their moments.
        side: pixels of a patch.
        reach: half the width of what a patch shows, in roots of the object's area.
    """
    n = len(images)
    half = found.size.exp()[:, :, None] * reach
    window = torch.cat([torch.eye(2, device=images.device) * half, found.place[:, :, None]], 2)
    grid = functional.affine_grid(window, [n, 1, side, side], align_corners=False)
    brightness = images.mean(1, keepdim=True) / found.peak[:, None, None, None]
    return functional.grid_sample(brightness, grid, align_corners=False)
