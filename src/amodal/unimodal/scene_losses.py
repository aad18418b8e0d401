"""What the networks of the scene's autoencoder are trained to: directions, forms, drawings.

A direction must follow the turning of a crop; a form must bring the crop back, together with what
is known beside it; a drawing must be the picture.
"""

import numpy as np
import torch
from torch import Generator, Tensor, nn

from amodal.typing import Float, UInt8
from amodal.unimodal.convolutions import convolutional_decoder
from amodal.unimodal.images import to_tensor
from amodal.unimodal.pretraining import Losses
from amodal.unimodal.scene import CODED, SceneAutoencoder, without_hues
from amodal.unimodal.scene_attention import Found
from amodal.unimodal.scene_crops import CROP, turned, turned_back
from amodal.unimodal.vae import divergence

AT_ONCE = 256
"""Pictures that are looked at at once."""


class Seen:
    """What was found in some images, and closer looks at it.

    Args:
        model: finds and crops.
        images: to find things in.
        jitter: how far crops are shifted, in units of the floor.
    """

    def __init__(
        self, model: SceneAutoencoder, images: UInt8[np.ndarray, "n side side 3"], jitter: float
    ) -> None:
        self.model, self.jitter = model, jitter
        kept = []
        with torch.no_grad():
            for start in range(0, len(images), AT_ONCE):
                found = model.find(to_tensor(images[start : start + AT_ONCE]))
                # Half as many bytes: there are many.
                kept.append(found._replace(shown=found.shown.half()))
        self.found = Found(*(torch.cat(parts) for parts in zip(*kept, strict=True)))

    def rows(self, batch: int, generator: Generator) -> Found:
        """A few at random."""
        rows = torch.randint(len(self.found.hue), (batch,), generator=generator)
        found = Found(*(part[rows] for part in self.found))
        return found._replace(shown=found.shown.float())

    def crop(
        self, found: Found, thing: str, direction: Float[Tensor, "n 2"], generator: Generator
    ) -> Float[Tensor, "n 4 crop crop"]:
        """Crops, shifted a little, differing from the scene's look a little more or less."""
        place = getattr(found, thing)
        place = place + self.jitter * torch.randn(place.shape, generator=generator)
        crop = self.model.crop(thing, found.shown, place, direction)
        gain = 0.8 + 0.4 * torch.rand(len(crop), 1, 1, 1, generator=generator)
        return torch.cat([crop[:, :2], crop[:, 2:3] * gain, crop[:, 3:]], 1)


def direction_losses(model: SceneAutoencoder, seen: Seen, thing: str, batch: int) -> Losses:
    """The direction on the floor must be one, however the crop is turned and mirrored."""

    def losses(generator: Generator, done: float) -> dict[str, Tensor]:
        found = seen.rows(batch, generator)
        angles = torch.rand(2, batch, generator=generator) * (2 * torch.pi)
        # Half of the first crops are not turned: it is those that will be read.
        angles[0, : batch // 2] = 0
        turns = torch.stack([angles.cos(), angles.sin()], -1)
        first, second = (seen.crop(found, thing, turn, generator) for turn in turns)
        mirrored = torch.rand(batch, 1, generator=generator) < 0.5
        second = torch.where(mirrored[:, :, None, None], second.flip(3), second)
        with torch.autocast("cpu", torch.bfloat16):
            read = model.direction(thing, torch.cat([first, second])).float()
        ahead, other = read.chunk(2)
        other = torch.where(mirrored, other * other.new_tensor([-1.0, 1.0]), other)
        ahead, other = turned(ahead, turns[0]), turned(other, turns[1])
        level = ahead[: batch // 2]
        twice = turned(level, level)
        uneven = level.mean(0).square().sum() + twice.mean(0).square().sum()
        return {"turned": (ahead - other).square().sum(1).mean(), "uneven": uneven}

    return losses


def form_losses(
    model: SceneAutoencoder,
    seen: Seen,
    thing: str,
    unfolding: nn.Module,
    batch: int,
    *,
    sharpness: float,
) -> Losses:
    """A conditional beta-VAE: the code need not say what is known (Sohn et al. 2015).

    The crop that is coded is mirrored or not, the one that is to come back is not: so the code is
    of what mirroring leaves.
    """

    def losses(generator: Generator, done: float) -> dict[str, Tensor]:
        found = seen.rows(batch, generator)
        level = torch.tensor([[1.0, 0.0]]).expand(batch, 2)
        with torch.no_grad():
            place = getattr(found, thing)
            direction = model.direction(thing, model.crop(thing, found.shown, place, level))
            true = model.crop(thing, found.shown, place, direction)
        # The crop that is coded is spoilt, the one that is to come back is not.
        crop = seen.crop(found, thing, direction, generator)
        mirrored = torch.rand(batch, 1, 1, 1, generator=generator) < 0.5
        known = [direction, place]
        if thing == "table":
            known += [turned_back(found.second, found.hue), found.second.norm(dim=1, keepdim=True)]
        with torch.autocast("cpu", torch.bfloat16):
            coded = model.code(thing, torch.where(mirrored, crop.flip(2), crop))
            mean, log_variance = coded[:, : model.forms[thing]], coded[:, model.forms[thing] :]
            log_variance = log_variance.clamp(-12.0, 5.0)
            code = mean + torch.randn(mean.shape, generator=generator) * (0.5 * log_variance).exp()
            back = unfolding(torch.cat([code, *known], 1)).float()
        weight = torch.ones_like(true)
        if thing == "robot":
            true, weight = without_hues(true), (1 - true[:, 3:]).expand(-1, 2, -1, -1)
        error = ((back - true).square() * weight).sum((1, 2, 3)).mean()
        spread = divergence(mean, log_variance).mean()
        return {"error": sharpness * error, "divergence": min(1.0, 3 * done) * spread}

    return losses


def drawing_losses(
    model: SceneAutoencoder,
    latents: Float[Tensor, "row dim"],
    images: UInt8[np.ndarray, "row side side 3"],
    batch: int,
) -> Losses:
    """The squared error of what is drawn of frozen latents."""

    def losses(generator: Generator, done: float) -> dict[str, Tensor]:
        rows = torch.randint(len(images), (batch,), generator=generator)
        with torch.autocast("cpu", torch.bfloat16):
            drawn = model.draw(latents[rows])
        error = (drawn.float() - to_tensor(images[rows.numpy()])).square().mean()
        return {"error": 100 * error}

    return losses


def unfolding_of(model: SceneAutoencoder, thing: str) -> nn.Sequential:
    """From a form, and what is known beside it, back to the crop."""
    known = {"table": 7, "robot": 4}[thing]
    return convolutional_decoder(
        channels=CODED[thing], side=CROP, width=model.width, dim=model.forms[thing] + known
    )
