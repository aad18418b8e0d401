"""What the held-out matches of all folds say: which answers to keep, and how far to trust them.

In every member each match is held out once; so the members' held-out answers form the same
ensemble that will answer later, on matches that none of the answering runs had seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from amodal.latents import MatchTable
from amodal.model.inference import average, cycle_error, translate_members
from amodal.model.trust import Trust, trust_of
from amodal.specification import LatentSpec
from amodal.training import Run
from amodal.typing import Bool, Float
from amodal.workspace import Population

Direction = tuple[str, str]


@dataclass(frozen=True)
class Judged:
    """What held-out matches said of each (source, target)."""

    from_start: dict[Direction, Bool[Tensor, " dim"]]
    """Columns that the closed-form start answers better than what training made of it."""
    trust: dict[Direction, Trust]
    """What to expect of the answers, those columns taken from the start."""


def judge(
    start: Population | None,
    trained: Population,
    runs: Sequence[Run],
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
) -> Judged:
    """Compare the trained runs with their starts, block by block, on their held-out matches.

    Args:
        start: every run before training; None when it was no closed-form start.
        trained: every run after training.
        runs: their settings.
        latents: normalised rows of each modality.
        table: all matches.
    """
    from_start, trust = {}, {}
    for source in table.names:
        for target in table.names:
            held_out = _held_out(runs, table, source, target) if source != target else []
            if not held_out:
                continue
            spec = trained.architecture.specs[target]
            things, answers = _answers(trained, held_out, latents, table, (source, target))
            truth = latents[target][table.column(target)[things]]
            if start is not None:
                _, closed = _answers(start, held_out, latents, table, (source, target))
                columns = _better(closed, answers, truth, spec)
                from_start[source, target] = columns
                answers = torch.where(columns, closed, answers)
            cycle = _cycles(trained, held_out, latents, table, (source, target))
            trust[source, target] = trust_of(answers, cycle, truth, spec)
    return Judged(from_start, trust)


def _held_out(
    runs: Sequence[Run], table: MatchTable, source: str, target: str
) -> list[tuple[int, np.ndarray]]:
    """Runs with their held-out matches that both modalities see."""
    both = (table.column(source) >= 0) & (table.column(target) >= 0)
    found = [(index, run.held_out[both[run.held_out]]) for index, run in enumerate(runs)]
    return [(index, things) for index, things in found if len(things)]


def _answers(
    population: Population,
    held_out: list[tuple[int, np.ndarray]],
    latents: dict[str, Tensor],
    table: MatchTable,
    direction: Direction,
) -> tuple[list[int], Float[Tensor, "member thing dim"]]:
    """The things, and what the run of each member that had not seen them says of them."""
    collected: dict[int, list[Tensor]] = {}
    source, target = direction
    for index, things in held_out:
        given = latents[source][table.column(source)[things]]
        answers = translate_members(population.choose([index]), given, source, target)[0]
        for thing, answer in zip(things.tolist(), answers, strict=True):
            collected.setdefault(thing, []).append(answer)
    order = sorted(collected)
    return order, torch.stack([torch.stack(collected[thing]) for thing in order], 1)


def _cycles(
    population: Population,
    held_out: list[tuple[int, np.ndarray]],
    latents: dict[str, Tensor],
    table: MatchTable,
    direction: Direction,
) -> Float[Tensor, " thing"]:
    """The mean cycle error of each thing, over the runs that had not seen it."""
    collected: dict[int, list[Tensor]] = {}
    source, target = direction
    for index, things in held_out:
        given = latents[source][table.column(source)[things]]
        errors = cycle_error(population.choose([index]), given, source, target)
        for thing, error in zip(things.tolist(), errors, strict=True):
            collected.setdefault(thing, []).append(error)
    return torch.stack([torch.stack(collected[thing]).mean() for thing in sorted(collected)])


def _better(
    closed: Tensor, trained: Tensor, truth: Tensor, spec: LatentSpec
) -> Bool[Tensor, " dim"]:
    """The columns of the blocks in which the closed form has the smaller squared error."""
    columns = torch.zeros(spec.dim, dtype=torch.bool)
    first = (average(closed, spec) - truth).square().mean(0)
    second = (average(trained, spec) - truth).square().mean(0)
    for _, part in spec.parts():
        columns[part] = bool(first[part].sum() < second[part].sum())
    return columns
