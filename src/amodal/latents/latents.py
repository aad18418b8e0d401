"""Latents that know how they are measured and which unimodal model made them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from amodal.errors import InputError
from amodal.latents.check import as_latents
from amodal.latents.normalisation import Normalisation
from amodal.specification import LatentSpec


@dataclass(frozen=True)
class Latents:
    """Rows of one latent space. A workspace takes these wherever it takes plain arrays."""

    rows: Any
    """(row, dim): numpy array, memory map or tensor."""
    spec: LatentSpec
    """The blocks of the latent space."""
    fingerprint: str = ""
    """Of the unimodal model (weights and preprocessing); empty when unknown."""
    model: str = ""
    """The unimodal model's name or file, with which `amodal translate` reads raw input."""
    normalisation: Normalisation | None = None
    """Measured when they were encoded; None where nobody has."""

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: Any) -> "Latents":
        """Some of the rows."""
        return replace(self, rows=self.rows[rows])


def check_blocks(name: str, rows: torch.Tensor, spec: LatentSpec) -> None:
    """Refuse rows that are not what the specification says.

    Raises:
        InputError: wrong width, probabilities that do not add up to 1, vectors not of length 1.
    """
    if rows.shape[1] != spec.dim:
        raise InputError(
            f"modality {name!r}: the specification has {spec.dim} columns, the array "
            f"{rows.shape[1]}"
        )
    for block, columns in spec.parts():
        part = rows[:, columns]
        if block.kind == "categorical":
            bad = (part < -1e-4).any(1) | ((part.sum(1) - 1).abs() > 1e-3)
            expected = "probabilities that add up to 1 (one-hot rows, say)"
        elif block.kind == "circular":
            bad = (part.norm(dim=1) - 1).abs() > 1e-3
            expected = "(cosine, sine), a vector of length 1"
        else:
            continue
        if bool(bad.any()):
            first = int(torch.nonzero(bad)[0, 0])
            raise InputError(
                f"modality {name!r}, block {block.name!r}, row {first}: expected {expected}, "
                f"got {np.round(part[first].tolist(), 4).tolist()}"
            )


def as_checked(name: str, value: Any, *, spec: LatentSpec | None = None) -> Latents:
    """Plain arrays or `Latents` as checked float32 `Latents`.

    Args:
        name: the modality, for messages.
        value: what the user gave.
        spec: how a plain array is measured; continuous when left out.
    """
    if isinstance(value, Latents):
        rows = as_latents(name, value.rows)
        result = replace(value, rows=rows)
    else:
        rows = as_latents(name, value)
        result = Latents(rows, spec or LatentSpec.continuous(rows.shape[1]))
    check_blocks(name, rows, result.spec)
    return result
