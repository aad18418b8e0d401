"""Hubness: some rows of a catalogue are near to every query, and crowd out the right ones.

Both corrections lower a row's similarity by a number of the row alone, measured with a bank of
queries. So they are one more number of each row's vector, and search stays an inner product:
[x, -h(x)] . [q, 1] is corrected, [x, -h(x)] . [q, 0] is not.
"""

import math

import torch
from torch import Tensor

from amodal.search.settings import IndexSettings
from amodal.typing import Float


def hubness(
    rows: Float[Tensor, "row dim"],
    bank: Float[Tensor, "query dim"] | None,
    settings: IndexSettings,
) -> Float[Tensor, " row"]:
    """What is taken off each row's similarity to any query.

    csls, cross-domain similarity local scaling (Conneau et al. 2018, arXiv 1710.04087): the score
    2 q.x - r(q) - r(x) ranks rows as q.x - h(x) does with h(x) = r(x) / 2, r(x) the mean
    similarity of x to its k nearest queries of the bank.
    softmax, the inverted softmax (Smith et al. 2017, arXiv 1702.03859): exp(q.x / t) divided by
    its sum over the bank; its logarithm times t is q.x - h(x) with
    h(x) = t log mean exp(q'.x / t) over the queries q' of the bank.

    Args:
        rows: vectors of the catalogue.
        bank: vectors of queries; None without a correction.
        settings: which correction.

    Returns:
        h(x), in units of similarity; zeros without a correction.

    Example:
        >>> rows, bank = torch.eye(2), torch.tensor([[1.0, 0.0], [0.8, 0.6]])
        >>> hubness(rows, bank, IndexSettings(hubness="csls", neighbours=2)).tolist()
        [0.44999998807907104, 0.15000000596046448]
    """
    if bank is None or settings.hubness == "none":
        return torch.zeros(len(rows))
    similarity = rows @ bank.T
    if settings.hubness == "csls":
        nearest = similarity.topk(min(settings.neighbours, len(bank)), dim=1).values
        return nearest.mean(1) / 2
    total = torch.logsumexp(similarity / settings.temperature, 1) - math.log(len(bank))
    return settings.temperature * total


def with_hubness(
    rows: Float[Tensor, "row dim"], taken_off: Float[Tensor, " row"]
) -> Float[Tensor, "row longer"]:
    """Vectors of a catalogue with the number that is taken off as their last column, negated."""
    return torch.cat([rows, -taken_off[:, None]], 1)


def queries_with(
    queries: Float[Tensor, "query dim"], *, corrected: bool
) -> Float[Tensor, "query longer"]:
    """Vectors of queries with a last column that applies the correction, or leaves it out."""
    return torch.cat([queries, torch.full((len(queries), 1), float(corrected))], 1)
