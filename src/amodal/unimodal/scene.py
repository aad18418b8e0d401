"""The factory's default image model: an autoencoder that knows what stands still and what moves.

A camera that stands still sees a grey scene with one coloured thing and one grey thing in it.
Places and hues are found without a network (scene_attention.py). Two small networks for each
thing then look at a crop that is laid out on the floor around it (scene_crops.py): one reads its
direction, trained by turning the crop (Dangovski et al. 2022, arXiv 2111.00899), the other a short
code of whatever else is to be seen in the crop once it is turned to the front, trained as a
conditional beta-VAE (scene_training.py). A drawing (scene_drawing.py) is trained on the frozen
blocks. The light is no part of the latents.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from amodal.specification import Block, LatentSpec
from amodal.typing import Float
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.convolutions import convolutional_encoder
from amodal.unimodal.images import checked_images, to_bytes, to_tensor
from amodal.unimodal.scene_attention import (
    ROBOT_HEIGHT,
    TABLE_HEIGHT,
    Found,
    Look,
    attend,
)
from amodal.unimodal.scene_camera import Camera
from amodal.unimodal.scene_crops import CROP, crops
from amodal.unimodal.scene_drawing import SceneDrawing

REACHES = {"table": 0.95, "robot": 1.15}
"""Half the width of each thing's crop, in units of the floor."""
HEIGHTS = {"table": TABLE_HEIGHT, "robot": ROBOT_HEIGHT}
THINGS = ("table", "robot")
CODED = {"table": 4, "robot": 2}
"""Channels of the crop that each thing's form is read from; the robot has no colour."""


