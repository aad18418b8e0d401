"""Using a population's members: encode, decode and average them, a chunk of rows at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from amodal.fewmatch.aligned import Affine
from amodal.fewmatch.kernel_ridge import KernelMap
from amodal.fewmatch.nearest_latents import nearest_latents
from amodal.model.blending import as_directions
from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.workspace import Population, apply_heads, bound, decode, encode, fuse

CHUNK = 4096
"""Rows handled at once: memory stays constant however many are asked for."""


@torch.no_grad()
def translate_members(
    population: Population, rows: Float[Tensor, "row dim"], source: str, target: str
) -> Float[Tensor, "run row dim_target"]:
    """Each member's translation of normalised rows, after the heads."""
    architecture, weights = population.architecture, population.views()
    parts = []
    for chunk in rows.split(CHUNK):
        given = chunk.expand(len(population), -1, -1)
        state = bound(encode(weights, architecture, source, given), architecture)
        raw = decode(weights, architecture, target, state)
        parts.append(apply_heads(raw, architecture.specs[target]))
    return torch.cat(parts, 1)


@dataclass(frozen=True)
class Ensemble:
    """Trained members, and the closed forms beside them, with the share of each in an answer."""

    members: Population
    """The trained workspaces."""
    start: Population | None = None
    """The closed-form start from the same matches, one run; None without a start."""
    kernels: dict[tuple[str, str], KernelMap] = field(default_factory=dict)
    """(source, target) -> kernel ridge regression on the same matches."""
    aligned: dict[tuple[str, str], Affine] = field(default_factory=dict)
    """(source, target) -> the linear map of an alignment by transport."""
    self_trained: Population | None = None
    """One workspace that learnt from pseudo-matches; None where there are none."""
    shares: dict[tuple[str, str], Float[Tensor, "answerer dim"]] = field(default_factory=dict)
    """(source, target) -> the share of each of `ANSWERERS` in each column; where there is none the
    members answer alone."""


def answer_members(
    ensemble: Ensemble, rows: Float[Tensor, "row dim"], source: str, target: str
) -> Float[Tensor, "run row dim_target"]:
    """Each member's translation, blended with those of the closed forms by their shares."""
    shares = ensemble.shares.get((source, target))
    spec = ensemble.members.architecture.specs[target]
    if shares is None:
        return translate_members(ensemble.members, rows, source, target)
    trained, start, kernel, aligned, self_trained = (bool(share.any()) for share in shares)
    mixed = torch.zeros(len(ensemble.members), len(rows), spec.dim)
    if trained:
        mixed += shares[0] * translate_members(ensemble.members, rows, source, target)
    if start and ensemble.start is not None:
        mixed += shares[1] * translate_members(ensemble.start, rows, source, target)
    if kernel:
        mixed += shares[2] * nearest_latents(ensemble.kernels[source, target](rows), spec)
    if aligned:
        mixed += shares[3] * nearest_latents(ensemble.aligned[source, target](rows), spec)
    if self_trained and ensemble.self_trained is not None:
        mixed += shares[4] * translate_members(ensemble.self_trained, rows, source, target)
    return as_directions(mixed, spec)


def answer(
    ensemble: Ensemble, rows: Float[Tensor, "row dim"], source: str, target: str
) -> Float[Tensor, "row dim_target"]:
    """The members' mean translation."""
    spec = ensemble.members.architecture.specs[target]
    parts = (answer_members(ensemble, chunk, source, target) for chunk in rows.split(CHUNK))
    return torch.cat([average(part, spec) for part in parts])


@torch.no_grad()
def states_of_members(
    population: Population, rows: Mapping[str, Float[Tensor, "row _"]]
) -> Float[Tensor, "run row state"]:
    """Each member's state of things seen through one or several modalities, fused."""
    architecture, weights = population.architecture, population.views()
    count = len(next(iter(rows.values())))
    parts = []
    for start in range(0, count, CHUNK):
        alone = {}
        for name, values in rows.items():
            given = values[start : start + CHUNK].expand(len(population), -1, -1)
            alone[name] = encode(weights, architecture, name, given)
        parts.append(fuse(alone, architecture))
    return torch.cat(parts, 1)


def average(members: Float[Tensor, "run row dim"], spec: LatentSpec) -> Float[Tensor, "row dim"]:
    """The members' mean: of numbers, of probabilities, of directions (again of length 1)."""
    return as_directions(members.mean(0), spec)


def disagreement(
    members: Float[Tensor, "run row dim"], given: Float[Tensor, "row dim"]
) -> Float[Tensor, " row"]:
    """Mean squared distance of the members' answers from the one that is given, per column."""
    return (members - given).square().mean((0, 2))


def cycle_error(
    population: Population, rows: Float[Tensor, "row dim"], source: str, target: str
) -> Float[Tensor, " row"]:
    """Mean squared error, per column, of going to `target` and back; the mean over members."""
    there = translate_members(population, rows, source, target)
    back = []
    for member, abroad in enumerate(there):
        back.append(translate_members(population.choose([member]), abroad, target, source)[0])
    return (torch.stack(back) - rows).square().mean((0, 2))
