"""Folding latents: the same information, ever harder to read from few matches."""

import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.specification import LatentSpec
from amodal.typing import Float

PREFIX = "folded-"
ROUNDS = 4
_SEED = 1729


def folding_of(latents: str) -> float | None:
    """The strength in a name such as "folded-0.5"; None for other names.

    Example:
        >>> folding_of("folded-0.5"), folding_of("vae")
        (0.5, None)
    """
    if not latents.startswith(PREFIX):
        return None
    try:
        return float(latents.removeprefix(PREFIX))
    except ValueError:
        raise InputError(f"{latents!r}: expected {PREFIX}S with a number S") from None


def fold(
    rows: Float[Tensor, "row dim"], strength: float
) -> tuple[LatentSpec, Float[Tensor, "row dim"]]:
    r"""Turn pairs of columns by angles that depend on the other columns; undone by `unfold`.

    In each of four rounds the columns are mixed by a fixed rotation and split into two halves;
    half a is turned in planes (a_1, a_2), (a_3, a_4), ... by angles strength * pi * sin(W b), then
    b likewise by angles out of the new a. Each turn can be undone exactly, so nothing is lost; at
    strength 0 what is left is one fixed rotation, which any linear map reads.

    Args:
        rows: normalised latents.
        strength: 0 none; at 1 a linear map reads little.

    Returns:
        The specification (all continuous) and the folded rows.
    """
    kind, rows = rows.dtype, rows.double()
    for mixing, first, second in _fixed(rows.shape[1]):
        rows = rows @ mixing
        a, b = rows.chunk(2, 1)
        a = _turned(a, strength * torch.sin(b @ first))
        b = _turned(b, strength * torch.sin(a @ second))
        rows = torch.cat([a, b], 1)
    return LatentSpec.continuous(rows.shape[1]), rows.to(kind)


def unfold(rows: Float[Tensor, "row dim"], strength: float) -> Float[Tensor, "row dim"]:
    """The inverse of `fold`."""
    kind, rows = rows.dtype, rows.double()
    for mixing, first, second in reversed(_fixed(rows.shape[1])):
        a, b = rows.chunk(2, 1)
        b = _turned(b, -strength * torch.sin(a @ second))
        a = _turned(a, -strength * torch.sin(b @ first))
        rows = torch.cat([a, b], 1) @ mixing.T
    return rows.to(kind)


def _turned(part: Tensor, angles: Tensor) -> Tensor:
    """Turn adjacent columns in their planes, each by its own angle (in half turns)."""
    x, y = part[:, 0::2], part[:, 1::2]
    cosine, sine = torch.cos(torch.pi * angles), torch.sin(torch.pi * angles)
    return torch.stack([cosine * x - sine * y, sine * x + cosine * y], 2).flatten(1)


def _fixed(dim: int) -> list[tuple[Tensor, Tensor, Tensor]]:
    """A rotation and two matrices of angles for each round, the same for everybody."""
    if dim % 4:
        raise InputError(f"folding needs a number of columns divisible by 4, got {dim}")
    generator = torch.Generator().manual_seed(_SEED)
    half, planes = dim // 2, dim // 4
    rounds = []
    for _ in range(ROUNDS):
        mixing = torch.linalg.qr(torch.randn(dim, dim, generator=generator))[0]
        angles = [torch.randn(half, planes, generator=generator) for _ in range(2)]
        first, second = (each.double() / half**0.5 for each in angles)
        rounds.append((mixing.double(), first, second))
    return rounds
