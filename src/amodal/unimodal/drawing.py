"""Draw an object from its latent blocks: a form, laid at its place, turned, sized and coloured.

The counterpart of attending before reading. A small network unfolds the form into a relief, a
smooth map that is above 0 inside the object; the relief is laid on the canvas where place, size
and orientation say; and a pixel is covered as far as the relief, in pixels, is above 0. So a
block that is a little wrong moves the drawing a little, and nothing else.
"""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from amodal.typing import Float

REACH = 1.7
"""Half the width of the relief, in roots of the object's area."""


class Drawing(nn.Module):
    """Blocks -> images.

    Args:
        form: numbers of the form block.
        relief: side of the relief in cells.
        width: units of the hidden layers.
    """

    def __init__(self, form: int, *, relief: int = 24, width: int = 128) -> None:
        super().__init__()
        self.relief = relief
        self.unfold = nn.Sequential(
            nn.Linear(form, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU()
        )
        self.to_relief = nn.Linear(width, relief * relief)
        # Starts as a cone: a round blob of about the object's area.
        ticks = (torch.arange(relief) + 0.5) * 2 * REACH / relief - REACH
        cone = 0.56 - (ticks[:, None] ** 2 + ticks[None, :] ** 2).sqrt()
        with torch.no_grad():
            self.to_relief.weight.mul_(0.1)
            self.to_relief.bias.copy_(cone.flatten())
        # How steeply a pixel fills as the edge crosses it, and how the fill is bent.
        self.steepness = nn.Parameter(torch.tensor(4.0))
        self.brightness = nn.Parameter(torch.tensor(1.0))

    def forward(
        self,
        blocks: dict[str, Tensor],
        side: int,
    ) -> Float[Tensor, "batch 3 side side"]:
        """Images of `side` pixels from the blocks place, size, orientation, colour and form."""
        n = len(blocks["place"])
        relief = self.to_relief(self.unfold(blocks["form"])).view(n, 1, self.relief, self.relief)
        root = blocks["size"].exp()[:, :, None]
        grid = functional.affine_grid(_window(blocks, root), [n, 1, side, side], False)
        height = functional.grid_sample(relief, grid, padding_mode="border", align_corners=False)
        pixels = height * root[..., None] * side / 2
        covered = torch.sigmoid(self.steepness * pixels)
        return covered * (self.brightness * blocks["colour"])[:, :, None, None]


def _window(
    blocks: dict[str, Tensor], root: Float[Tensor, "batch 1 1"]
) -> Float[Tensor, "batch 2 3"]:
    """For each pixel of the canvas, where in the relief to look: the placing, inverted."""
    cosine, sine = blocks["orientation"].unbind(1)
    turned_back = torch.stack(
        [torch.stack([cosine, sine], -1), torch.stack([-sine, cosine], -1)], -2
    )
    inverse = turned_back / (root * REACH)
    return torch.cat([inverse, -inverse @ blocks["place"][:, :, None]], 2)
