"""Alignment from few matches and the shapes of both clouds of unmatched rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.errors import InputError
from amodal.fewmatch.moments import Directions, Moments, covariance, shared_directions
from amodal.fewmatch.transport import transport_plan
from amodal.latents import MatchTable, evenly
from amodal.typing import Float

TEMPERATURES: tuple[float, ...] = tuple(float(value) for value in np.geomspace(0.2, 0.03, 10))
"""Of the plans, one after another: first clusters find each other, then what is in them."""
ROWS = 2_500
"""Unmatched rows of a modality in a plan, at most: a plan takes the square of that."""
_FEWEST = 5


@dataclass(frozen=True)
class AlignmentSettings:
    """How an alignment is made; the defaults served every data set that was tried."""

    exponent: float = 1.0
    """Principal coordinates are scaled by deviation^exponent: 0 whitens them, 1 leaves them."""
    penalty: float = 1.0
    """Pulls covariances towards spheres, in units of the mean variance."""
    share: float = 0.5
    """How much the transported moments count beside the matched ones; 0 ignores unmatched rows."""


@dataclass(frozen=True)
class Alignment:
    """What an alignment found: moments, for linear maps, and the directions they share."""

    moments: Moments
    directions: Directions


def align(
    rows: Mapping[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    *,
    settings: AlignmentSettings | None = None,
    things: np.ndarray | None = None,
    most: int = ROWS,
) -> Alignment:
    r"""Find shared directions from matches, then let unmatched rows confirm and refine them.

    With the matched covariances C^m, and the plan P between unmatched rows X, Y whose cosines in
    the current shared directions are S: C_xy = (1 - share) C^m_xy + share X^T P(S) Y. The shared
    directions of these moments give the next S; the temperature of P falls from step to step.
    Alternating a plan with a map is Wasserstein Procrustes (Grave et al. 2019, arXiv 1805.11222),
    here with regularised canonical correlations in place of a rotation, and the matches as anchors.

    Unmatched rows enter as sets, their order says nothing. Rows in no match at all are used.

    Args:
        rows: centred coordinates of each modality, float64.
        table: the matches.
        settings: by default those that served every data set.
        things: the rows of `table` to learn from; the others' rows are left out of everything.
        most: unmatched rows of a modality that take part, at most.

    Raises:
        InputError: no pair of modalities shares a match.

    Example:
        >>> rows = torch.tensor([[2.0, 0.0], [-2.0, 1.0], [0.0, -1.0]]).double()
        >>> table = MatchTable.build({"a": [0, 1, 2], "b": [0, 1, 2]}, {"a": 3, "b": 3})
        >>> found = align({"a": rows, "b": rows.flip(1)}, table)
        >>> found.directions.weights["a"].shape
        torch.Size([2, 2])
    """
    settings = settings or AlignmentSettings()
    own = table if things is None else table.choose(things)
    matched = _matched_moments(rows, own)
    directions = shared_directions(matched, penalty=settings.penalty)
    free = {name: _unmatched(rows[name], table.column(name), most) for name in rows}
    if not settings.share or not any(_enough(free, *pair) for pair in matched.between):
        return Alignment(matched, directions)
    moments = matched
    for temperature in TEMPERATURES:
        moments = _transported(matched, directions, free, temperature, share=settings.share)
        directions = shared_directions(moments, penalty=settings.penalty)
    return Alignment(moments, directions)


def _matched_moments(rows: Mapping[str, Tensor], own: MatchTable) -> Moments:
    seen = (own.rows >= 0).sum(1) > 1
    within, between = {}, {}
    for name, values in rows.items():
        column = own.column(name)[seen]
        some = values[torch.from_numpy(column[column >= 0])]
        within[name] = (
            covariance(some, some)
            if len(some)
            else values.new_zeros(values.shape[1], values.shape[1])
        )
    names = list(rows)
    for place, first in enumerate(names):
        for second in names[place + 1 :]:
            pairs = own.together(first, second)
            if len(pairs):
                between[first, second] = covariance(
                    rows[first][pairs[:, 0]], rows[second][pairs[:, 1]]
                )
    if not between:
        raise InputError("no two modalities share a match: an alignment needs at least one")
    return Moments(within, between)


def _unmatched(rows: Tensor, column: np.ndarray, most: int) -> Tensor:
    """Rows of one modality that no match names, evenly spaced, about their mean."""
    free = np.setdiff1d(np.arange(len(rows)), column[column >= 0])
    some = rows[torch.from_numpy(free[evenly(len(free), most)])]
    return some - some.mean(0) if len(some) else some


def _enough(free: Mapping[str, Tensor], first: str, second: str) -> bool:
    return min(len(free[first]), len(free[second])) >= _FEWEST


def _transported(
    matched: Moments,
    directions: Directions,
    free: Mapping[str, Tensor],
    temperature: float,
    *,
    share: float,
) -> Moments:
    """Matched moments mixed with those of the plans between unmatched rows."""
    # Single precision is exact enough for a plan and what it carries, in half the time.
    states = {
        name: F.normalize(free[name] @ directions.weights[name], dim=1).float() for name in free
    }
    rows = {name: values.float() for name, values in free.items()}
    within, between = dict(matched.within), dict(matched.between)
    for (first, second), cross in matched.between.items():
        if _enough(free, first, second):
            likeness = states[first] @ states[second].T
            plan = transport_plan(likeness, temperature=temperature)
            carried = (rows[first].T @ plan @ rows[second]).double()
            between[first, second] = (1 - share) * cross + share * carried
    for name, values in free.items():
        if len(values) >= _FEWEST:
            spread = values.T @ values / len(values)
            within[name] = (1 - share) * within[name] + share * spread
    return Moments(within, between)
