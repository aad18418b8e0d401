"""What the held-out matches of all folds say: whose answers to take, and how far to trust them.

In every member each match is held out once; so the members' held-out answers form the same
ensemble that will answer later, on matches that none of the answering runs had seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from amodal.model.blending import (
    ANSWERERS,
    SELF_TRAINED,
    START,
    TRAINED,
    as_directions,
    blend_shares,
)
from amodal.model.inference import average, cycle_error, translate_members
from amodal.model.trial_runs import Direction, TrialRuns
from amodal.model.trust import Trust, trust_of
from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.workspace import Population

BLENDED = "blended"


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
    """The share of each of `ANSWERERS` in an answer."""
    errors: dict[Direction, dict[str, float]]
    """Answerer -> its mean squared error; that of the blend as "blended"."""
    trust: dict[Direction, Trust]
    """What to expect of the blended answers."""
    held: dict[Direction, Held] = field(default_factory=dict)
    """What this was learnt from."""


def judge(trial: TrialRuns) -> Judged:
    """Compare the trained runs with closed forms, block by block, on their held-out matches."""
    held: dict[Direction, Held] = {}
    table, folds = trial.table, trial.folds
    for direction in permutations(table.names, 2):
        held_out = _held_out(trial, direction)
        if not held_out:
            continue
        # Closed forms cost more than answers of networks: the folds of one member judge them.
        own = [(index, things) for index, things in held_out if index in folds]
        things, answers = _answers(trial, trial.trained, held_out, direction)
        alone = {TRAINED: answers}
        if trial.start is not None:
            alone[START] = _answers(trial, trial.start, held_out, direction)[1]
        for name in trial.forms.names([trial.runs[index].things for index, _ in own], direction):
            alone[name] = _told(trial, name, own, direction)[None]
        truth = trial.latents[direction[1]][table.column(direction[1])[things]]
        held[direction] = Held(things, alone, truth, _cycles(trial, held_out, direction))
    return _settled(held, trial.trained.architecture.specs)


def judge_self_trained(judged: Judged, trial: TrialRuns) -> Judged:
    """The same with the self-trained workspaces among the answerers."""
    if trial.self_trained is None:
        return judged
    found, folds = {}, trial.folds
    for direction, held in judged.held.items():
        held_out = _held_out(trial, direction)
        own = [(index, things) for index, things in held_out if index in folds]
        answers = _answers(trial, trial.self_trained, own, direction)[1]
        found[direction] = replace(held, alone=held.alone | {SELF_TRAINED: answers})
    return _settled(found, trial.trained.architecture.specs)


def _settled(held: dict[Direction, Held], specs: Mapping[str, LatentSpec]) -> Judged:
    """Shares, errors and trust, by what everybody answered."""
    judged = Judged({}, {}, {}, held)
    for direction, own in held.items():
        spec = specs[direction[1]]
        means = torch.stack([average(each, spec) for each in own.alone.values()])
        shares = torch.zeros(len(ANSWERERS), spec.dim)
        shares[[ANSWERERS.index(name) for name in own.alone]] = blend_shares(means, own.truth, spec)
        answers = average(blended(own.alone, shares, spec), spec)
        judged.shares[direction] = shares
        judged.errors[direction] = {
            name: float((each - own.truth).square().mean())
            for name, each in (*zip(own.alone, means, strict=True), (BLENDED, answers))
        }
        judged.trust[direction] = trust_of(answers, own.alone[TRAINED], own.cycle, own.truth)
    return judged


def blended(
    alone: Mapping[str, Float[Tensor, "_ thing dim"]],
    shares: Float[Tensor, "answerer dim"],
    spec: LatentSpec,
) -> Float[Tensor, "member thing dim"]:
    """Each member's answer with those of the closed forms, by their shares."""
    # An answer without a share may be no number.
    parts = [
        torch.where(share > 0, share * each, 0.0)
        for each, share in ((each, shares[ANSWERERS.index(name)]) for name, each in alone.items())
    ]
    return as_directions(torch.as_tensor(sum(parts)), spec)


def _told(
    trial: TrialRuns, name: str, held_out: list[tuple[int, np.ndarray]], direction: Direction
) -> Float[Tensor, "thing dim"]:
    """What a closed form says of each held-out thing, things in order."""
    found: dict[int, Tensor] = {}
    for index, held in held_out:
        given = _rows(trial, held, direction[0])
        told = trial.forms.answers(name, direction, given, things=trial.runs[index].things)
        found |= dict(zip(held.tolist(), told, strict=True))
    return torch.stack([found[thing] for thing in sorted(found)])


def _rows(trial: TrialRuns, things: np.ndarray, name: str) -> Float[Tensor, "thing dim"]:
    return trial.latents[name][trial.table.column(name)[things]]


def _held_out(trial: TrialRuns, direction: Direction) -> list[tuple[int, np.ndarray]]:
    """Runs with their held-out matches that both modalities see."""
    found = ((i, trial.pairs(run.held_out, direction)) for i, run in enumerate(trial.runs))
    return [(index, things) for index, things in found if len(things)]


def _answers(
    trial: TrialRuns,
    population: Population,
    held_out: list[tuple[int, np.ndarray]],
    direction: Direction,
) -> tuple[list[int], Float[Tensor, "member thing dim"]]:
    """The things, and what the run of each member that had not seen them says of them."""
    collected: dict[int, list[Tensor]] = {}
    for index, things in held_out:
        given = _rows(trial, things, direction[0])
        answers = translate_members(population.choose([index]), given, *direction)[0]
        for thing, answer in zip(things.tolist(), answers, strict=True):
            collected.setdefault(thing, []).append(answer)
    order = sorted(collected)
    return order, torch.stack([torch.stack(collected[thing]) for thing in order], 1)


def _cycles(
    trial: TrialRuns, held_out: list[tuple[int, np.ndarray]], direction: Direction
) -> Float[Tensor, " thing"]:
    """The mean cycle error of each thing, over the runs that had not seen it."""
    collected: dict[int, list[Tensor]] = {}
    for index, things in held_out:
        given = _rows(trial, things, direction[0])
        errors = cycle_error(trial.trained.choose([index]), given, *direction)
        for thing, error in zip(things.tolist(), errors, strict=True):
            collected.setdefault(thing, []).append(error)
    return torch.stack([torch.stack(collected[thing]).mean() for thing in sorted(collected)])
