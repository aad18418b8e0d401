"""Train the symmetry-aware autoencoder: orientation and form on pairs of views, then drawing.

One after the other, and apart. A drawing trained at the same time pulls the factors into the
form, and the orientation stays at chance. The orientation gains from long training; the form
loses by it, since what tells an image from all others, once its form is known, is how sharp and
how noisy it is, and so its size and brightness.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Generator, Tensor, nn

from amodal.typing import Float, UInt8
from amodal.unimodal.attention import Moments, moments
from amodal.unimodal.identity import identity_of
from amodal.unimodal.images import to_tensor
from amodal.unimodal.pretraining import Losses, Schedule, train
from amodal.unimodal.symmetry import SymmetryAutoencoder
from amodal.unimodal.views import SYMMETRIES, Symmetry, draw_views, moved_block, view_images

UNITS_FROM = 10_000
"""Images from which the form's directions and the blocks' scales are taken."""


@dataclass(frozen=True)
class SymmetryTraining:
    """Settings of the training; the defaults made the shipped weights."""

    orientation: Schedule = field(default_factory=lambda: Schedule(2500, 192, 2e-3))
    """For the network that reads the orientation."""
    form: Schedule = field(default_factory=lambda: Schedule(800, 192, 2e-3))
    """For the network that reads the form; short."""
    drawing: Schedule = field(default_factory=lambda: Schedule(5000, 256, 4e-3))
    """For the drawing on the frozen blocks."""
    temperature: float = 0.3
    """Of the contrast between forms."""


def train_symmetry_autoencoder(
    images: UInt8[np.ndarray, "n side side 3"],
    training: SymmetryTraining | None = None,
    *,
    symmetries: tuple[Symmetry, ...] = SYMMETRIES,
    name: str = "shapes/image",
    checkpoint: Path | None = None,
) -> SymmetryAutoencoder:
    """Train on images alone: no labels, no matches.

    Args:
        images: what to learn from; may be memory-mapped.
        training: how long and how fast.
        symmetries: what keeps the meaning of these images, and how the blocks follow.
        name: of the model.
        checkpoint: see `pretraining.train`; each of the three parts adds its own ending.

    Returns:
        The trained model, frozen.
    """
    training = training or SymmetryTraining()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.orientation.seed)
        model = SymmetryAutoencoder(name, side=images.shape[1], symmetries=symmetries)
        contrast = Contrast(model.code, training.temperature)
    parts = [None if checkpoint is None else checkpoint.with_suffix(f".{i}.part") for i in range(3)]
    data = identity_of(images)
    views = ViewLosses(model, contrast, images, training.orientation.batch)
    compass = nn.ModuleList([model.compass, model.balance])
    train(
        compass,
        views.orientation,
        training.orientation,
        description="orientation",
        checkpoint=parts[0],
        data=data,
    )
    views.batch = training.form.batch
    coder = nn.ModuleList([model.coder, contrast])
    train(coder, views.form, training.form, description="form", checkpoint=parts[1], data=data)
    model.eval()
    _set_units(model, images, training.form.seed)
    latents = model.freeze().encode(images)
    model.drawing.requires_grad_(True)
    drawing = _drawing_losses(model, latents, images, training.drawing.batch)
    train(
        model.drawing,
        drawing,
        training.drawing,
        description="drawing",
        checkpoint=parts[2],
        data=data,
    )
    return model.freeze()


def _set_units(
    model: SymmetryAutoencoder, images: UInt8[np.ndarray, "n side side 3"], seed: int
) -> None:
    some = to_tensor(images[:UNITS_FROM])
    views, _ = _view(model.symmetries, some, Generator().manual_seed(seed))
    model.set_units(some, views)


class Contrast(nn.Module):
    """How well the code of an image picks its own view among those of a batch.

    L = cross-entropy of softmax(<p(c_i), p(c'_j)> / temperature) against j = i, both ways
    (InfoNCE; Chen et al. 2020, SimCLR, arXiv 2002.05709); p is a small network, unit length.
    """

    def __init__(self, code: int, temperature: float) -> None:
        super().__init__()
        self.project = nn.Sequential(nn.Linear(code, 128), nn.ReLU(), nn.Linear(128, 64))
        self.temperature = temperature

    def forward(
        self, first: Float[Tensor, "batch code"], second: Float[Tensor, "batch code"]
    ) -> Float[Tensor, ""]:
        """The loss, in nats."""
        a = functional.normalize(self.project(first), dim=1)
        b = functional.normalize(self.project(second), dim=1)
        likeness = a @ b.T / self.temperature
        own = torch.arange(len(a))
        return 0.5 * (
            functional.cross_entropy(likeness, own) + functional.cross_entropy(likeness.T, own)
        )


class ViewLosses:
    """Every block must move as the view moved; the form must stay, and differ between images."""

    def __init__(
        self,
        model: SymmetryAutoencoder,
        contrast: Contrast,
        images: UInt8[np.ndarray, "n side side 3"],
        batch: int,
    ) -> None:
        self.model, self.contrast = model, contrast
        self.images, self.batch = images, batch

    def orientation(self, generator: Generator, done: float) -> dict[str, Tensor]:
        """Mean squared distance of each measured block from where it ought to be.

        Place, size and colour are moments, without anything to learn; they are watched.
        """
        found, patch, drawn = self._pairs(generator)
        direction = self.model.direction(patch)
        measured = {"place": found.place, "size": found.size, "colour": found.colour}
        losses = {}
        for block, values in {**measured, "orientation": direction}.items():
            before, after = values.chunk(2)
            expected = moved_block(self.model.symmetries, drawn, block, before)
            losses[block] = (after - expected).square().sum(1).mean()
        return losses

    def form(self, generator: Generator, done: float) -> dict[str, Tensor]:
        """The contrast of the forms."""
        _, patch, _ = self._pairs(generator)
        return {"form": self.contrast(*self.model.coder(patch).chunk(2))}

    def _pairs(
        self, generator: Generator
    ) -> tuple[Moments, Float[Tensor, "pair 1 patch patch"], dict[str, Tensor]]:
        """Moments and patches of some images and then of their views, and what the views did."""
        table = self.model.symmetries
        images = batch_of(self.images, self.batch, generator)
        # Half of the first views are transformed too: resampling must not give them away.
        other, _ = _view(table, images, generator)
        plain = torch.rand(self.batch, 1, 1, 1, generator=generator) < 0.5
        first = torch.where(plain, images, other)
        second, drawn = _view(table, first, generator)
        return *self.model.attend(torch.cat([first, second])), drawn


def _view(
    table: tuple[Symmetry, ...], images: Float[Tensor, "batch 3 side side"], generator: Generator
) -> tuple[Float[Tensor, "batch 3 side side"], dict[str, Tensor]]:
    pivot = moments(images).place
    drawn = draw_views(table, pivot, generator=generator)
    return view_images(images, drawn, pivot), drawn


def batch_of(
    images: UInt8[np.ndarray, "n side side 3"], batch: int, generator: Generator
) -> Float[Tensor, "batch 3 side side"]:
    """A few images drawn with replacement, in [0, 1]."""
    rows = torch.randint(len(images), (batch,), generator=generator)
    return to_tensor(images[rows.numpy()])


def _drawing_losses(
    model: SymmetryAutoencoder,
    latents: Float[Tensor, "row dim"],
    images: UInt8[np.ndarray, "row side side 3"],
    batch: int,
) -> Losses:
    def losses(generator: Generator, done: float) -> dict[str, Tensor]:
        rows = torch.randint(len(images), (batch,), generator=generator)
        drawn = model.draw(latents[rows])
        return {"error": (drawn - to_tensor(images[rows.numpy()])).square().mean()}

    return losses
