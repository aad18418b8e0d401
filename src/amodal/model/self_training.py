"""Self-training: one workspace more, which learns what unmatched rows probably mean.

All answerers together translate unmatched rows; transport between the two modalities says where,
near a translation, there are rows that want it back; a workspace learns from the mean of the two.
What it says then is nearer to the truth than what it was told, because errors that the modality's
own rows contradict are gone; so it is done twice (self-training: Scudder 1965,
doi:10.1109/TIT.1965.1053799; by balanced assignments: Asano et al. 2020, arXiv 1911.05371).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from amodal.fewmatch.pseudo_matches import misfit, partners
from amodal.latents import MatchTable
from amodal.model.aligning import spread_out
from amodal.model.blending import as_directions
from amodal.model.inference import Ensemble, answer
from amodal.model.judging import BLENDED, Judged
from amodal.specification import LatentSpec
from amodal.training import Outcome, Run
from amodal.typing import Float, Int64
from amodal.workspace import Population

Pair = tuple[str, str]
Latents = Mapping[str, Float[Tensor, "_ _"]]
ROUNDS = 2
"""Of pseudo-matches and training: a third one learns its own errors by heart."""
ROWS = 8_000
"""Unmatched rows of a modality that it learns from, at most."""
PLAN = 2_000
"""Of them in one plan, at most."""
FEWEST = 200
"""Unmatched rows of a modality that a plan needs."""
TRIED = 1_000
"""In the plans that choose the temperature, at most."""
BATCH, LEARNING_RATE = 256, 3e-3
"""Pseudo-matches a step, and how fast they are learnt: they are many, and none is sure."""
HELD_OUT = 400
"""Held-out matches of a learner that choose it, at most."""
TEMPERATURES = (3.0, 8.0, 20.0, 50.0)
"""Of plans, in units of `misfit`."""


@dataclass(frozen=True)
class Learner:
    """Who learns: from its own matches alone, as those that hold the others out must."""

    run: Run
    ensemble: Ensemble
    """All answerers, having learnt from the run's matches."""