class SceneAutoencoder(UnimodalModel):
    """Images <-> place, direction and form of a table and a robot, and two hues.

    Places, the second hue and the forms are centred and divided by one number for the whole block;
    directions and the table's hue are unit vectors.

    Args:
        name: what the model is called.
        side: pixels of its images.
        table_form: numbers of the table's code.
        robot_form: numbers of the robot's code.
        width: channels of the networks' first layers.
        camera: that sees the scene; a `Camera` or its JSON.
    """

    kind = "scene"
    median: Tensor
    spread: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(
        self,
        name: str = "factory/image",
        *,
        side: int = 64,
        table_form: int = 2,
        robot_form: int = 5,
        width: int = 12,
        camera: Any = None,
    ) -> None:
        super().__init__(name, scene_blocks(table_form, robot_form))
        self.side, self.width = side, width
        self.forms = {"table": table_form, "robot": robot_form}
        self.camera = camera if isinstance(camera, Camera) else Camera(**(camera or {}))
        self.compasses = nn.ModuleDict({thing: self._network(2, 2) for thing in THINGS})
        self.coders = nn.ModuleDict(
            {thing: self._network(CODED[thing], 2 * self.forms[thing]) for thing in THINGS}
        )
        # Without this a constant direction is a saddle that training leaves late or never.
        self.balances = nn.ModuleDict({thing: nn.BatchNorm1d(2, affine=False) for thing in THINGS})
        self.drawing = SceneDrawing(self.forms, REACHES, side=side)
        self.register_buffer("median", torch.zeros(3, side, side))
        self.register_buffer("spread", torch.zeros(side, side))
        self.register_buffer("centre", torch.zeros(self.specification.dim))
        self.register_buffer("scale", torch.ones(self.specification.dim))

    def _network(self, channels: int, out: int) -> nn.Sequential:
        return convolutional_encoder(channels=channels, side=CROP, width=self.width, out=out)

    def settings(self) -> dict[str, Any]:
        """See `UnimodalModel.settings`."""
        return {
            "side": self.side,
            "table_form": self.forms["table"],
            "robot_form": self.forms["robot"],
            "width": self.width,
            "camera": self.camera.to_json(),
        }

    def check(self, raw: Any) -> Any:
        """See `UnimodalModel.check`."""
        return checked_images(raw, side=self.side, name=self.name)

    def find(self, images: Float[Tensor, "batch 3 side side"]) -> Found:
        """Places and hues, without a network."""
        return attend(images, Look(self.median, self.spread), self.camera)

    def crop(
        self,
        thing: str,
        shown: Float[Tensor, "batch 4 side side"],
        place: Float[Tensor, "batch 2"],
        direction: Float[Tensor, "batch 2"],
    ) -> Float[Tensor, "batch 4 crop crop"]:
        """A closer look at a thing, turned so that `direction` lies to the right."""
        return crops(
            shown,
            place,
            direction,
            camera=self.camera,
            height=HEIGHTS[thing],
            reach=REACHES[thing],
        )

    def direction(
        self, thing: str, crop: Float[Tensor, "batch 4 crop crop"]
    ) -> Float[Tensor, "batch 2"]:
        """Unit vectors from a crop's right-hand side; gradients flow."""
        raw = self.compasses[thing](without_hues(crop)).float()
        return functional.normalize(self.balances[thing](raw), dim=1)

    def code(
        self, thing: str, crop: Float[Tensor, "batch 4 crop crop"]
    ) -> Float[Tensor, "batch code"]:
        """Means of a form, then logarithms of variances; gradients flow."""
        return self.coders[thing](crop if thing == "table" else without_hues(crop)).float()

    def measure(self, images: Float[Tensor, "batch 3 side side"]) -> dict[str, Tensor]:
        """The blocks in natural units."""
        found = self.find(images)
        blocks = {"table hue": found.hue, "second hue": found.second}
        blocks["second hue there"] = found.second.norm(dim=1, keepdim=True)
        for thing, place in (("table", found.table), ("robot", found.robot)):
            level = torch.tensor([[1.0, 0.0]], device=place.device).expand_as(place)
            turn = self.direction(thing, self.crop(thing, found.shown, place, level))
            front = self.crop(thing, found.shown, place, turn)
            blocks |= {f"{thing} place": place, f"{thing} direction": turn}
            blocks[f"{thing} form"] = self.code(thing, front)[:, : self.forms[thing]]
        return blocks

    def joined(self, blocks: dict[str, Tensor]) -> Float[Tensor, "batch dim"]:
        """The blocks side by side, still in natural units."""
        return torch.cat([blocks[block.name] for block in self.specification.blocks], 1)

    def set_units(self, raw: Float[Tensor, "row dim"]) -> None:
        """Choose every block's centre and scale from joined blocks of training images."""
        for block, columns in self.specification.parts():
            if block.kind != "circular":
                self.centre[columns] = raw[:, columns].mean(0)
                # The largest spread in the block: smaller ones stay small.
                self.scale[columns] = raw[:, columns].std(0).max().clamp_min(1e-6)

    def encode_batch(self, raw: np.ndarray) -> Float[Tensor, "batch dim"]:
        """See `UnimodalModel.encode_batch`."""
        images = to_tensor(raw).to(self.centre.device)
        return (self.joined(self.measure(images)) - self.centre) / self.scale

    def draw(self, latents: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch 3 side side"]:
        """Images of latents, about in [0, 1]; gradients flow."""
        raw = latents * self.scale + self.centre
        blocks = {block.name: raw[:, columns] for block, columns in self.specification.parts()}
        for thing in THINGS:
            name = f"{thing} direction"
            blocks[name] = functional.normalize(blocks[name], dim=1)
            # In the units of the latents, where the spread is one.
            blocks[f"{thing} form"] = latents[:, self.specification.columns(f"{thing} form")]
        blocks["table hue"] = functional.normalize(blocks["table hue"], dim=1)
        floors = {
            thing: self.camera.floor_of_pixels(self.side, height=HEIGHTS[thing]).to(raw)
            for thing in THINGS
        }
        return self.drawing(blocks, self.median, floors)

    def decode_batch(self, latents: Float[Tensor, "batch dim"]) -> np.ndarray:
        """See `UnimodalModel.decode_batch`."""
        return to_bytes(self.draw(latents))


def without_hues(
    crop: Float[Tensor, "batch 4 crop crop"],
) -> Float[Tensor, "batch 2 crop crop"]:
    """The difference of brightness where there is no colour, and where there is colour.

    A network that sees hues finds a direction for each mixture of them, and not one for all.
    """
    return torch.cat([crop[:, 2:3] * (1 - crop[:, 3:]), crop[:, 3:]], 1)


def scene_blocks(table_form: int, robot_form: int) -> LatentSpec:
    """The blocks of the latents of a scene."""
    return LatentSpec(
        (
            Block("table place", "continuous", 2),
            Block("table direction", "circular", 2),
            Block("table hue", "circular", 2),
            # Not circular: without a second hue it is (0, 0), which lies on no circle.
            Block("second hue", "continuous", 2),
            Block("second hue there", "continuous", 1),
            Block("table form", "continuous", table_form),
            Block("robot place", "continuous", 2),
            Block("robot direction", "circular", 2),
            Block("robot form", "continuous", robot_form),
        )
    )
