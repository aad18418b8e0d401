"""How far to trust a translation: its expected error, learnt from held-out matches."""

from dataclasses import dataclass
from typing import Any

import torch
from scipy.optimize import nnls
from torch import Tensor

from amodal.model.inference import disagreement
from amodal.typing import Float

ENOUGH = 20
"""Held-out matches needed to tell rows apart; with fewer, all rows get the mean error."""
ROUNDING = 1e-9
"""Squared distances up to which members say the same, and columns are constant."""


@dataclass(frozen=True)
class Trust:
    """Expected squared error = a + b disagreement + c cycle error, all per column, a, b, c >= 0.

    The disagreement is that of the trained members' own answers with the answer given, which others
    may have the whole share of. Fitted by non-negative least squares on matches that the predicting
    runs had not seen. Errors are in normalised units: 1 is the standard deviation of a column of
    the target.
    """

    coefficients: tuple[float, float, float]
    typical: float
    """Root mean squared error over the held-out matches."""
    matches: int
    """How many there were."""
    explained: tuple[float, ...]
    """For each column, the share of its variance that the held-out answers explain, at least 0; 0
    of a constant column."""
    of_all: float
    """The share of all columns' variance."""
    of_blends: bool = False
    """Whether the disagreement is that of members' blended answers, as before format 4."""

    def expected_error(
        self, disagreement: Float[Tensor, " row"], cycle: Float[Tensor, " row"]
    ) -> Float[Tensor, " row"]:
        """The expected root mean squared error of each row."""
        constant, by_disagreement, by_cycle = self.coefficients
        return (constant + by_disagreement * disagreement + by_cycle * cycle).sqrt()

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `json.dump`."""
        return {
            "coefficients": list(self.coefficients),
            "typical": self.typical,
            "matches": self.matches,
            "explained": list(self.explained),
            "of_all": self.of_all,
            "of_blends": self.of_blends,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Trust":
        """The inverse of `to_json`."""
        explained = tuple(value["explained"])
        return cls(
            tuple(value["coefficients"]),
            value["typical"],
            value["matches"],
            explained,
            # Older folders do not say.
            value.get("of_all", sum(explained) / max(1, len(explained))),
            value.get("of_blends", True),
        )


def trust_of(
    answers: Float[Tensor, "thing dim"],
    members: Float[Tensor, "member thing dim"],
    cycle: Float[Tensor, " thing"],
    truth: Float[Tensor, "thing dim"],
) -> Trust:
    """What held-out answers teach about one direction.

    Args:
        answers: to each held-out match.
        members: each trained member's own answer to it.
        cycle: each match's cycle error.
        truth: the right answers.
    """
    squared = (answers - truth).square()
    variance = truth.var(0, correction=0)
    return Trust(
        coefficients=_solve(squared.mean(1), disagreement(members, answers), cycle),
        typical=float(squared.mean().sqrt()),
        matches=len(squared),
        explained=tuple(_explained(squared.mean(0), variance).tolist()),
        of_all=float(_explained(squared.mean(), variance.mean())),
    )


def _explained(squared: Tensor, variance: Tensor) -> Tensor:
    """1 - mean squared error / variance, between 0 and 1; 0 where nothing varies."""
    share = 1 - squared / variance.clamp_min(ROUNDING)
    return torch.where(variance > ROUNDING, share.clamp(0, 1), 0.0)


def _solve(squared: Tensor, apart: Tensor, cycle: Tensor) -> tuple[float, float, float]:
    """Coefficients of the expected squared error; the mean alone with few matches."""
    coefficients = (float(squared.mean()), 0.0, 0.0)
    if len(squared) >= ENOUGH:
        # Rounding would get weights of any size.
        causes = [cause * (cause.max() > ROUNDING) for cause in (apart, cycle)]
        given = torch.stack([torch.ones(len(squared)), *causes], 1)
        solved, _ = nnls(given.double().numpy(), squared.double().numpy())
        if solved.sum() > 0:
            return (float(solved[0]), float(solved[1]), float(solved[2]))
    return coefficients