@dataclass(frozen=True)
class SelfTraining:
    """What all learners share."""

    latents: Latents
    """Normalised rows of each modality."""
    table: MatchTable
    """All matches."""
    free: Mapping[str, Int64[np.ndarray, " _"]]
    """Rows of each modality that are in no match."""
    specs: Mapping[str, LatentSpec]

    def temperatures(self, learners: Sequence[Learner], judged: Judged) -> dict[Pair, float]:
        """Of the plans of each pair of modalities; pairs that plans tell nothing of are left out.

        Held-out matches are taken apart and each half is put among unmatched rows: the lowest
        error of the mean of translation and barycentre chooses; where none is below the
        translation's own, there is nothing to be learnt.

        Args:
            learners: those that hold matches out are asked.
            judged: what held-out matches said of the ensembles.
        """
        chosen = {}
        for pair in combinations(self.table.names, 2):
            back = (pair[1], pair[0])
            if min(len(self.free[name]) for name in pair) < FEWEST:
                continue
            if pair in judged.errors and back in judged.errors:
                found = self._errors(learners, judged, pair)
                if bool((found < found[0]).any()):
                    chosen[pair] = TEMPERATURES[int(found[1:].argmin())]
        return chosen

    def taught(
        self,
        learners: Sequence[Learner],
        population: Population,
        judged: Judged,
        *,
        trained: Callable[[Population, "Lessons"], Outcome],
    ) -> Population | None:
        """A self-trained run for each learner; None where unmatched rows tell nothing new.

        Args:
            learners: the one that has all matches, and those that hold some out.
            population: what they begin with, a run each.
            judged: what held-out matches said of the ensembles.
            trained: trains a population on lessons.
        """
        chosen = self.temperatures(learners, judged)
        if not chosen:
            return None
        for number in range(ROUNDS):
            lessons = Lessons.on(self, learners)
            for place, learner in enumerate(learners):
                ensemble = Ensemble(population.choose([place])) if number else learner.ensemble
                for pair, temperature in chosen.items():
                    errors = _errors_of(judged, pair)
                    lessons.add(place, pair, self._targets(ensemble, pair, errors, temperature))
            population = trained(population, lessons).population
        return population

    def unmatched(self, name: str, most: int = ROWS) -> Float[Tensor, "row _"]:
        """Rows of a modality that are in no match, evenly spaced ones if they are many."""
        return self.latents[name][torch.from_numpy(spread_out(self.free[name], most))]

    def _targets(
        self, ensemble: Ensemble, pair: Pair, errors: tuple[float, float], temperature: float
    ) -> tuple[Float[Tensor, "first dim_b"], Float[Tensor, "second dim_a"]]:
        """What each unmatched row of either modality is to be translated into."""
        sides = [self.unmatched(name) for name in pair]
        ways = (pair, (pair[1], pair[0]))
        told = [answer(ensemble, rows, *way) for rows, way in zip(sides, ways, strict=True)]
        found = [torch.zeros_like(answers) for answers in told]
        parts = -(-max(len(rows) for rows in sides) // PLAN)
        # A side that is small enough takes part in every plan, as a whole.
        whole = [len(rows) <= PLAN for rows in sides]
        for part in range(parts):
            one, two = (slice(None) if w else slice(part, None, parts) for w in whole)
            rows, answers = (sides[0][one], sides[1][two]), (told[0][one], told[1][two])
            plan = partners(rows, misfit(rows, answers, errors=errors), temperature=temperature)
            found[0][one] += plan[0] / (parts if whole[0] else 1)
            found[1][two] += plan[1] / (parts if whole[1] else 1)
        there, back = (
            _mean(answers, partner, self.specs[way[1]])
            for answers, partner, way in zip(told, found, ways, strict=True)
        )
        return there, back

    def _errors(
        self, learners: Sequence[Learner], judged: Judged, pair: Pair
    ) -> Float[Tensor, " temperature"]:
        """Of translations, then of their means with barycentres, in shares of the expected."""
        free = [self.unmatched(name, TRIED) for name in pair]
        ways, errors = (pair, (pair[1], pair[0])), _errors_of(judged, pair)
        sums = torch.zeros(1 + len(TEMPERATURES), dtype=torch.float64)
        for learner in learners:
            held_out = spread_out(learner.run.held_out, HELD_OUT)
            known = torch.from_numpy(self.table.choose(held_out).together(*pair))
            if not len(known):
                continue
            held = [self.latents[name][known[:, place]] for place, name in enumerate(pair)]
            rows = [torch.cat(both) for both in zip(held, free, strict=True)]
            told = [answer(learner.ensemble, rows[side], *ways[side]) for side in (0, 1)]
            for here, there in ((0, 1), (1, 0)):
                # Their partners are not among the rows of the other side.
                given = rows[here], free[there]
                cost = misfit(
                    given,
                    (told[here], told[there][len(known) :]),
                    errors=(errors[here], errors[there]),
                )
                answers = [told[here][: len(known)]]
                for temperature in TEMPERATURES:
                    found = partners(given, cost, temperature=temperature)[0][: len(known)]
                    answers.append(_mean(answers[0], found, self.specs[pair[there]]))
                off = [float((each - held[there]).square().mean(1).sum()) for each in answers]
                sums += torch.tensor(off, dtype=torch.float64) / max(errors[here], 1e-12)
        return sums


@dataclass
class Lessons:
    """Pseudo-matches of all learners as matches of a few rows, in a table of their own."""

    given: SelfTraining
    learners: Sequence[Learner]
    latents: dict[str, list[Tensor]]
    """Of each modality: matched and unmatched rows, then the answers of a learner each."""
    matched: dict[str, int]
    """Rows of each modality that are in a match; they come first."""
    parts: list[Int64[np.ndarray, "thing modality"]]
    """Of the table: matches, then the pseudo-matches of a learner and a direction each."""
    own: list[list[int]]
    """Of each learner: the parts that it learns from."""

    @classmethod
    def on(cls, given: SelfTraining, learners: Sequence[Learner]) -> "Lessons":
        """Matches and unmatched rows, and nothing to learn from yet."""
        latents, matched, columns = {}, {}, []
        for name in given.table.names:
            column = given.table.column(name)
            known = np.unique(column[column >= 0])
            columns.append(np.where(column >= 0, np.searchsorted(known, column), -1))
            matched[name] = len(known)
            rows = given.latents[name][torch.from_numpy(known)]
            latents[name] = [torch.cat([rows, given.unmatched(name)])]
        parts = [np.stack(columns, 1)]
        return cls(given, learners, latents, matched, parts, [[] for _ in learners])

    def add(self, place: int, pair: Pair, targets: tuple[Tensor, Tensor]) -> None:
        """Pseudo-matches of one learner and pair, both ways."""
        names = self.given.table.names
        for name, other, told in ((*pair, targets[0]), (pair[1], pair[0], targets[1])):
            rows = np.full((len(told), len(names)), -1)
            begun = sum(len(part) for part in self.latents[other])
            rows[:, names.index(name)] = self.matched[name] + np.arange(len(told))
            rows[:, names.index(other)] = begun + np.arange(len(told))
            self.latents[other].append(told)
            self.own[place].append(len(self.parts))
            self.parts.append(rows)

    @property
    def rows(self) -> dict[str, Float[Tensor, "_ _"]]:
        """Of each modality: matched ones, unmatched ones, and the answers of all learners."""
        return {name: torch.cat(parts) for name, parts in self.latents.items()}

    @property
    def table(self) -> MatchTable:
        """Matches and pseudo-matches."""
        return MatchTable(self.given.table.names, np.concatenate(self.parts))

    @property
    def only_told(self) -> dict[str, int]:
        """Where the answers begin in each modality's rows."""
        return {name: len(parts[0]) for name, parts in self.latents.items()}

    @property
    def runs(self) -> list[Run]:
        """One for each learner.

        Nothing is held out, so that all learners go as far: whether it was worth it is judged
        where their answers get a share.
        """
        begins = np.cumsum([0, *(len(part) for part in self.parts)])
        return [
            Run(
                seed=learner.run.seed,
                losses={"translation": 1.0},
                learning_rate=LEARNING_RATE,
                things=np.concatenate(
                    [
                        learner.run.things,
                        *(np.arange(begins[part], begins[part + 1]) for part in own),
                    ]
                ),
            )
            for learner, own in zip(self.learners, self.own, strict=True)
        ]


def _errors_of(judged: Judged, pair: Pair) -> tuple[float, float]:
    return judged.errors[pair][BLENDED], judged.errors[pair[1], pair[0]][BLENDED]


def _mean(told: Tensor, found: Tensor, spec: LatentSpec) -> Tensor:
    return as_directions((told + found) / 2, spec)
