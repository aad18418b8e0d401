"""The seed's kind of image model: a convolutional beta-VAE with 12 latent numbers.

Loss of an image x with code z ~ q(z|x) = N(m, s^2):

    |x - decode(z)|^2  +  beta * KL( q(z|x) || N(0, 1) ),   summed over pixels and channels

(Kingma and Welling 2014, arXiv 1312.6114; Higgins et al. 2017, beta-VAE). The image's latent is
m. The factors of an image are all there, but spread over every number: few matches cannot read
them out, which is what the default image model (symmetry.py) is for.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from amodal.errors import InputError
from amodal.specification import LatentSpec
from amodal.typing import Float, UInt8
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.convolutions import convolutional_decoder, convolutional_encoder
from amodal.unimodal.identity import identity_of
from amodal.unimodal.images import checked_images, to_bytes, to_tensor
from amodal.unimodal.pretraining import Losses, Schedule, train


class ImageVae(UnimodalModel):
    """Images <-> the mean of a Gaussian code.

    Args:
        name: what the model is called.
        side: pixels of its images, a multiple of 8.
        dim: latent numbers.
        width: channels of the first layer.
    """

    kind = "vae"

    def __init__(
        self, name: str = "shapes/image-vae", *, side: int = 32, dim: int = 12, width: int = 24
    ) -> None:
        super().__init__(name, LatentSpec.continuous(dim))
        self.side, self.dim, self.width = side, dim, width
        self.encoder = convolutional_encoder(channels=3, side=side, width=width, out=2 * dim)
        self.decoder = convolutional_decoder(channels=3, side=side, width=width, dim=dim)

    def settings(self) -> dict[str, Any]:
        """See `UnimodalModel.settings`."""
        return {"side": self.side, "dim": self.dim, "width": self.width}

    def check(self, raw: Any) -> Any:
        """See `UnimodalModel.check`."""
        return checked_images(raw, side=self.side, name=self.name)

    def posterior(
        self, images: Float[Tensor, "batch 3 side side"]
    ) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch dim"]]:
        """Mean and logarithm of the variance of the code; gradients flow."""
        mean, log_variance = self.encoder(images).float().chunk(2, dim=1)
        # exp() of an early, wild answer would overflow.
        return mean, log_variance.clamp(-12.0, 5.0)

    def draw(self, latents: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch 3 side side"]:
        """Images in [0, 1] of latents; gradients flow."""
        return self.decoder(latents).float().sigmoid()

    def encode_batch(self, raw: np.ndarray) -> Float[Tensor, "batch dim"]:
        """See `UnimodalModel.encode_batch`."""
        device = next(self.encoder.parameters()).device
        return self.posterior(to_tensor(raw).to(device))[0]

    def decode_batch(self, latents: Float[Tensor, "batch dim"]) -> np.ndarray:
        """See `UnimodalModel.decode_batch`."""
        return to_bytes(self.draw(latents))


@dataclass(frozen=True)
class VaeTraining:
    """Settings of the training; the defaults made the shipped weights."""

    schedule: Schedule = field(default_factory=lambda: Schedule(14_000, 128, 2e-3))
    """How long and how fast."""
    dim: int = 12
    """Latent numbers."""
    beta: float = 0.1
    """Weight of the divergence, once warmed up."""
    beta_warm_up: float = 1 / 3
    """Fraction of the steps over which beta grows from 0. Without it some numbers of the latent
    die for good, and with them the colour."""
    again: Schedule | None = None
    """A second round, in which the learning rate rises and falls once more and beta is whole from
    its first step. Small things, such as a box on a table, are drawn only after large ones."""

    def __post_init__(self) -> None:
        if self.beta < 0 or not 0 <= self.beta_warm_up <= 1:
            raise InputError(
                f"beta must be at least 0 and beta_warm_up in [0, 1], got {self.beta} and "
                f"{self.beta_warm_up}"
            )

    def beta_at(self, done: float) -> float:
        """Beta when the fraction `done` of the steps is behind.

        Example:
            >>> [round(VaeTraining().beta_at(done), 3) for done in (0.0, 1 / 6, 1 / 3, 1.0)]
            [0.0, 0.05, 0.1, 0.1]
        """
        return self.beta * min(1.0, done / self.beta_warm_up if self.beta_warm_up else 1.0)


def train_vae(
    images: UInt8[np.ndarray, "n side side 3"],
    training: VaeTraining | None = None,
    *,
    name: str = "shapes/image-vae",
    checkpoint: Path | None = None,
) -> ImageVae:
    """Train on images alone.

    Args:
        images: what to learn from; may be memory-mapped.
        training: how long and how fast, and beta.
        name: of the model.
        checkpoint: see `pretraining.train`.

    Returns:
        The trained model, frozen.
    """
    training = training or VaeTraining()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.schedule.seed)
        model = ImageVae(name, side=images.shape[1], dim=training.dim)
    # Twice as fast on processors; the format of the weights file does not change.
    model = model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    rounds = [training]
    if training.again is not None:
        rounds.append(replace(training, schedule=training.again, beta_warm_up=0.0))
    for number, part in enumerate(rounds, 1):
        train(
            model,
            vae_losses(model, images, part),
            part.schedule,
            description=f"beta-VAE, round {number} of {len(rounds)}",
            checkpoint=None if checkpoint is None else checkpoint.with_suffix(f".{number}.part"),
            data=identity_of(images),
        )
    return model.freeze()


def vae_losses(
    model: ImageVae, images: UInt8[np.ndarray, "n side side 3"], training: VaeTraining
) -> Losses:
    """The two terms of the loss on a random batch, as `pretraining.train` wants them."""

    def losses(generator: Generator, done: float) -> dict[str, Tensor]:
        rows = torch.randint(len(images), (training.schedule.batch,), generator=generator)
        batch = to_tensor(images[rows.numpy()]).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            mean, log_variance = model.posterior(batch)
            noise = torch.randn(mean.shape, generator=generator)
            drawn = model.draw(mean + noise * (0.5 * log_variance).exp())
        error = (drawn - batch).square().sum((1, 2, 3)).mean()
        beta = training.beta_at(done)
        return {"error": error, "divergence": beta * divergence(mean, log_variance).mean()}

    return losses


def divergence(
    mean: Float[Tensor, "batch dim"], log_variance: Float[Tensor, "batch dim"]
) -> Float[Tensor, " batch"]:
    """KL( N(mean, variance) || N(0, 1) ), summed over the numbers of a code, in nats.

    Example:
        >>> divergence(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
        tensor([0.5000])
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
