"""Intervals by drawing the things of the held-out matches again."""

from collections.abc import Callable

import numpy as np

from amodal.evaluation.intervals import Interval
from amodal.typing import Float, Int64

DRAWS = 2000
FEWEST_DRAWS, MOST_NUMBERS = 200, 40_000_000
"""Beyond 20,000 matches there are fewer draws, so that they stay within memory."""
LEVEL = 0.95
Weights = Float[np.ndarray, "draw match"]


def resample(thing: Int64[np.ndarray, " match"], *, seed: int = 0) -> Weights:
    """How often each match counts in each bootstrap draw; the first draw has each of them once.

    Matches that share a row (captions of one picture) are drawn together, as one thing
    (cluster bootstrap; Efron 1979, doi:10.1214/aos/1176344552).

    Example:
        >>> weights = resample(np.array([0, 0, 1]))
        >>> weights.shape, weights[0].tolist(), bool((weights[:, 0] == weights[:, 1]).all())
        ((2001, 3), [1.0, 1.0, 1.0], True)
    """
    of_match = np.unique(thing, return_inverse=True)[1]
    count = int(of_match.max()) + 1
    draws = min(DRAWS, max(FEWEST_DRAWS, MOST_NUMBERS // len(thing)))
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)
    return np.concatenate(
        [np.ones((1, len(thing)), np.float32), drawn.astype(np.float32)[:, of_match]]
    )


def across_learners(folds: int) -> float:
    """How much wider an interval is that also holds for another draw of what was learnt from.

    sqrt(1 + folds / (folds - 1)): folds learn from mostly the same matches, so that their errors
    say less than as many independent ones (Nadeau and Bengio 2003,
    doi:10.1023/A:1024068626366: test over training size is added to 1 / folds).

    Example:
        >>> round(across_learners(4), 2)
        1.53
    """
    return (1 + folds / (folds - 1)) ** 0.5


def interval(values: Float[np.ndarray, " draw"], things: int, *, wider: float = 1.0) -> Interval:
    """The first value, and between which bounds the others mostly lie.

    Bounds are moved out from the first value by sqrt(things / (things - 1)): with few things the
    bootstrap is too narrow by that much; and by `wider` times.
    """
    own, others = float(values[0]), values[1:][np.isfinite(values[1:])]
    if things < 2 or not len(others):
        return Interval(own, None, None, things)
    low, high = np.quantile(others, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    wider *= (things / (things - 1)) ** 0.5
    return Interval(
        own, own - wider * (own - float(low)), own + wider * (float(high) - own), things
    )


def ratio(
    above: Float[np.ndarray, " match"],
    below: Float[np.ndarray, " match"],
    weights: Weights,
    *,
    things: int,
    change: Callable[[np.ndarray], np.ndarray] = lambda values: values,
    wider: float = 1.0,
) -> Interval:
    """Of two sums over matches, changed by a function: sqrt, 1 - ratio, ...

    Example:
        >>> weights = resample(np.arange(4))
        >>> found = ratio(np.ones(4), np.full(4, 2.0), weights, things=4)
        >>> found.mean, found.low, found.high
        (0.5, 0.5, 0.5)
    """
    divided = (weights @ above) / np.maximum(weights @ below, 1e-12)
    return interval(change(divided.astype(np.float64)), things, wider=wider)


def share_interval(share: float, things: int) -> Interval:
    """Wilson's score interval of a share (1927): never without width, also where all were found.

    Example:
        >>> found = share_interval(1.0, 30)
        >>> round(found.low, 2), found.high
        (0.89, 1.0)
    """
    from scipy.stats import norm

    z2 = float(norm.ppf((1 + LEVEL) / 2)) ** 2
    centre = (share + z2 / (2 * things)) / (1 + z2 / things)
    half = (z2 * (share * (1 - share) + z2 / (4 * things)) / things) ** 0.5 / (1 + z2 / things)
    # Where all or none were found, one bound is the share itself, but for rounding.
    low = 0.0 if share == 0 else max(0.0, centre - half)
    high = 1.0 if share == 1 else min(1.0, centre + half)
    return Interval(share, low, high, things)
