"""What the held-out matches of all folds say: whose answers to take, and how far to trust them.

In every member each match is held out once; so the members' held-out answers form the same
ensemble that will answer later, on matches that none of the answering runs had seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from amodal.latents import MatchTable
from amodal.model.blending import ANSWERERS, START, TRAINED, as_directions, blend_shares
from amodal.model.closed_forms import ClosedForms
from amodal.model.inference import average, cycle_error, translate_members
from amodal.model.trust import Trust, trust_of
from amodal.specification import LatentSpec
from amodal.training import Run
from amodal.typing import Float, Int64
from amodal.workspace import Population

Direction = tuple[str, str]
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


def judge(
    start: Population | None,
    trained: Population,
    runs: Sequence[Run],
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    *,
    forms: ClosedForms,
) -> Judged:
    """Compare the trained runs with closed forms, block by block, on their held-out matches.

    Args:
        start: every run before training; None when it was no closed-form start.
        trained: every run after training.
        runs: their settings.
        latents: normalised rows of each modality.
        table: all matches.
        forms: the closed forms that take part.
    """
    held: dict[Direction, Held] = {}
    for source, target in permutations(table.names, 2):
        held_out = _held_out(runs, table, source, target)
        if not held_out:
            continue
        direction = (source, target)
        # Closed forms cost more than answers of networks: the folds of one member judge them.
        first = runs[held_out[0][0]].group
        things, answers = _answers(trained, held_out, latents, table, direction)
        alone = {TRAINED: answers}
        if start is not None:
            alone[START] = _answers(start, held_out, latents, table, direction)[1]
        own = [(index, held) for index, held in held_out if runs[index].group == first]
        for name in forms.names([runs[index].things for index, _ in own], direction):
            alone[name] = _told(forms, name, runs, own, direction)[None]
        truth = latents[target][table.column(target)[things]]
        cycle = _cycles(trained, held_out, latents, table, direction)
        held[direction] = Held(things, alone, truth, cycle)
    return _settled(held, trained.architecture.specs)


def judge_another(
    judged: Judged,
    name: str,
    population: Population,
    runs: Sequence[Run],
    latents: Mapping[str, Float[Tensor, "_ _"]],
    table: MatchTable,
) -> Judged:
    """The same with one answerer more, of one run for each fold of the first member.

    Args:
        judged: what is known of the others.
        name: of `ANSWERERS`.
        population: its runs.
        runs: their settings, with their held-out matches.
        latents: normalised rows of each modality.
        table: all matches.
    """
    found = {}
    for direction, held in judged.held.items():
        held_out = _held_out(runs, table, *direction)
        _, answers = _answers(population, held_out, latents, table, direction)
        found[direction] = replace(held, alone=held.alone | {name: answers})
    return _settled(found, population.architecture.specs)


def _settled(held: dict[Direction, Held], specs: Mapping[str, LatentSpec]) -> Judged:
    """Shares, errors and trust, by what everybody answered."""
    judged = Judged({}, {}, {}, held)
    for direction, own in held.items():
        spec = specs[direction[1]]
        means = torch.stack([average(each, spec) for each in own.alone.values()])
        shares = torch.zeros(len(ANSWERERS), spec.dim)
        shares[[ANSWERERS.index(name) for name in own.alone]] = blend_shares(means, own.truth, spec)
        answers = blended(own.alone, shares, spec)
        judged.shares[direction] = shares
        judged.errors[direction] = {
            name: float((average(each, spec) - own.truth).square().mean())
            for name, each in (own.alone | {BLENDED: answers}).items()
        }
        judged.trust[direction] = trust_of(answers, own.cycle, own.truth, spec)
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


def trust_without(
    judged: Judged,
    shares: Mapping[Direction, Float[Tensor, "answerer _"]],
    specs: Mapping[str, LatentSpec],
    *,
    things: Int64[np.ndarray, " thing"],
) -> dict[Direction, Trust]:
    """What to trust, learnt without some of the matches, which can then judge it.

    With few matches and many columns, weights that have seen a match find it all too well.

    Args:
        judged: with all answers to held-out matches.
        shares: of each answerer, for the directions that are wanted.
        specs: of all modalities.
        things: the matches that are left out.

    Returns:
        Of the directions where two matches at least are left.
    """
    found = {}
    for way, share in shares.items():
        held, spec = judged.held[way], specs[way[1]]
        kept = torch.from_numpy(~np.isin(held.things, things))
        if int(kept.sum()) >= 2:
            answers = blended(held.alone, share, spec)[:, kept]
            found[way] = trust_of(answers, held.cycle[kept], held.truth[kept], spec)
    return found


def _told(
    forms: ClosedForms,
    name: str,
    runs: Sequence[Run],
    held_out: list[tuple[int, np.ndarray]],
    direction: Direction,
) -> Float[Tensor, "thing dim"]:
    """What a closed form says of each held-out thing, things in order."""
    found: dict[int, Tensor] = {}
    source = direction[0]
    for index, held in held_out:
        given = forms.latents[source][forms.table.column(source)[held]]
        told = forms.answers(name, direction, given, things=runs[index].things)
        found |= dict(zip(held.tolist(), told, strict=True))
    return torch.stack([found[thing] for thing in sorted(found)])


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
    latents: Mapping[str, Tensor],
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
