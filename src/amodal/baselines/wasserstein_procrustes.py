"""Wasserstein-Procrustes: a rotation from few matches, refined by assigning unmatched rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from amodal.baselines.base import unit_rows
from amodal.baselines.folds import Embed
from amodal.baselines.tuned import TunedBaseline, in_every_modality
from amodal.fewmatch.moments import covariance
from amodal.fewmatch.transport import transport_plan
from amodal.latents import MatchTable, evenly
from amodal.typing import Float

TEMPERATURES = (0.2, 0.12, 0.07, 0.04)
"""Of the soft plans, one after another."""
ROUNDS = 2
"""Exact assignments after them."""
FEWEST = 5
"""Unmatched rows of a modality below which none are assigned."""
ROWS = 1000
"""Unmatched rows of a modality that are assigned, at most."""


@dataclass(frozen=True)
class WassersteinProcrustesSettings:
    """How rows are scaled, and how far assigned rows are trusted."""

    exponent: float = 1.0
    """Principal coordinates are scaled by deviation^exponent."""
    share: float = 0.5
    """How much the assigned rows count beside the matches; 0 gives orthogonal Procrustes."""


class WassersteinProcrustes(TunedBaseline):
    r"""Turn one cloud of rows onto the other, by matches and by who falls on whom.

    The rotation U V^T of the matches' cross-covariance C = U S V^T (Schönemann 1966) brings both
    clouds together; unmatched rows are assigned to one another there, softly at first (Sinkhorn),
    at last one to one (linear assignment), and (1 - share) C + share X^T P Y gives the next
    rotation (Grave et al. 2019, Wasserstein Procrustes, arXiv 1805.11222; started from clusters in
    place of matches: arXiv 2610.09411). Whether assignments are trusted, and the scale, is chosen
    by held-out matches; each rotation is scaled by least squares for translations.

    Example:
        >>> import numpy as np
        >>> first = np.random.default_rng(0).exponential(size=(200, 2)) * [3.0, 1.0]
        >>> second = first[::-1] @ np.array([[0.0, 1.0], [1.0, 0.0]])
        >>> model = WassersteinProcrustes().fit(
        ...     {"a": first, "b": second}, matches={"a": [0, 1, 2, 3], "b": [199, 198, 197, 196]}
        ... )
        >>> error = np.abs(model.translate(first, "a", "b") - second[::-1])
        >>> bool(error.mean() < 0.1)
        True
    """

    Settings = WassersteinProcrustesSettings
    grid: ClassVar = {"share": (0.5, 0.0), "exponent": (1.0, 0.5, 0.0)}

    def _align(self, rows: Mapping[str, Tensor], table: MatchTable, settings: Any) -> Embed:
        turns = self._turns(rows, table, settings)
        self._found = {way: _Turn(turn) for way, turn in turns.items()}
        found, widths = self._found, {name: own.shape[1] for name, own in rows.items()}
        return lambda x, name: in_every_modality(x, name, found, widths)

    def _turns(
        self, rows: Mapping[str, Tensor], table: MatchTable, settings: Any
    ) -> dict[tuple[str, str], Tensor]:
        """Scaled rotations between all modalities that share matches, both ways."""
        turns = {}
        for first, second in combinations(rows, 2):
            pairs = table.together(first, second)
            if not len(pairs):
                continue
            one, two = _Side.of(rows[first], pairs[:, 0]), _Side.of(rows[second], pairs[:, 1])
            share = settings.share if min(len(one.free), len(two.free)) >= FEWEST else 0.0
            cross = covariance(one.matched, two.matched)
            left, strength, right = rotation(refined(cross, one.free, two.free, share=share))
            turn = left @ right
            turns[first, second] = turn * _scale(left, strength, one.spread(share))
            turns[second, first] = turn.T * _scale(right.T, strength, two.spread(share))
        return turns

    def _fit_maps(self, rows: Mapping[str, Tensor], table: MatchTable) -> dict[Any, Any]:
        return dict(self._found)


class _Turn:
    def __init__(self, turn: Tensor) -> None:
        self.turn = turn

    def __call__(self, x: Tensor) -> Tensor:
        return x @ self.turn


def rotation(
    cross: Float[Tensor, "first second"],
) -> tuple[Float[Tensor, "first kept"], Float[Tensor, " kept"], Float[Tensor, "kept second"]]:
    """U, S and V^T of a cross-covariance, without the directions about which it says nothing."""
    left, strength, right = torch.linalg.svd(cross, full_matrices=False)
    kept = strength > 1e-9 * strength.max().clamp(min=1e-300)
    return left[:, kept], strength[kept], right[kept]


def refined(
    matched: Float[Tensor, "first second"],
    x: Float[Tensor, "row first"],
    y: Float[Tensor, "other second"],
    *,
    share: float,
) -> Float[Tensor, "first second"]:
    """The cross-covariance of matches and of the unmatched rows that fall on one another.

    Args:
        matched: of the matches alone.
        x: unmatched rows of the first modality.
        y: unmatched rows of the second; they are other things, of another number.
        share: of what is assigned; 0 gives `matched`.
    """
    cross = matched
    if not share:
        return cross
    for temperature in (*TEMPERATURES, *[None] * ROUNDS):
        left, _, right = rotation(cross)
        likeness = unit_rows(x @ left) @ unit_rows(y @ right.T).T
        plan = (
            assigned(likeness)
            if temperature is None
            else transport_plan(likeness, temperature=temperature)
        )
        cross = (1 - share) * matched + share * x.T @ plan @ y
    return cross


def assigned(likeness: Float[Tensor, "row other"]) -> Float[Tensor, "row other"]:
    """The one-to-one assignment of the largest total likeness, with the total mass 1.

    Example:
        >>> assigned(torch.tensor([[0.9, 0.8], [0.9, 0.1]])).tolist()
        [[0.0, 0.5], [0.5, 0.0]]
    """
    from scipy.optimize import linear_sum_assignment

    first, second = linear_sum_assignment(likeness.numpy(), maximize=True)
    plan = torch.zeros_like(likeness)
    plan[first, second] = 1 / len(first)
    return plan


def _scale(left: Tensor, strength: Tensor, spread: Tensor) -> Tensor:
    """Least squares: sum(S) / ||X U||^2, from moments."""
    total = (left * (spread @ left)).sum()
    return strength.sum() / torch.where(total > 0, total, 1.0)


@dataclass(frozen=True)
class _Side:
    """One modality's matched rows, and some of the others, spread over all of them."""

    matched: Tensor
    free: Tensor

    @classmethod
    def of(cls, rows: Tensor, matched: np.ndarray) -> "_Side":
        free = np.setdiff1d(np.arange(len(rows)), matched)
        some = rows[torch.from_numpy(free[evenly(len(free), ROWS)])]
        return cls(rows[torch.from_numpy(matched)], some - some.mean(0) if len(some) else some)

    def spread(self, share: float) -> Tensor:
        """Second moments, mixed as the cross-covariance is."""
        own = (1 - share) * covariance(self.matched, self.matched)
        return own + share * self.free.T @ self.free / len(self.free) if share else own
