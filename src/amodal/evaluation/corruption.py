"""Corrupted things: one modality blurred by noise, or gone, and what fusion makes of it."""

from collections.abc import Mapping

import torch
from torch import Tensor

from amodal.evaluation.of_population import check_rows, states
from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.workspace import Population, apply_heads, decode

CHUNK = 1024


def add_noise(
    rows: Float[Tensor, "row dim"], strength: float, *, seed: int = 0
) -> Float[Tensor, "row dim"]:
    """Rows with independent normal noise, in units of each column's own standard deviation.

    The same seed gives the same noise, times the strength: what is measured against the strength
    does not jump about. No column is brought back to what its block allows (a one-hot row is none
    any more): that is what a corrupted reading looks like.

    Args:
        rows: normalised latents.
        strength: 0 leaves them as they are; at 1 there is as much noise as signal.
        seed: of the noise.

    Example:
        >>> rows = torch.tensor([[0.0, 10.0], [2.0, 10.0]])
        >>> add_noise(rows, 0.5)[:, 1].tolist()
        [10.0, 10.0]
    """
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(rows.shape, generator=generator)
    return rows + strength * rows.std(0) * noise


def corrupted_states(
    population: Population,
    rows: Mapping[str, Float[Tensor, "row _"]],
    corrupted: str,
    *,
    strength: float | None,
    seed: int = 0,
) -> Float[Tensor, "run row state"]:
    """States fused from all modalities of `rows`, one of them corrupted.

    Args:
        population: the runs.
        rows: normalised latents; row i of each modality is the same thing.
        corrupted: the modality that is blurred.
        strength: of the noise; None when the modality is missing altogether.
        seed: of the noise.
    """
    check_rows(population, rows)
    if strength is None:
        return states(population, {n: values for n, values in rows.items() if n != corrupted})
    blurred = add_noise(rows[corrupted], strength, seed=seed)
    return states(population, {**rows, corrupted: blurred})


@torch.no_grad()
def decoding_errors(
    population: Population,
    given: Float[Tensor, "run row state"],
    target: str,
    truth: Float[Tensor, "row dim"],
) -> Float[Tensor, " run"]:
    """Mean squared error of what one modality reads from states, probabilities for classes."""
    spec: LatentSpec = population.architecture.specs[target]
    total = torch.zeros(len(population))
    for start in range(0, len(truth), CHUNK):
        part = given[:, start : start + CHUNK]
        raw = decode(population.views(), population.architecture, target, part)
        off = apply_heads(raw, spec) - truth[start : start + CHUNK]
        total += off.square().mean(-1).sum(1)
    return total / len(truth)
