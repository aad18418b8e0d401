"""Building blocks of convolutional encoders and decoders, shared by the image models."""

from itertools import pairwise

from torch import nn


def halving(channels: int, out: int) -> list[nn.Module]:
    """A convolution that halves the side, normalised, with a smooth non-linearity."""
    return [
        nn.Conv2d(channels, out, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(out),
        nn.SiLU(),
    ]


def doubling(channels: int, out: int) -> list[nn.Module]:
    """A transposed convolution that doubles the side, the counterpart of `halving`."""
    return [
        nn.ConvTranspose2d(channels, out, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(out),
        nn.SiLU(),
    ]


def convolutional_encoder(*, channels: int, side: int, width: int, out: int) -> nn.Sequential:
    """Images (batch, channels, side, side) -> (batch, out): three halvings and a small MLP.

    Args:
        channels: of the images.
        side: of the images in pixels, a multiple of 8.
        width: channels after the first halving; doubled by each further one.
        out: numbers given.
    """
    layers: list[nn.Module] = []
    for before, after in pairwise((channels, width, 2 * width, 4 * width)):
        layers += halving(before, after)
    flat = 4 * width * (side // 8) ** 2
    head = [nn.Flatten(), nn.Linear(flat, 256), nn.SiLU(), nn.Linear(256, out)]
    return nn.Sequential(*layers, *head)


def convolutional_decoder(*, channels: int, side: int, width: int, dim: int) -> nn.Sequential:
    """Latents (batch, dim) -> logits (batch, channels, side, side): the encoder backwards."""
    small = side // 8
    head = [nn.Linear(dim, 256), nn.SiLU(), nn.Linear(256, 4 * width * small**2), nn.SiLU()]
    return nn.Sequential(
        *head,
        nn.Unflatten(1, (4 * width, small, small)),
        *doubling(4 * width, 2 * width),
        *doubling(2 * width, width),
        nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1),
    )
