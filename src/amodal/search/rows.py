"""Rows of latents block by block: looked through before anything is done with them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.latents import Latents, as_latents, check_blocks
from amodal.specification import LatentSpec

BLOCK = 16_384
"""Rows that are in memory at once."""


@dataclass(frozen=True)
class Survey:
    """What looking through rows has told."""

    rows: int
    digest: str
    """SHA-256 of their shape and numbers as float32."""


def survey(name: str, latents: Any, spec: LatentSpec) -> Survey:
    """Read all rows once, in constant memory, and refuse those that cannot be used.

    Args:
        name: their modality.
        latents: `Latents`, or a two-dimensional array, memory-mapped or not.
        spec: of the modality.

    Raises:
        InputError: wrong width, NaN, no probabilities, ...
    """
    shape = tuple(getattr(bare(latents), "shape", ()))
    if len(shape) != 2 or shape[0] == 0:
        raise InputError(
            f"modality {name!r}: expected rows and columns, at least one row, as a numpy array, a "
            f"tensor or a store of latents, got the shape {shape}"
        )
    digest = hashlib.sha256(str(shape).encode())
    for start, block in blocks(latents):
        try:
            tensor = as_latents(name, bare(block), dim=spec.dim)
            check_blocks(name, tensor, spec)
        except InputError as error:
            raise InputError(f"{error} (rows counted from row {start:,})") from error
        digest.update(tensor.numpy().tobytes())
    return Survey(shape[0], digest.hexdigest())


def bare(latents: Any) -> Any:
    """The array in `Latents`; anything else as it is."""
    return latents.rows if isinstance(latents, Latents) else latents


def blocks(latents: Any, *, start: int = 0, size: int = BLOCK) -> Iterator[tuple[int, Any]]:
    """Number of the first row, and rows, of one block after the other."""
    total = len(bare(latents))
    for first in range(start, total, size):
        yield first, part(latents, slice(first, min(first + size, total)))


def part(latents: Any, rows: Any) -> Any:
    """Some of the rows, as `Latents` where they were."""
    if isinstance(latents, Latents):
        return replace(latents, rows=latents.rows[rows])
    return latents[rows]


def spread_over(latents: Any, count: int) -> Any:
    """At most `count` of the rows, evenly spread from the first to the last."""
    total = len(bare(latents))
    if total <= count:
        return latents
    chosen = torch.linspace(0, total - 1, count).long()
    return part(latents, chosen if isinstance(bare(latents), Tensor) else chosen.numpy())
