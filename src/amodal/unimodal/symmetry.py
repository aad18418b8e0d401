"""The default image model: an autoencoder whose latent blocks move as the image is moved.

Place, size and colour are read from moments of the brightness, orientation and form by two small
networks that look at a centred, sized, normalised patch (attention.py). The networks are trained
on pairs of views without any label (symmetry_training.py), after Dangovski et al. 2022
(Equivariant Self-Supervised Learning, arXiv 2111.00899); the table of symmetries (views.py) is
all that is assumed. A drawing (drawing.py) is then trained on the frozen blocks.

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
from amodal.unimodal.attention import Moments, moments, patches
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
        form: numbers kept of the code, along the directions that views change least.
        code: numbers that the form's network gives before that.
        width: channels of the networks' first layers.
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
        form: int = 4,
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
        self.compass = convolutional_encoder(channels=1, side=PATCH, width=width, out=2)
        self.coder = convolutional_encoder(channels=1, side=PATCH, width=width, out=code)
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

    def attend(
        self, images: Float[Tensor, "batch 3 side side"]
    ) -> tuple[Moments, Float[Tensor, "batch 1 patch patch"]]:
        """Moments of the images, and the patches that they point to."""
        found = moments(images)
        return found, patches(images, found, side=PATCH, reach=REACH)

    def direction(self, patch: Float[Tensor, "batch 1 patch patch"]) -> Float[Tensor, "batch 2"]:
        """Unit vectors along the objects; gradients flow."""
        return functional.normalize(self.balance(self.compass(patch)), dim=1)

    def measure(self, images: Float[Tensor, "batch 3 side side"]) -> dict[str, Tensor]:
        """The blocks in natural units, the form as the whole code."""
        found, patch = self.attend(images)
        return {
            "place": found.place,
            "size": found.size,
            "orientation": self.direction(patch),
            "colour": found.colour,
            "form": self.coder(patch),
        }

    def set_units(
        self,
        images: Float[Tensor, "batch 3 side side"],
        views: Float[Tensor, "batch 3 side side"],
    ) -> None:
        """Choose the form's directions and every block's centre and scale from training images.

        Args:
            images: some thousands.
            views: one of each image. Directions of the code are ranked by how much they differ
                between images, relative to how much they change between views of one.
        """
        with torch.no_grad():
            blocks = self.measure(images)
            code, change = blocks["form"], self.measure(views)["form"] - blocks["form"]
            self.code_centre.copy_(code.mean(0))
            self.directions.copy_(steady_directions(code, change, self.form))
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


def steady_directions(
    code: Float[Tensor, "row code"], change: Float[Tensor, "row code"], count: int
) -> Float[Tensor, "code count"]:
    """The directions of largest variance of `code` in units of its change between views.

    Generalised eigenvectors of cov(code) and cov(change) (linear discriminant analysis, each
    image being a class of its own). A principal direction may be one that views change, which
    an image betrays by its sharpness or its noise; what is assumed to stay is what is wanted.

    Example:
        >>> random = torch.Generator().manual_seed(0)
        >>> code = torch.randn(500, 3, generator=random) * torch.tensor([1.0, 3.0, 1.0])
        >>> change = torch.randn(500, 3, generator=random) * torch.tensor([0.1, 9.0, 1.0])
        >>> steady_directions(code, change, 1).abs().argmax().item()
        0
    """
    noise, turn = torch.linalg.eigh(change.T.cov())
    # A direction that hardly any view changes must not count without limit.
    whitening = turn / (noise + 0.01 * noise.mean().clamp_min(1e-12)).sqrt()
    _, best = torch.linalg.eigh(whitening.T @ code.T.cov() @ whitening)
    return whitening @ best.flip(1)[:, :count]
