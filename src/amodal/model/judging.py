"""What the held-out matches of all folds say: whose answers to take, and how far to trust them.

In every member each match is held out once; so the members' held-out answers form the same
ensemble that will answer later, on matches that none of the answering runs had seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from amodal.fewmatch.kernel_ridge import KernelMap, fit_kernel_ridge
from amodal.fewmatch.nearest_latents import nearest_latents
from amodal.latents import MatchTable
from amodal.model.blending import ANSWERERS, KERNEL, START, TRAINED, as_directions, blend_shares
from amodal.model.inference import average, cycle_error, translate_members
from amodal.model.trust import Trust, trust_of
from amodal.specification import LatentSpec
from amodal.training import Run
from amodal.typing import Float
from amodal.workspace import Population

Direction = tuple[str, str]
BLENDED = "blended"
FEWEST_KERNEL = 4
"""Matches that kernel ridge learns from at least."""
MOST_KERNEL = 1500
"""Matches that kernel ridge learns from at most: it takes time of their third power."""


@dataclass(frozen=True)
class Held:
    """All answers to the held-out matches of one direction."""

    things: list[int]
    """The matches, rows of the match table."""
    alone: dict[str, Float[Tensor, "_ thing dim"]]
    """Answerer -> the answer of each member, or of one for all."""
    truth: Float[Tensor, "thing dim"]
    cycle: Float[Tensor, " thing"]


@dataclass(frozen=True)
class Judged:
    """What held-out matches said of each (source, target)."""

    shares: dict[Direction, Float[Tensor, "answerer dim"]]
    """The share of trained members, start and kernel ridge in an answer."""
    errors: dict[Direction, dict[str, float]]
    """Answerer -> its mean squared error; that of the blend as "blended"."""
    trust: dict[Direction, Trust]
    """What to expect of the blended answers."""
    held: dict[Direction, Held] = field(default_factory=dict)
    """What this was learnt from."""


def judge(
    start: Population | None,
    trained: Population,
    runs: Sequence[Run],
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    *,
    kernel: bool = False,
) -> Judged:
    """Compare the trained runs with closed forms, block by block, on their held-out matches.

    Args:
        start: every run before training; None when it was no closed-form start.
        trained: every run after training.
        runs: their settings.
        latents: normalised rows of each modality.
        table: all matches.
        kernel: whether kernel ridge regression takes part.
    """
    judged = Judged({}, {}, {})
    for source, target in permutations(table.names, 2):
        held_out = _held_out(runs, table, source, target)
        if not held_out:
            continue
        direction, spec = (source, target), trained.architecture.specs[target]
        things, answers = _answers(trained, held_out, latents, table, direction)
        truth = latents[target][table.column(target)[things]]
        alone = {TRAINED: answers}
        if start is not None:
            alone[START] = _answers(start, held_out, latents, table, direction)[1]
        if start is not None and kernel and _enough_left(runs, held_out, table, direction):
            alone[KERNEL] = _kernel_answers(runs, held_out, latents, table, direction, spec)
        means = torch.stack([average(each, spec) for each in alone.values()])
        shares = torch.zeros(len(ANSWERERS), spec.dim)
        shares[: len(means)] = blend_shares(means, truth, spec)
        blended = sum(share * each for share, each in zip(shares, alone.values(), strict=False))
        answers = as_directions(torch.as_tensor(blended), spec)
        judged.shares[direction] = shares
        judged.errors[direction] = {
            name: float((average(each, spec) - truth).square().mean())
            for name, each in (alone | {BLENDED: answers}).items()
        }
        cycle = _cycles(trained, held_out, latents, table, direction)
        judged.trust[direction] = trust_of(answers, cycle, truth, spec)
        judged.held[direction] = Held(things, alone, truth, cycle)
    return judged


def fit_kernel(
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    direction: Direction,
    *,
    things: np.ndarray,
    spec: LatentSpec,
) -> KernelMap:
    """Kernel ridge regression on some of the matches, evenly spaced ones if they are many."""
    source, target = direction
    pairs = MatchTable(table.names, table.rows[things]).together(source, target)
    pairs = pairs[:: -(-len(pairs) // MOST_KERNEL) or 1]
    return fit_kernel_ridge(
        latents[source][pairs[:, 0]],
        latents[target][pairs[:, 1]],
        groups=[columns for _, columns in spec.parts()],
    )


def _enough_left(
    runs: Sequence[Run],
    held_out: list[tuple[int, np.ndarray]],
    table: MatchTable,
    direction: Direction,
) -> bool:
    """Whether every fold has matches of the two modalities left for kernel ridge to learn from."""
    both = (table.column(direction[0]) >= 0) & (table.column(direction[1]) >= 0)
    return all(int(both[runs[index].things].sum()) >= FEWEST_KERNEL for index, _ in held_out)


def _kernel_answers(
    runs: Sequence[Run],
    held_out: list[tuple[int, np.ndarray]],
    latents: dict[str, Tensor],
    table: MatchTable,
    direction: Direction,
    spec: LatentSpec,
) -> Float[Tensor, "one thing dim"]:
    """What kernel ridge says of each thing, by the folds of the first member: they cost much."""
    source, target = direction
    both = (table.column(source) >= 0) & (table.column(target) >= 0)
    found: dict[int, Tensor] = {}
    for index, held in held_out:
        if runs[index].group == runs[held_out[0][0]].group:
            learnt = runs[index].things[both[runs[index].things]]
            fitted = fit_kernel(latents, table, direction, things=learnt, spec=spec)
            given = latents[source][table.column(source)[held]]
            found |= dict(zip(held.tolist(), nearest_latents(fitted(given), spec), strict=True))
    return torch.stack([found[thing] for thing in sorted(found)])[None]


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
