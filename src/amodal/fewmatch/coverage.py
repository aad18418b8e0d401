"""Rows that leave the least unknown about all others: which things are worth a match."""

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.fewmatch.kernel_ridge import gaussian
from amodal.typing import Float, Int64

NOISE = 0.01
"""Of an answer's variance: what a match leaves unknown about its own row."""
_MEASURED = 1000
"""Rows by which the median distance is measured."""


def covering_rows(
    rows: Float[Tensor, "row dim"],
    count: int,
    *,
    known: Int64[np.ndarray, " some"] | None = None,
) -> Int64[np.ndarray, " chosen"]:
    r"""Choose rows one by one, each lowering the variance that is left over all rows the most.

    Answers are taken for a Gaussian process over the rows, of covariance
    k(x, x') = exp(-||x - x'||^2 / (2 median distance^2)), of which a match reveals one value but
    for a little noise s: it lowers the variance left at x by k(x, c)^2 / (k(c, c) + s). Rows in
    the middle of many others come first, and none twice from the same place. The criterion is
    ALC, of Cohn, Ghahramani and Jordan 1996 (doi:10.1613/jair.295).

    Takes memory of rows^2, and time of count rows^2.

    Args:
        rows: normalised latents of one modality.
        count: how many to choose.
        known: rows that are matched already: chosen first, and not given back.

    Returns:
        The rows, the most useful first.

    Raises:
        InputError: fewer rows are left than were asked for.

    Example:
        >>> line = torch.tensor([[0.0], [0.1], [0.2], [5.0], [5.1], [9.0]])
        >>> sorted(covering_rows(line, 3).tolist())
        [2, 4, 5]
    """
    taken = np.empty(0, dtype=np.int64) if known is None else np.unique(known)
    if not 1 <= count <= len(rows) - len(taken):
        raise InputError(
            f"{count} rows were asked for, expected 1 to {len(rows) - len(taken)}: so many have "
            "no match yet"
        )
    rows = rows.double()
    covariance = gaussian(rows, rows, _median_distance(rows))
    for row in taken.tolist():
        _reveal(covariance, row)
    free = torch.ones(len(rows), dtype=torch.bool)
    free[taken] = False
    chosen = []
    for _ in range(count):
        gain = covariance.square().sum(0) / (covariance.diagonal() + NOISE)
        best = int(gain.masked_fill(~free, -torch.inf).argmax())
        free[best] = False
        chosen.append(best)
        _reveal(covariance, best)
    return np.array(chosen, dtype=np.int64)


def _reveal(covariance: Float[Tensor, "row row"], row: int) -> None:
    """What is left when the value at a row is known, in place."""
    column = covariance[:, row].clone()
    covariance.addr_(column, column, alpha=-1 / (float(column[row]) + NOISE))


def _median_distance(rows: Float[Tensor, "row dim"]) -> float:
    """Of evenly spaced rows; 1 where all are equal."""
    distances = torch.pdist(rows[:: -(-len(rows) // _MEASURED)])
    distances = distances[distances > 0]
    return float(distances.median()) if len(distances) else 1.0
