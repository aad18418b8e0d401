"""How far off held-out answers are, column beside column, and in which metric to compare them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from amodal.model.inference import average
from amodal.model.judging import Direction, Judged, blended
from amodal.specification import LatentSpec
from amodal.typing import Float, Int64

LEAST_WEIGHT = 0.05
"""Of a direction about which answers say nothing: no estimate is so good that it is lost."""
SEEN = 4.0
"""Times the variance of held-out truth that rows may have and still count as seen."""
WIDEST = 1024
"""Columns up to which directions are weighed; beyond, which takes minutes, columns are."""
_TINY = 1e-9


@dataclass(frozen=True)
class Residuals:
    """Of the answers to held-out matches of one direction."""

    off: Float[Tensor, "row dim"]
    """Answers minus truth."""
    truth: Float[Tensor, "row dim"]
    """About its mean."""
    count: int
    """How many things the rows are of."""

    @property
    def unexplained(self) -> float:
        """The share of the variance that the answers leave open, at most 1."""
        variance = float(self.truth.square().mean())
        return min(1.0, float(self.off.square().mean()) / max(variance, _TINY))


def residuals_of(
    judged: Judged,
    shares: Mapping[Direction, Float[Tensor, "answerer _"]],
    specs: Mapping[str, LatentSpec],
    *,
    thing: Int64[np.ndarray, " match"],
    without: Int64[np.ndarray, " held"] | None = None,
) -> dict[Direction, Residuals]:
    """What held-out answers are off, learnt without some of the matches, which can then judge it.

    With few matches and many columns, a metric that has seen a match finds it all too well.

    Args:
        judged: with all answers to held-out matches.
        shares: of each answerer, for the directions that are wanted.
        specs: of all modalities.
        thing: of which thing each match is.
        without: the matches that are left out.

    Returns:
        Of the directions where two matches at least are left.
    """
    found = {}
    for way, share in shares.items():
        held, spec = judged.held[way], specs[way[1]]
        kept = ~np.isin(held.things, [] if without is None else without)
        if kept.sum() >= 2:
            truth = held.truth[torch.from_numpy(kept)]
            answers = average(blended(held.alone, share, spec), spec)[torch.from_numpy(kept)]
            count = len(np.unique(thing[np.array(held.things)[kept]]))
            found[way] = Residuals(answers - truth, truth - truth.mean(0), count)
    return found


def metric(
    rows: Float[Tensor, "row dim"], residuals: Residuals | None
) -> Float[Tensor, "dim *dim"]:
    r"""Coordinates in which cosines between answers and true rows tell things apart.

    With C the covariance of the rows and v its mean variance, B = (C + e v I)^(-1/2) evens
    directions out. In a direction q there, rows have the variance c, held-out truth t, and answers
    are off by w: M = B Q diag(min(c, 4 t) max(1 - w / t, 0) + 0.05 c)^(1/2), so that each direction
    counts by the variance that answers explain. What nobody can predict only adds noise to a
    cosine; what varies little, and is predicted well, may tell the most.

    Q are the eigenvectors of the residuals' mean squares there. With d columns and n things,
    e = min(1, d / n), and of the mean squares beside the diagonal (n / (n + d))^2 is kept: from
    fewer things than columns they would say which rows are matched, more than what is predicted.

    Args:
        rows: of the modality, about their mean.
        residuals: of the answers in this modality.

    Returns:
        A matrix for rows to be multiplied by; a factor for each column, where they are very many,
        and where there are no residuals: ones.
    """
    dim = rows.shape[1]
    if residuals is None:
        return torch.ones(dim)
    share = residuals.count / (residuals.count + dim)
    ease = min(1.0, dim / residuals.count)
    rows, off, truth = rows.double(), residuals.off.double(), residuals.truth.double()
    if dim > WIDEST:
        spread = rows.square().mean(0)
        even = (spread + ease * spread.mean().clamp(min=_TINY)).rsqrt()
        return (even * _weights(rows * even, off * even, truth * even).sqrt()).float()
    spread = rows.T @ rows / len(rows)
    values, turn = torch.linalg.eigh(spread)
    even = (values.clamp(min=0) + ease * values.mean().clamp(min=_TINY)).rsqrt()
    even = (turn * even) @ turn.T
    rows, off, truth = rows @ even, off @ even, truth @ even
    left = off.T @ off / len(off)
    left = share**2 * left + (1 - share**2) * torch.diag(left.diagonal())
    turn = torch.linalg.eigh(left)[1]
    weights = _weights(rows @ turn, off @ turn, truth @ turn)
    return (even @ turn * weights.sqrt()).float()


def _weights(rows: Tensor, off: Tensor, truth: Tensor) -> Float[Tensor, " dim"]:
    """The variance that answers explain, of each column, and a little of what there is."""
    there, off, seen = (each.square().mean(0) for each in (rows, off, truth))
    # The share is of the very rows that were answered. All rows say better than a few how much
    # there is; of what never varied among the held-out ones (a category that none of them had)
    # nothing is known.
    explained = (1 - off / seen.clamp(min=_TINY)).clamp(min=0)
    return there.minimum(SEEN * seen) * explained + LEAST_WEIGHT * there


def measured(
    rows: Float[Tensor, "row dim"], metric: Float[Tensor, "dim *dim"]
) -> Float[Tensor, "row dim"]:
    """Rows in a metric."""
    return rows @ metric if metric.ndim == 2 else rows * metric
