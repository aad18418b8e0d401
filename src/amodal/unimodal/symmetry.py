"""The default image model: an autoencoder whose latent blocks move as the image is moved.

Place, size and colour are read from moments of the brightness, orientation and form by a small
network that looks at a centred, sized, normalised patch (attention.py). The network is trained on
pairs of views without any label (symmetry_training.py), after Dangovski et al. 2022 (Equivariant
Self-Supervised Learning, arXiv 2111.00899); the table of symmetries (views.py) is all that is
assumed. A drawing (drawing.py) is then trained on the frozen blocks.

Few matches read such latents well, where those of an autoencoder that only reconstructs need
thousands: every factor has columns of its own.
"""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from amodal.specification import Block, LatentSpec
from amodal.typing import Float
from amodal.unimodal.attention import moments, patches
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.convolutions import convolutional_encoder
from amodal.unimodal.drawing import Drawing
from amodal.unimodal.images import checked_images, to_bytes, to_tensor
from amodal.unimodal.views import SYMMETRIES, Symmetry

PATCH, REACH = 24, 1.5
"""Side of a patch in pixels, and half the width of what it shows in roots of the object's area."""


class SymmetryAutoencoder(UnimodalModel):
    """Images <-> place (2), size (1), orientation (2), colour (3), form.

    Latents are measured so that a unit means the same in every block: place, size, colour and
    form are each centred and divided by one number for the whole block, the orientation is a
    unit vector. Dead directions of the form are never scaled up.

    Args:
        name: what the model is called.
        side: pixels of its images.
        form: numbers kept of the code, along its principal directions.
        code: numbers that the network gives before that.
        width: channels of the network's first layer.
        symmetries: what was assumed in training; rows of `Symmetry` or their JSON.
    """

    kind = "symmetry"
    directions: Tensor
    code_centre: Tensor
    centre: Tensor
    scale: Tensor

    def __init__(
        self,
        name: str = "shapes/image",
        *,
        side: int = 32,
        form: int = 8,
        code: int = 16,
        width: int = 24,
        symmetries: Any = SYMMETRIES,
    ) -> None:
        sizes = {"place": 2, "size": 1, "orientation": 2, "colour": 3, "form": form}
        kinds = {"orientation": "circular"}
        blocks = [Block(key, kinds.get(key, "continuous"), n) for key, n in sizes.items()]  # pyright: ignore[reportArgumentType]
        super().__init__(name, LatentSpec(tuple(blocks)))
        self.side, self.form, self.code, self.width = side, form, code, width
        self.symmetries: tuple[Symmetry, ...] = tuple(
            row if isinstance(row, Symmetry) else Symmetry.from_json(row) for row in symmetries
        )
        self.network = convolutional_encoder(channels=1, side=PATCH, width=width, out=2 + code)
        # Without this a constant direction is a saddle that training leaves late or never.
        self.balance = nn.BatchNorm1d(2, affine=False)
        self.drawing = Drawing(form)
        self.register_buffer("directions", torch.eye(code)[:, :form].contiguous())
        self.register_buffer("code_centre", torch.zeros(code))
        self.register_buffer("centre", torch.zeros(self.specification.dim))
        self.register_buffer("scale", torch.ones(self.specification.dim))

    def settings(self) -> dict[str, Any]:
        """See `UnimodalModel.settings`."""
        return {
            "side": self.side,
            "form": self.form,
            "code": self.code,
            "width": self.width,
            "symmetries": [row.to_json() for row in self.symmetries],
        }

    def check(self, raw: Any) -> Any:
        """See `UnimodalModel.check`."""
        return checked_images(raw, side=self.side, name=self.name)

    def measure(self, images: Float[Tensor, "batch 3 side side"]) -> dict[str, Tensor]:
        """The blocks in natural units, the form as the whole code; gradients flow."""
        found = moments(images)
        seen = self.network(patches(images, found, side=PATCH, reach=REACH))
        return {
            "place": found.place,
            "size": found.size,
            "orientation": functional.normalize(self.balance(seen[:, :2]), dim=1),
            "colour": found.colour,
            "form": seen[:, 2:],
        }

    def set_units(self, images: Float[Tensor, "batch 3 side side"]) -> None:
        """Choose the form's directions and every block's centre and scale from training images."""
        with torch.no_grad():
            blocks = self.measure(images)
            code = blocks["form"]
            self.code_centre.copy_(code.mean(0))
            _, _, directions = torch.linalg.svd(code - self.code_centre, full_matrices=False)
            self.directions.copy_(directions[: self.form].T)
            raw = self._joined(blocks)
            for block, columns in self.specification.parts():
                if block.kind == "circular":
                    continue
                part = raw[:, columns]
                self.centre[columns] = part.mean(0)
                # The largest spread in the block: smaller ones stay small.
                self.scale[columns] = part.std(0).max().clamp_min(1e-6)

    def _joined(self, blocks: dict[str, Tensor]) -> Float[Tensor, "batch dim"]:
        form = (blocks["form"] - self.code_centre) @ self.directions
        return torch.cat([*(blocks[b.name] for b in self.specification.blocks[:-1]), form], 1)

    def encode_batch(self, raw: np.ndarray) -> Float[Tensor, "batch dim"]:
        """See `UnimodalModel.encode_batch`."""
        images = to_tensor(raw).to(self.centre.device)
        return (self._joined(self.measure(images)) - self.centre) / self.scale

    def draw(self, latents: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch 3 side side"]:
        """Images in [0, 1] of latents; gradients flow."""
        raw = latents * self.scale + self.centre
        blocks = {b.name: raw[:, columns] for b, columns in self.specification.parts()}
        blocks["orientation"] = functional.normalize(blocks["orientation"], dim=1)
        # The form enters in the units of the latents, where its spread is one.
        blocks["form"] = latents[:, self.specification.columns("form")]
        # A wild latent must not draw an infinite object.
        blocks["size"] = blocks["size"].clamp(-4.0, 0.7)
        return self.drawing(blocks, self.side)

    def decode_batch(self, latents: Float[Tensor, "batch dim"]) -> np.ndarray:
        """See `UnimodalModel.decode_batch`."""
        return to_bytes(self.draw(latents))
