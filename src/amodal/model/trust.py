"""How far to trust a translation: its expected error, learnt from held-out matches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import nnls
from torch import Tensor

from amodal.model.inference import average, spread
from amodal.specification import LatentSpec
from amodal.typing import Float

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


def trust_of(
    members: Float[Tensor, "member thing dim"],
    cycle: Float[Tensor, " thing"],
    truth: Float[Tensor, "thing dim"],
    spec: LatentSpec,
) -> Trust:
    """What held-out answers teach about one direction.

    Args:
        members: each member's answer for each held-out match.
        cycle: each match's cycle error.
        truth: the right answers.
        spec: of the target.
    """
    squared = (average(members, spec) - truth).square()
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
