"""Draw a scene from its latent blocks: two things, laid over the scene's own look.

The counterpart of looking closer. For each thing a small network draws a patch that faces to the
right: how much of each pixel is covered, and with what. The patch is laid on the floor where
place and direction say, and the nearer thing lies over the other. So a block that is a little
wrong moves the drawing a little, and nothing else.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from amodal.typing import Float
from amodal.unimodal.convolutions import convolutional_decoder
from amodal.unimodal.scene_crops import CROP, turned_back

CHANNELS = 4
"""Of a patch: covered, grey, the table's hue, the second hue."""


class SceneDrawing(nn.Module):
    """Blocks -> images.

    Args:
        forms: numbers of the form of "table" and of "robot".
        reaches: half the width of their patches, in units of the floor.
        side: pixels of the images.
        width: channels of the networks' last layers.
    """

    def __init__(
        self,
        forms: Mapping[str, int],
        reaches: Mapping[str, float],
        *,
        side: int,
        width: int = 12,
    ) -> None:
        super().__init__()
        self.reaches = dict(reaches)
        # Beside the form: direction and place, for what rises leans; the second hue and whether.
        dims = {"table": forms["table"] + 7, "robot": forms["robot"] + 4}
        self.patches = nn.ModuleDict(
            {
                thing: convolutional_decoder(channels=CHANNELS, side=CROP, width=width, dim=dim)
                for thing, dim in dims.items()
            }
        )
        self.palette = nn.Sequential(nn.Linear(2, 48), nn.SiLU(), nn.Linear(48, 3))

    def forward(
        self,
        blocks: dict[str, Tensor],
        median: Float[Tensor, "3 side side"],
        floors: dict[str, Tensor],
    ) -> Float[Tensor, "batch 3 side side"]:
        """Images from blocks in natural units.

        Args:
            blocks: see `scene.SceneAutoencoder`.
            median: the scene's own look.
            floors: for each thing, where on its level plane each pixel's ray ends.
        """
        table, robot = (self._laid(thing, blocks, floors[thing]) for thing in ("table", "robot"))
        nearer = blocks["robot place"][:, 1] < blocks["table place"][:, 1]
        first = [
            torch.where(nearer[:, None, None, None], *pair)
            for pair in zip(table, robot, strict=True)
        ]
        last = [
            torch.where(nearer[:, None, None, None], *pair)
            for pair in zip(robot, table, strict=True)
        ]
        picture = median.expand(len(nearer), -1, -1, -1)
        for covered, colours in (first, last):
            picture = picture + covered * (colours - picture)
        return picture

    def _laid(
        self, thing: str, blocks: dict[str, Tensor], floor: Float[Tensor, "side side 2"]
    ) -> tuple[Float[Tensor, "batch 1 side side"], Float[Tensor, "batch 3 side side"]]:
        """How far a thing covers each pixel, and in which colours."""
        place, direction = blocks[f"{thing} place"], blocks[f"{thing} direction"]
        known = [blocks[f"{thing} form"], direction, place]
        if thing == "table":
            second = turned_back(blocks["second hue"], blocks["table hue"])
            known += [second, blocks["second hue there"]]
        patch = self.patches[thing](torch.cat(known, 1)).float()
        points = turned_back(floor - place[:, None, None], direction[:, None, None])
        grid = points * points.new_tensor([1.0, -1.0]) / self.reaches[thing]
        covered, grey, own, other = functional.grid_sample(
            # A little more than nothing is laid around the patch: nothing is covered there.
            torch.cat([patch[:, :1].sigmoid(), patch[:, 1:]], 1),
            grid,
            align_corners=False,
        ).split(1, dim=1)
        colours = grey.expand(-1, 3, -1, -1)
        if thing == "table":
            hues = (blocks["table hue"], blocks["second hue"])
            for amount, hue in zip((own, other), hues, strict=True):
                colours = colours + amount * self.palette(hue)[:, :, None, None]
        return covered, colours
