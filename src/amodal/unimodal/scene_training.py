"""Train the scene's autoencoder on images alone: directions, then forms, then the drawing.

What is taken for granted: a thing that turns on the floor turns in a crop that is laid out there,
nearly, and both things are their own mirror images; and no direction is commoner than another.
Without the last the way in which all things lean in the picture, which never turns, would do for
a direction.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from amodal.typing import UInt8
from amodal.unimodal.identity import identity_of
from amodal.unimodal.images import to_tensor
from amodal.unimodal.pretraining import Losses, Schedule, train
from amodal.unimodal.scene import THINGS, SceneAutoencoder
from amodal.unimodal.scene_attention import look_of
from amodal.unimodal.scene_losses import (
    AT_ONCE,
    Seen,
    direction_losses,
    drawing_losses,
    form_losses,
    unfolding_of,
)

LOOK_FROM = 3000
"""Images from which the scene's own look is taken."""


@dataclass(frozen=True)
class SceneTraining:
    """Settings of the training; the defaults made the shipped weights."""

    direction: Schedule = field(default_factory=lambda: Schedule(1200, 128, 2e-3))
    """For each of the two networks that read directions."""
    form: Schedule = field(default_factory=lambda: Schedule(2000, 128, 2e-3))
    """For each of the two that read forms."""
    drawing: Schedule = field(default_factory=lambda: Schedule(2200, 64, 3e-3))
    """For the drawing on the frozen blocks."""
    images: int = 20_000
    """How many are learnt from: what is found in them is kept in memory, 32 kB each."""
    jitter: float = 0.03
    """How far crops are shifted, in units of the floor: a standard deviation."""
    sharpness: float = 150.0
    """Weight of a form's squared error beside its divergence."""

    @property
    def longest(self) -> int:
        """Steps of the longest part."""
        return max(self.direction.steps, self.form.steps, self.drawing.steps)


def train_scene_autoencoder(
    images: UInt8[np.ndarray, "n side side 3"],
    training: SceneTraining | None = None,
    *,
    name: str = "factory/image",
    checkpoint: Path | None = None,
) -> SceneAutoencoder:
    """Train on images alone: no labels, no matches.

    Args:
        images: what to learn from; may be memory-mapped.
        training: how long and how fast.
        name: of the model.
        checkpoint: see `pretraining.train`; each of the five parts adds its own ending.

    Returns:
        The trained model, frozen.
    """
    training = training or SceneTraining()
    images = images[: training.images]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.direction.seed)
        model = SceneAutoencoder(name, side=images.shape[1])
        unfolded = nn.ModuleDict({thing: unfolding_of(model, thing) for thing in THINGS})
    data, parts = identity_of(images), iter(range(2 * len(THINGS) + 1))

    def learn(module: nn.Module, losses: Losses, schedule: Schedule, description: str) -> None:
        number = next(parts)
        part = None if checkpoint is None else checkpoint.with_suffix(f".{number}.part")
        train(module, losses, schedule, description=description, checkpoint=part, data=data)

    look = look_of(to_tensor(images[:LOOK_FROM]))
    model.median.copy_(look.median)
    model.spread.copy_(look.spread)
    seen = Seen(model, images, training.jitter)
    for thing in THINGS:
        compass = nn.ModuleList([model.compasses[thing], model.balances[thing]])
        losses = direction_losses(model, seen, thing, training.direction.batch)
        learn(compass, losses, training.direction, f"{thing}'s direction")
    model.eval()
    for thing in THINGS:
        coder = nn.ModuleList([model.coders[thing], unfolded[thing]])
        losses = form_losses(
            model, seen, thing, unfolded[thing], training.form.batch, sharpness=training.sharpness
        )
        learn(coder, losses, training.form, f"{thing}'s form")
    model.eval()
    with torch.no_grad():
        raw = [model.joined(model.measure(rows)) for rows in _batches(images[:LOOK_FROM])]
        model.set_units(torch.cat(raw))
    latents = model.freeze().encode(images, batch=AT_ONCE)
    model.drawing.requires_grad_(True)
    drawing = drawing_losses(model, latents, images, training.drawing.batch)
    learn(model.drawing, drawing, training.drawing, "drawing")
    return model.freeze()


def _batches(images: UInt8[np.ndarray, "n side side 3"]) -> list[Tensor]:
    return [to_tensor(images[i : i + AT_ONCE]) for i in range(0, len(images), AT_ONCE)]
