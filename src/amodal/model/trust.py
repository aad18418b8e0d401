"""How far to trust a translation: its expected error, learnt from held-out matches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

from amodal.latents import MatchTable
from amodal.model.inference import average, cycle_error, spread, translate_members
from amodal.training import Run
from amodal.typing import Float
from amodal.workspace import Population

ENOUGH = 20
"""Held-out matches needed to tell rows apart; with fewer, all rows get the mean error."""


@dataclass(frozen=True)
class Trust:
    """Expected squared error = a + b spread + c cycle error, all per column, a, b, c >= 0.

    Fitted by non-negative least squares on matches that the predicting runs had not seen. Errors
    are in normalised units: 1 is the standard deviation of a column of the target.
    """

    coefficients: tuple[float, float, float]
    typical: float
    """Root mean squared error over the held-out matches."""
    matches: int
    """How many there were."""
    explained: tuple[float, ...]
    """For each column, the share of its variance that the held-out answers explain, at least 0."""

    def expected_error(
        self, spread: Float[Tensor, " row"], cycle: Float[Tensor, " row"]
    ) -> Float[Tensor, " row"]:
        """The expected root mean squared error of each row."""
        constant, by_spread, by_cycle = self.coefficients
        return (constant + by_spread * spread + by_cycle * cycle).sqrt()

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `json.dump`."""
        return {
            "coefficients": list(self.coefficients),
            "typical": self.typical,
            "matches": self.matches,
            "explained": list(self.explained),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Trust":
        """The inverse of `to_json`."""
        return cls(
            tuple(value["coefficients"]),
            value["typical"],
            value["matches"],
            tuple(value["explained"]),
        )


def fit_trust(
    population: Population,
    runs: Sequence[Run],
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
) -> dict[tuple[str, str], Trust]:
    """Learn what to expect in each direction from the held-out matches of all folds.

    In every member each match is held out once; so the members' held-out answers form the same
    ensemble that will answer later, on matches that none of the answering runs had seen.

    Returns:
        A `Trust` for each (source, target) with held-out matches; empty without folds.
    """
    judges = [index for index, run in enumerate(runs) if len(run.held_out)]
    if not judges:
        return {}
    result = {}
    for source in table.names:
        for target in table.names:
            together = (table.column(source) >= 0) & (table.column(target) >= 0)
            if source != target and together.any():
                result[source, target] = _fit_direction(
                    population, runs, judges, latents, table, source, target
                )
    return result


def _fit_direction(
    population: Population,
    runs: Sequence[Run],
    judges: list[int],
    latents: dict[str, Tensor],
    table: MatchTable,
    source: str,
    target: str,
) -> Trust:
    answers: dict[int, list[Tensor]] = {}
    cycles: dict[int, list[Tensor]] = {}
    for index in judges:
        own = runs[index].held_out
        own = own[(table.column(source)[own] >= 0) & (table.column(target)[own] >= 0)]
        if not len(own):
            continue
        judge = population.choose([index])
        given = latents[source][table.column(source)[own]]
        answered = translate_members(judge, given, source, target)[0]
        returned = cycle_error(judge, given, source, target)
        for thing, answer, cycle in zip(own.tolist(), answered, returned, strict=True):
            answers.setdefault(thing, []).append(answer)
            cycles.setdefault(thing, []).append(cycle)
    things = list(answers)
    members = torch.stack([torch.stack(answers[t]) for t in things], 1)
    truth = latents[target][table.column(target)[things]]
    spec = population.architecture.specs[target]
    squared = (average(members, spec) - truth).square()
    cycle = torch.stack([torch.stack(cycles[t]).mean() for t in things])
    return Trust(
        coefficients=_solve(squared.mean(1), spread(members), cycle),
        typical=float(squared.mean().sqrt()),
        matches=len(squared),
        explained=_explained(squared, truth),
    )


def _explained(squared: Tensor, truth: Tensor) -> tuple[float, ...]:
    """1 - mean squared error / variance of each column, between 0 and 1; constant columns 0."""
    variance = truth.var(0, correction=0)
    share = 1 - squared.mean(0) / variance.clamp_min(1e-9)
    return tuple(share.clamp(0, 1).tolist())


def _solve(squared: Tensor, spread: Tensor, cycle: Tensor) -> tuple[float, float, float]:
    """Coefficients of the expected squared error; the mean alone with few matches."""
    coefficients = (float(squared.mean()), 0.0, 0.0)
    if len(squared) >= ENOUGH:
        causes = np.stack([np.ones(len(squared)), spread.numpy(), cycle.numpy()], 1)
        solved, _ = nnls(causes.astype(np.float64), squared.double().numpy())
        if solved.sum() > 0:
            return (float(solved[0]), float(solved[1]), float(solved[2]))
    return coefficients
