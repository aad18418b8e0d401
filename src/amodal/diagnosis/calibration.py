"""Is the expected error of a translation the real one? On held-out matches, cross-fitted."""

from dataclasses import dataclass

import numpy as np

from amodal.diagnosis.resampling import Weights, interval, ratio
from amodal.evaluation.intervals import Interval
from amodal.typing import Float

MOST_BINS = 5
A_BIN = 10
"""Matches in a bin of the table at least."""


@dataclass(frozen=True)
class Bin:
    """Matches of about the same expected error."""

    expected: float
    """Root mean square of the expected errors, in the target's standard deviations."""
    real: float
    """Root mean squared error."""
    matches: int


@dataclass(frozen=True)
class Calibration:
    """Expected beside real errors."""

    ratio: Interval
    """Expected / real root mean squared error over all matches: 1 is right, less is too sure."""
    correlation: Interval | None
    """Spearman's, of expected and real errors: above 0 where doubt tells good answers from bad;
    None where all matches are expected to err alike."""
    bins: tuple[Bin, ...]
    """From the surest to the most doubtful."""


def calibration(
    expected: Float[np.ndarray, " match"],
    squared: Float[np.ndarray, " match"],
    weights: Weights,
    *,
    things: int,
) -> Calibration:
    """Compare expected errors with real ones.

    Args:
        expected: root mean squared error expected of each match.
        squared: its squared error.
        weights: of `resample`.
        things: how many separate ones the matches are.

    Example:
        >>> from amodal.diagnosis.resampling import resample
        >>> expected = np.linspace(1, 2, 30)
        >>> found = calibration(expected, expected**2, resample(np.arange(30)), things=30)
        >>> found.ratio.mean, found.correlation.mean, len(found.bins)
        (1.0, 1.0, 3)
    """
    count = min(MOST_BINS, len(expected) // A_BIN) or 1
    parts = np.array_split(np.argsort(expected, kind="stable"), count)
    return Calibration(
        ratio=ratio(expected**2, squared, weights, things=things, change=np.sqrt),
        correlation=_correlation(expected, squared, weights, things),
        bins=tuple(
            Bin(_root(expected[part] ** 2), _root(squared[part]), len(part)) for part in parts
        ),
    )


def _correlation(
    expected: np.ndarray, squared: np.ndarray, weights: Weights, things: int
) -> Interval | None:
    """The ranks of all matches, correlated in every draw."""
    # Cross-fitting alone makes parts of constant doubt differ a little: that tells nothing.
    if len(np.unique(np.round(expected, 6))) <= len(expected) // 2:
        return None
    from scipy.stats import rankdata

    one, other = (rankdata(values) / len(values) for values in (expected, squared))
    total = weights.sum(1)
    means = [weights @ values / total for values in (one, other)]
    joint = weights @ (one * other) / total - means[0] * means[1]
    spread = [
        weights @ values**2 / total - mean**2
        for values, mean in zip((one, other), means, strict=True)
    ]
    return interval(joint / np.sqrt(np.maximum(spread[0] * spread[1], 1e-12)), things)


def _root(squares: np.ndarray) -> float:
    return float(np.sqrt(squares.mean()))
