"""The closed-form start: before any training, the workspace is ridge regression both ways.

Every modality completes the picture from what it has: x_u -> (its own latents, and what ridge
regression on the matches says of every other modality's). Those completions live in one common
space, the joint latents; the state is that space itself, or its principal directions when it is
larger than the state. So encoding is completing, decoding is reading one's own columns, and a
translation is exactly ridge regression. The networks beside this linear path then learn what it
leaves.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from amodal.fewmatch.ridge import RidgeMap, fit_ridge
from amodal.fewmatch.ways import shortest_way
from amodal.latents import MatchTable, separate_pairs
from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.workspace import Architecture, Population

BOUNDED_GAIN = 0.25
"""With states through tanh, the start stays where tanh is nearly a straight line."""
GAINS = torch.logspace(0, 1.5, 16)
"""Logits per unit of ridge score that are tried for categorical blocks."""


@dataclass(frozen=True)
class Affine:
    """rows -> rows @ weight + bias."""

    weight: Float[Tensor, "inputs outputs"]
    bias: Float[Tensor, " outputs"]


def put_start(
    population: Population,
    run: int,
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    *,
    things: np.ndarray,
) -> None:
    """Write the closed-form start of one run on its linear path.

    Args:
        population: with a linear path; changed in place.
        run: which of its runs.
        latents: normalised rows of each modality.
        table: all matches.
        things: the rows of `table` that this run may learn from.
    """
    architecture = population.architecture
    own = table.choose(things)
    ridges = _ridges(latents, own, architecture)
    completions = {u: _completion(u, ridges, architecture) for u in architecture.names}
    basis, centre = _basis(completions, latents, architecture)
    gain = BOUNDED_GAIN if architecture.bounded else 1.0
    weights, start = population.views(), 0
    for name, spec in architecture.specs.items():
        completion = completions[name]
        weights[f"{name}.encoder.linear"][run] = gain * completion.weight @ basis
        weights[f"{name}.encoder.bias"][run] = gain * (completion.bias - centre) @ basis
        columns = slice(start, start + spec.dim)
        sharpness = _sharpness(name, spec, ridges, latents, own)
        weights[f"{name}.decoder.linear"][run] = basis[columns].T * sharpness / gain
        weights[f"{name}.decoder.bias"][run] = centre[columns] * sharpness
        start += spec.dim


def _ridges(
    latents: dict[str, Tensor], own: MatchTable, architecture: Architecture
) -> dict[tuple[str, str], RidgeMap]:
    """Ridge regression for each direction that has matches, each block with its own penalty."""
    ridges = {}
    for source in architecture.names:
        for target, spec in architecture.specs.items():
            if source == target:
                continue
            pairs = own.together(source, target)
            if len(pairs) >= 2:
                ridges[source, target] = fit_ridge(
                    latents[source][pairs[:, 0]],
                    latents[target][pairs[:, 1]],
                    groups=[columns for _, columns in spec.parts()],
                    things=separate_pairs(pairs),
                )
    return ridges


def _completion(
    source: str, ridges: dict[tuple[str, str], RidgeMap], architecture: Architecture
) -> Affine:
    """From one modality's latents to the joint latents of all."""
    parts = [_map_between(source, target, ridges, architecture) for target in architecture.names]
    return Affine(torch.cat([p.weight for p in parts], 1), torch.cat([p.bias for p in parts]))


def _map_between(
    source: str,
    target: str,
    ridges: dict[tuple[str, str], RidgeMap],
    architecture: Architecture,
) -> Affine:
    """The identity, a ridge map, several in a row through other modalities, or the mean alone."""
    way = shortest_way(source, target, ridges)
    if way is None:
        inputs, outputs = architecture.specs[source].dim, architecture.specs[target].dim
        return Affine(torch.zeros(inputs, outputs), torch.zeros(outputs))
    found = Affine(
        torch.eye(architecture.specs[source].dim), torch.zeros(architecture.specs[source].dim)
    )
    for step in pairwise(way):
        ridge = ridges[step]
        found = Affine(found.weight @ ridge.weight, ridge(found.bias[None])[0])
    return found


def _basis(
    completions: dict[str, Affine], latents: dict[str, Tensor], architecture: Architecture
) -> tuple[Tensor, Tensor]:
    """Directions (joint, state) and centre of the joint latents: all of them, or the largest."""
    joint = next(iter(completions.values())).weight.shape[1]
    if joint <= architecture.state:
        return torch.eye(joint, architecture.state), torch.zeros(joint)
    moments, centres = torch.zeros(joint, joint, dtype=torch.float64), []
    for name, completion in completions.items():
        rows = latents[name][:: max(1, len(latents[name]) // 10_000)].double()
        completed = rows @ completion.weight.double() + completion.bias.double()
        centres.append(completed.mean(0))
        moments += torch.cov(completed.T, correction=0)
    _, directions = torch.linalg.eigh(moments)
    largest = directions.flip(1)[:, : architecture.state]
    return largest.float(), torch.stack(centres).mean(0).float()


def _sharpness(
    name: str,
    spec: LatentSpec,
    ridges: dict[tuple[str, str], RidgeMap],
    latents: dict[str, Tensor],
    own: MatchTable,
) -> Float[Tensor, " dim"]:
    """Logits per unit of score, column by column: 1 but for categorical blocks.

    Ridge scores of a class lie near 0 and 1; as logits they would hardly prefer it. The factor is
    the one of `GAINS` with the least cross-entropy on leave-one-out predictions.
    """
    result = torch.ones(spec.dim)
    for block, columns in spec.parts():
        if block.kind != "categorical":
            continue
        losses = torch.zeros(len(GAINS))
        for (source, target), ridge in ridges.items():
            if target == name:
                goal = latents[name][own.together(source, name)[:, 1]][:, columns]
                scores = ridge.loo_predictions[:, columns]
                logits = GAINS[:, None, None] * scores
                losses += -(goal * logits.log_softmax(-1)).sum(-1).mean(1)
        result[columns] = GAINS[losses.argmin()]
    return result
