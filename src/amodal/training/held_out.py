"""How well each run translates the matches that were kept from it."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from amodal.latents import MatchTable
from amodal.typing import Float
from amodal.workspace import Architecture, Population, apply_heads, bound, decode, encode

FLOOR = 5e-3
"""Squared errors well below this (of unit variance) are as good as none."""


class HeldOut:
    """Scores runs by their held-out matches: the logarithms of their translation errors.

    A term for each direction and block of the target: log(mean squared error + 0.005), the error
    being between latents after the heads, so between probabilities for categorical blocks (the
    Brier score). The logarithm makes a tenth less error in one block count as much as in another,
    however hard it is; squared errors of probabilities, unlike cross-entropy, do not explode when
    a network grows sure of a wrong class while everything else still improves.
    """

    def __init__(
        self,
        latents: dict[str, Float[Tensor, "_ _"]],
        table: MatchTable,
        things: Sequence[np.ndarray],
    ) -> None:
        """Gather the held-out latents of each run, padded to equal length."""
        padded = torch.nn.utils.rnn.pad_sequence(
            [torch.from_numpy(np.asarray(t, dtype=np.int64)) for t in things],
            batch_first=True,
            padding_value=-1,
        )
        rows = torch.from_numpy(table.rows)[padded.clamp_min(0)] if len(table) else None
        self.present: dict[str, Tensor] = {}
        self.latents: dict[str, Tensor] = {}
        for column, name in enumerate(table.names):
            if rows is None:
                continue
            own = rows[..., column].masked_fill(padded < 0, -1)
            self.present[name] = (own >= 0).float()
            self.latents[name] = latents[name][own.clamp_min(0)]

    def scores(self, population: Population, runs: Sequence[int]) -> Float[Tensor, "run term"]:
        """The terms of each run, NaN where it has no held-out matches; lower is better.

        Args:
            population: the weights, a row for each of `runs`.
            runs: which runs (of those this was made for) they belong to.
        """
        if not self.present:
            return torch.full((len(runs), 1), float("nan"))
        terms = []
        for errors, used in self._errors(population, torch.tensor(list(runs))):
            # A run that has diverged is infinitely bad, not one that cannot be judged.
            judged = (errors + FLOOR).log().nan_to_num(nan=torch.inf, posinf=torch.inf)
            terms.append(torch.where(used, judged, torch.nan))
        return torch.stack(terms, 1)

    @torch.no_grad()
    def _errors(self, population: Population, index: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Mean squared error of each direction and block, and which runs have rows for it."""
        architecture, weights = population.architecture, population.views()
        found = []
        for source in architecture.names:
            given = self.latents[source][index]
            state = bound(encode(weights, architecture, source, given), architecture)
            for target, spec in architecture.specs.items():
                if target == source:
                    continue
                counted = self.present[source][index] * self.present[target][index]
                output = apply_heads(decode(weights, architecture, target, state), spec)
                squared = (output - self.latents[target][index]).square()
                for _, columns in spec.parts():
                    error = squared[..., columns].mean(-1)
                    mean = (error * counted).sum(1) / counted.sum(1).clamp_min(1)
                    found.append((mean, counted.sum(1) > 0))
        return found


def term_weights(architecture: Architecture) -> Float[Tensor, " term"]:
    """Weight of each term of a score: directions alike, blocks by their share of the columns."""
    names = architecture.names
    return torch.tensor(
        [
            block.size / spec.dim
            for source in names
            for target, spec in architecture.specs.items()
            if target != source
            for block in spec.blocks
        ]
    )


def weighted_mean(terms: Float[Tensor, "*run term"], weights: Tensor) -> Float[Tensor, "*run"]:
    """The mean over the terms that are not NaN; NaN where all are."""
    used = (~terms.isnan()) * weights
    return (terms.nan_to_num(nan=0.0, posinf=torch.inf) * weights).sum(-1) / used.sum(-1)


class BestSoFar:
    """Keeps each group's best weights, and says which groups have stopped improving.

    The runs of a group are the same training with other matches held out, and one with none held
    out: the step is chosen by the mean of those that can be judged, and the weights of all are
    kept from it. With a closed-form start, blocks that it answers better will be answered by it
    (`amodal.model.judging`); so a term never counts as worse than at step 0, and training goes on
    while any block still gains.
    """

    def __init__(
        self,
        groups: Sequence[int],
        population: Population,
        *,
        patience: int,
    ) -> None:
        """Nothing seen yet."""
        self.groups = list(groups)
        self.patience = patience
        self.matrix = population.matrix.clone()
        self.has_start = population.architecture.linear
        self.weights = term_weights(population.architecture)
        self.first = torch.full((max(self.groups, default=0) + 1, len(self.weights)), torch.nan)
        self.score = {group: float("inf") for group in self.groups}
        self.first_score = {group: float("nan") for group in self.groups}
        self.step = dict.fromkeys(self.groups, 0)
        self.worse = dict.fromkeys(self.groups, 0)

    def see(
        self, step: int, runs: Sequence[int], matrix: Tensor, scores: Float[Tensor, "run term"]
    ) -> None:
        """Take in the scores of the active runs (rows of `matrix`) at a step."""
        for group in dict.fromkeys(self.groups[run] for run in runs):
            rows = [row for row, run in enumerate(runs) if self.groups[run] == group]
            terms = scores[rows].nanmean(0).expand(len(self.weights))
            if step == 0:
                self.first[group] = terms
                self.first_score[group] = float(weighted_mean(terms, self.weights))
            if self.has_start:
                terms = torch.minimum(terms, self.first[group])
            score = float(weighted_mean(terms, self.weights))
            # Without held-out matches there is nothing to choose by: the latest weights count.
            if score < self.score[group] or score != score:
                self.score[group], self.step[group], self.worse[group] = score, step, 0
                for row in rows:
                    self.matrix[runs[row]] = matrix[row]
            else:
                self.worse[group] += 1

    def stopped(self, run: int) -> bool:
        """Whether the run's group has looked `patience` times without a better score."""
        return self.worse[self.groups[run]] >= self.patience
