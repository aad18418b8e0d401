"""Using a population's members: encode, decode and average them, a chunk of rows at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from amodal.specification import LatentSpec
from amodal.typing import Bool, Float
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
    """Trained members, and the blocks that the closed-form start still answers better."""

    members: Population
    """The trained workspaces."""
    start: Population | None
    """The closed-form start from the same matches, one run; None without a start."""
    from_start: dict[tuple[str, str], Bool[Tensor, " dim"]]
    """For (source, target), the columns of the target that the start answers."""


def answer_members(
    ensemble: Ensemble, rows: Float[Tensor, "row dim"], source: str, target: str
) -> Float[Tensor, "run row dim_target"]:
    """Each member's translation, blocks that the start answers better taken from the start."""
    answers = translate_members(ensemble.members, rows, source, target)
    columns = ensemble.from_start.get((source, target))
    if ensemble.start is None or columns is None or not bool(columns.any()):
        return answers
    return torch.where(columns, translate_members(ensemble.start, rows, source, target), answers)


def answer(
    ensemble: Ensemble, rows: Float[Tensor, "row dim"], source: str, target: str
) -> Float[Tensor, "row dim_target"]:
    """The members' mean translation."""
    spec = ensemble.members.architecture.specs[target]
    return average(answer_members(ensemble, rows, source, target), spec)


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
    mean = members.mean(0)
    for block, columns in spec.parts():
        if block.kind == "circular":
            mean[:, columns] = torch.nn.functional.normalize(mean[:, columns], dim=1, eps=1e-6)
    return mean


def spread(members: Float[Tensor, "run row dim"]) -> Float[Tensor, " row"]:
    """Mean squared distance of the members from their mean, per column."""
    return (members - members.mean(0)).square().mean((0, 2))


def cycle_error(
    population: Population, rows: Float[Tensor, "row dim"], source: str, target: str
) -> Float[Tensor, " row"]:
    """Mean squared error, per column, of going to `target` and back; the mean over members."""
    there = translate_members(population, rows, source, target)
    back = []
    for member, abroad in enumerate(there):
        back.append(translate_members(population.choose([member]), abroad, target, source)[0])
    return (torch.stack(back) - rows).square().mean((0, 2))
