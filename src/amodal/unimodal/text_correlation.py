"""What two speakers agree on: canonical correlations between their sentences' phrases.

With x and x' the phrases (0 or 1) in two sentences about the same scene, the directions w that
maximise the correlation of w x and w x' solve

    C' w = rho C w,   C = cov(x, x),   C' = (cov(x, x') + cov(x', x)) / 2

(Hotelling, "Relations between two sets of variates", Biometrika 1936). Wording has correlation 0
with the other speaker's wording; what the scene fixes has a correlation near 1 and what the
speakers know coarsely less. As phrases add up, a direction is a sum of one function for each
descriptor, and the slowest functions come first: for places, a line across; for directions, the
sine and cosine of the angle; for colours, a few axes. So the coordinates that a linear map wants
are found without ever seeing them.
"""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse

from amodal.errors import InputError
from amodal.typing import Float, Int64

# Phrases of all sentences, and where each sentence begins: the lengths differ by speaker.
Bags = tuple[Int64[np.ndarray, " _"], Int64[np.ndarray, " _"]]


@dataclass(frozen=True)
class Directions:
    """Canonical directions, the best first; each has mean 0 and variance 1 over the sentences."""

    weights: Float[np.ndarray, "phrases dim"]
    """What each phrase adds."""
    offset: Float[np.ndarray, " dim"]
    """What a sentence without phrases has."""
    correlations: Float[np.ndarray, " dim"]
    """Between the two speakers."""


def canonical_directions(
    first: Bags, second: Bags, *, phrases: int, dim: int, damping: float = 1e-4
) -> Directions:
    """The `dim` directions on which the two speakers agree best.

    Args:
        first: phrases of the first speaker's sentences (`Phrases.bags`).
        second: phrases of the second speaker's, about the same scenes in the same order.
        phrases: how many phrases there are.
        dim: number of directions.
        damping: added to every variance, so that rare phrases are not trusted.

    Raises:
        InputError: fewer phrases than directions, or lists of unequal length.
    """
    if phrases < dim or len(first[1]) != len(second[1]):
        raise InputError(
            f"canonical directions: {dim} directions need at least as many phrases (got "
            f"{phrases}), and both speakers the same scenes (got {len(first[1])} and "
            f"{len(second[1])})"
        )
    x, y = _table(first, phrases), _table(second, phrases)
    rows = len(first[1])
    mean = np.asarray(x.sum(0) + y.sum(0)).ravel() / (2 * rows)
    outer = np.outer(mean, mean)
    within = (x.T @ x + y.T @ y).toarray() / (2 * rows) - outer
    between = (x.T @ y).toarray() / rows
    between = (between + between.T) / 2 - outer
    within[np.diag_indices(phrases)] += damping
    last = (phrases - dim, phrases - 1)
    correlations, weights = scipy.linalg.eigh(between, within, subset_by_index=last)
    weights = weights[:, ::-1]
    # An eigenvector's sign is arbitrary: fixing it makes the result reproducible.
    weights = weights * np.sign(weights[np.abs(weights).argmax(0), np.arange(dim)])
    return Directions(weights, -mean @ weights, correlations[::-1].copy())


def _table(bags: Bags, phrases: int) -> scipy.sparse.csr_matrix:
    numbers, starts = bags
    ends = np.append(starts, len(numbers))
    return scipy.sparse.csr_matrix(
        (np.ones(len(numbers)), numbers, ends), shape=(len(starts), phrases)
    )
