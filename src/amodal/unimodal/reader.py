"""Read the attributes off a picture of Simple Shapes: a judge of drawn pictures, for evaluation.

Trained with labels, so it has no part in any workspace. It sees pictures that are slightly
blurred and noisy too, as drawn ones are.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from amodal.data.shapes.attributes import ATTRIBUTE_BLOCKS
from amodal.data.shapes.factors import CANVAS, SIZES
from amodal.data.shapes.readable import PLACE_PIXELS, SIZE_PIXELS
from amodal.typing import Float, Float32, UInt8
from amodal.unimodal.attention import moments, patches
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.convolutions import convolutional_encoder
from amodal.unimodal.identity import identity_of
from amodal.unimodal.images import checked_images, to_tensor
from amodal.unimodal.pretraining import Losses, Schedule, train
from amodal.unimodal.probe import as_measured, measured_losses

PATCH, REACH = 24, 1.5
FLOOR = 0.1
"""Brightness, as a fraction of the highest, below which a pixel counts as ground."""
MIDDLE_SIZE = sum(SIZES) / 2
"""In pixels: the size whose attribute is 0."""


class PictureReader(UnimodalModel):
    """Pictures -> the 11 attributes (columns as `data.shapes.attributes`).

    Moments of the brightness give a first answer; a small network, which looks at the object's
    patch, corrects it and reads shape and rotation.

    Args:
        name: what the model is called.
        side: pixels of its pictures.
        width: channels of the network's first layer.
    """

    kind = "reader"

    def __init__(self, name: str = "shapes/reader", *, side: int = 32, width: int = 24) -> None:
        super().__init__(name, ATTRIBUTE_BLOCKS)
        self.side, self.width = side, width
        self.network = convolutional_encoder(channels=1, side=PATCH, width=width, out=11)

    def settings(self) -> dict[str, Any]:
        """See `UnimodalModel.settings`."""
        return {"side": self.side, "width": self.width}

    def check(self, raw: Any) -> Any:
        """See `UnimodalModel.check`."""
        return checked_images(raw, side=self.side, name=self.name)

    def answers(self, images: Float[Tensor, "batch 3 side side"]) -> Float[Tensor, "batch 11"]:
        """Attributes, the shape as logits; gradients flow."""
        clean = _without_ground(images)
        found = moments(clean)
        seen = self.network(patches(clean, found, side=PATCH, reach=REACH))
        root = found.size.exp()
        place = (found.place + 0.3 * root * seen[:, 3:5]) * (CANVAS / 2 / PLACE_PIXELS)
        size = (found.size + 0.3 * seen[:, 5:6]).exp() * CANVAS / 2
        direction = functional.normalize(seen[:, 6:8], dim=1)
        colour = found.colour * (1 + 0.1 * seen[:, 8:11]) * 2 - 1
        return torch.cat(
            [seen[:, :3], place, (size - MIDDLE_SIZE) / SIZE_PIXELS, direction, colour], 1
        )

    def encode_batch(self, raw: np.ndarray) -> Float[Tensor, "batch 11"]:
        """See `UnimodalModel.encode_batch`: the shape comes as probabilities."""
        return as_measured(self.answers(to_tensor(raw)), self.specification)

    def read(self, pictures: UInt8[np.ndarray, "n side side 3"]) -> Float32[np.ndarray, "n 11"]:
        """The attributes of pictures."""
        return self.encode(pictures).numpy()


@dataclass(frozen=True)
class ReaderTraining:
    """Settings of the training; the defaults made the shipped weights."""

    schedule: Schedule = field(default_factory=lambda: Schedule(4000, 256, 2e-3))
    """How long and how fast."""
    blur: float = 0.7
    """Largest standard deviation of the blur, in pixels; half of the pictures stay sharp."""
    noise: float = 0.015
    """Largest standard deviation of the noise; pixel values are in [0, 1]."""


Reader = TypeVar("Reader", bound=UnimodalModel)


def train_reader(
    images: UInt8[np.ndarray, "n side side 3"],
    attributes: Float32[np.ndarray, "n attribute"],
    training: ReaderTraining | None = None,
    *,
    make: Callable[..., Reader] = PictureReader,
    name: str = "shapes/reader",
    checkpoint: Path | None = None,
) -> Reader:
    """Train on pictures and their attributes.

    Args:
        images: pictures; may be memory-mapped.
        attributes: of each picture.
        training: how long and how fast, and how much the pictures are spoilt.
        make: (name, *, side) -> a reader yet to be trained, with `answers`.
        name: of the model.
        checkpoint: see `pretraining.train`.

    Returns:
        The trained reader, frozen.
    """
    training = training or ReaderTraining()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.schedule.seed)
        model = make(name, side=images.shape[1])
    part = None if checkpoint is None else checkpoint.with_suffix(".1.part")
    losses = reader_losses(model, images, attributes, training)
    data = identity_of(images, attributes)
    train(model, losses, training.schedule, description="reader", checkpoint=part, data=data)
    return model.freeze()


def reader_losses(
    model: Any,
    images: UInt8[np.ndarray, "n side side 3"],
    attributes: Float32[np.ndarray, "n attribute"],
    training: ReaderTraining,
) -> Losses:
    """The loss of each block of attributes on a random batch of spoilt pictures."""
    kinds = {block.name: block.kind for block in model.specification.blocks}

    def losses(generator: Generator, done: float) -> dict[str, Tensor]:
        rows = torch.randint(len(images), (training.schedule.batch,), generator=generator).numpy()
        pictures = spoilt(to_tensor(images[rows]), training, generator)
        wanted = torch.from_numpy(np.ascontiguousarray(attributes[rows]))
        terms = measured_losses(model.answers(pictures), wanted, model.specification)
        # Squared errors of small fractions of a pixel would drown beside the cross-entropy.
        return {n: loss if kinds[n] == "categorical" else 10 * loss for n, loss in terms.items()}

    return losses


def spoilt(
    pictures: Float[Tensor, "batch 3 side side"], training: ReaderTraining, generator: Generator
) -> Float[Tensor, "batch 3 side side"]:
    """Blur and noise of a random strength for each picture; none for about half of them."""
    n = len(pictures)
    strength = (torch.rand(2, n, 1, 1, 1, generator=generator) * 2 - 1).clamp_min(0)
    # A Gaussian of variance v over three pixels: weights (w, 1, w) with w = exp(-1 / 2v).
    variance = (strength[0] * training.blur).square().clamp_min(1e-3)
    side_weight = torch.exp(-0.5 / variance)
    total = 1 + 2 * side_weight
    for axis in (2, 3):
        before, after = pictures.roll(1, axis), pictures.roll(-1, axis)
        pictures = (pictures + side_weight * (before + after)) / total
    noise = torch.randn(pictures.shape, generator=generator)
    return (pictures + strength[1] * training.noise * noise).clamp(0, 1)


def _without_ground(
    images: Float[Tensor, "batch 3 side side"],
) -> Float[Tensor, "batch 3 side side"]:
    """Fade out what is dim beside the brightest pixel: haze has moments too."""
    brightness = images.mean(1, keepdim=True)
    relative = brightness / brightness.amax((2, 3), keepdim=True).clamp_min(1e-3)
    return images * ((relative - FLOOR / 2) / FLOOR).clamp(0, 1)
