"""Means over runs with intervals that say how far to trust them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from amodal.errors import InputError


@dataclass(frozen=True)
class Interval:
    """A mean over runs, and the bounds between which the true mean is expected."""

    mean: float
    """The mean over the runs."""
    low: float | None
    """Lower bound; None where one run alone says nothing about the spread."""
    high: float | None
    """Upper bound, or None."""
    runs: int
    """Number of runs."""

    def __str__(self) -> str:
        """The mean and the larger half of the interval, as tables print it."""
        if self.low is None or self.high is None:
            return f"{self.mean:.4g}"
        return f"{self.mean:.4g} ± {max(self.high - self.mean, self.mean - self.low):.2g}"

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, for `json.dump`."""
        return {"mean": self.mean, "low": self.low, "high": self.high, "runs": self.runs}


def mean_interval(values: ArrayLike, *, level: float = 0.95) -> Interval:
    r"""The mean with Student's interval: mean ± t(runs - 1) s / sqrt(runs).

    The choice for few runs (Student 1908); it supposes that runs spread about normally.

    Args:
        values: one number for each run.
        level: the share of such intervals that hold the true mean.

    Raises:
        InputError: no values, or values that are not finite.

    Example:
        >>> print(mean_interval([0.50, 0.52, 0.51]))
        0.51 ± 0.025
    """
    runs = _runs(values, level)
    mean = float(runs.mean())
    if len(runs) == 1:
        return Interval(mean=mean, low=None, high=None, runs=1)
    # Here, because scipy.stats takes a second to import and few commands need it.
    from scipy.stats import t

    quantile = float(t.ppf((1 + level) / 2, len(runs) - 1))
    half = quantile * float(runs.std(ddof=1)) / len(runs) ** 0.5
    return Interval(mean=mean, low=mean - half, high=mean + half, runs=len(runs))


def bootstrap_interval(
    values: ArrayLike, *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """The mean with the percentile bootstrap interval (Efron 1979, doi:10.1214/aos/1176344552).

    It supposes nothing about the spread, but is too narrow for fewer than some twenty values.

    Args:
        values: one number for each run, or each sample.
        level: the share of such intervals that hold the true mean.
        resamples: how many times the values are drawn again, with replacement.
        seed: of these draws.

    Raises:
        InputError: no values, or values that are not finite.
    """
    runs = _runs(values, level)
    mean = float(runs.mean())
    if len(runs) == 1:
        return Interval(mean=mean, low=None, high=None, runs=1)
    generator = np.random.default_rng(seed)
    # One mean at a time: all draws at once would not fit in memory for thousands of samples.
    means = [runs[generator.integers(len(runs), size=len(runs))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(mean=mean, low=float(low), high=float(high), runs=len(runs))


def paired_difference(first: ArrayLike, second: ArrayLike, *, level: float = 0.95) -> Interval:
    """The mean of first minus second, run by run, with Student's interval.

    Runs that share a seed (data, matches, test rows) are compared with one another, which takes
    out what the seeds have in common: far sharper than two separate intervals.

    Raises:
        InputError: unequal numbers of runs, no values, or values that are not finite.

    Example:
        >>> print(paired_difference([0.6, 0.9, 0.7], [0.5, 0.7, 0.6]))
        0.1333 ± 0.14
    """
    one, two = _runs(first, level), _runs(second, level)
    if len(one) != len(two):
        raise InputError(
            "a paired difference needs the same runs on both sides, "
            f"got {len(one)} and {len(two)} values"
        )
    return mean_interval(one - two, level=level)


def _runs(values: ArrayLike, level: float) -> np.ndarray:
    runs = np.asarray(values, dtype=np.float64)
    if runs.ndim != 1 or len(runs) == 0 or not np.isfinite(runs).all():
        raise InputError(
            "an interval needs a list of finite numbers, one for each run, at least one; "
            f"got {np.array2string(runs, threshold=6)}"
        )
    if not 0 < level < 1:
        raise InputError(f"level is {level}, expected a share between 0 and 1, such as 0.95")
    return runs
