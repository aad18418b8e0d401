"""How well each run translates the matches that were kept from it."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from amodal.latents import MatchTable
from amodal.typing import Float
from amodal.workspace import Population, apply_heads, bound, decode, encode

FLOOR = 5e-3
"""Squared errors well below this (of unit variance) are as good as none."""


class HeldOut:
    """Scores runs by their held-out matches: the mean logarithm of their translation errors.

    score = mean over directions and blocks of log(mean squared error + 0.005), the error being
    between latents after the heads, so between probabilities for categorical blocks (the Brier
    score). The logarithm makes a tenth less error in one block count as much as in another,
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

    def scores(self, population: Population, runs: Sequence[int]) -> Float[Tensor, " run"]:
        """The score of each run, NaN for those without held-out matches; lower is better.

        Args:
            population: the weights, a row for each of `runs`.
            runs: which runs (of those this was made for) they belong to.
        """
        result = torch.full((len(runs),), float("nan"))
        if not self.present:
            return result
        index = torch.tensor(list(runs))
        terms = []
        for errors, used in self._errors(population, index):
            # A run that has diverged is infinitely bad, not one that cannot be judged.
            judged = (errors + FLOOR).log().nan_to_num(nan=torch.inf, posinf=torch.inf)
            terms.append(torch.where(used, judged, torch.nan))
        return torch.stack(terms).nanmean(0)

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


class BestSoFar:
    """Keeps each group's best weights, and says which groups have stopped improving.

    The runs of a group are the same training with other matches held out, and one with none held
    out: the step is chosen by the mean score of those that can be judged, and the weights of all
    are kept from it. Step 0, the closed-form start, takes part: a workspace whose training does
    not help on held-out matches stays the closed-form map.
    """

    def __init__(self, groups: Sequence[int], matrix: Tensor, *, patience: int) -> None:
        """Nothing seen yet."""
        self.groups = list(groups)
        self.patience = patience
        self.matrix = matrix.clone()
        self.score = {group: float("inf") for group in self.groups}
        self.first_score = {group: float("nan") for group in self.groups}
        self.step = dict.fromkeys(self.groups, 0)
        self.worse = dict.fromkeys(self.groups, 0)

    def see(self, step: int, runs: Sequence[int], matrix: Tensor, scores: Tensor) -> None:
        """Take in the scores of the active runs (rows of `matrix`) at a step."""
        for group in dict.fromkeys(self.groups[run] for run in runs):
            rows = [row for row, run in enumerate(runs) if self.groups[run] == group]
            score = float(scores[rows].nanmean())
            if step == 0:
                self.first_score[group] = score
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
