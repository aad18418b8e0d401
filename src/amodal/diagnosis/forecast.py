"""What more matches would buy: a power law through errors on nested parts of the matches."""

from dataclasses import dataclass

import numpy as np

from amodal.diagnosis.resampling import Weights, interval
from amodal.evaluation.intervals import Interval
from amodal.typing import Float, Int64

TIMES = (2, 4)
"""Multiples of the matches that are looked ahead to."""
FEWEST_SIZES = 3
FEWEST_THINGS = 16
STEEP = 1.5
"""A rate over all sizes above this is no power law's: nothing is extrapolated from it."""
RATES = (0.2, 2.0)
"""Between which the rate of the law may be."""


@dataclass(frozen=True)
class Forecast:
    """How the closed form's error fell, and how ours would fall by the same law."""

    sizes: tuple[int, ...]
    """Matches learnt from."""
    errors: tuple[float, ...]
    """The closed form's mean squared error with so many, on held-out matches."""
    times: dict[int, Interval]
    """Multiple of the matches -> the error then, as a share of today's."""
    silent: str
    """Why nothing can be said; empty where something is."""


def forecast(
    sizes: Int64[np.ndarray, " size"],
    curve: Float[np.ndarray, "size match"],
    weights: Weights,
    *,
    things: int,
    matches: int,
) -> Forecast:
    """Fit error = a matches^-b + c, a >= 0, c >= 0, to every bootstrap draw, and look ahead.

    Args:
        sizes: matches that the closed form learnt from.
        curve: its squared errors; NaN for matches that were not judged.
        weights: of `resample`.
        things: how many separate ones the matches are.
        matches: of the two modalities, that the fit had.

    Example:
        >>> from amodal.diagnosis.resampling import resample
        >>> sizes = np.array([10, 20, 40, 80])
        >>> curve = np.repeat(1 / sizes, 30).reshape(4, 30)
        >>> weights = resample(np.arange(30))
        >>> found = forecast(sizes, curve, weights, things=30, matches=100)
        >>> 0.5 <= found.times[2].mean < 0.9
        True
    """
    judged = np.isfinite(curve).all(0)
    means = curve[:, judged].mean(1) if judged.any() else np.full(len(sizes), np.nan)
    known = tuple(map(int, sizes)), tuple(map(float, means))
    silent = _silent(sizes, things, means)
    if silent:
        return Forecast(*known, {}, silent)
    own = weights[:, judged]
    drawn = own @ curve[:, judged].T / np.maximum(own.sum(1, keepdims=True), 1)
    ahead = _ahead(sizes, drawn.astype(np.float64), matches)
    return Forecast(*known, {n: interval(ahead[n], things) for n in TIMES}, "")


def _silent(sizes: np.ndarray, things: int, means: np.ndarray) -> str:
    """Why nothing can be said, if nothing can."""
    if things < FEWEST_THINGS or len(sizes) < FEWEST_SIZES:
        return f"{things} matches are too few to see how the error falls with their number"
    if means[-1] <= 1e-9:
        return "the closed form makes no error at all"
    rate = np.log(max(means[0] / means[-1], 1e-9)) / np.log(sizes[-1] / sizes[0])
    if rate > STEEP:
        return (
            "the closed form's error still falls steeply, as it does while matches are about as "
            "few as columns, and then stops"
        )
    return ""


def _ahead(
    sizes: np.ndarray, errors: Float[np.ndarray, "draw size"], matches: int
) -> dict[int, np.ndarray]:
    """The law at multiples of the matches, as a share of the law at their number."""
    # Four sizes say little of the rate b. Each draw has one of its own, so that the interval tells
    # what not knowing it means; the middle of the draws is the figure.
    scaled = sizes / matches
    rates = np.linspace(*RATES, len(errors))
    falling, staying = _least_squares(scaled ** -rates[:, None], errors, weights=scaled)
    now = np.maximum(falling + staying, 1e-12)
    found = {n: (falling * n**-rates + staying) / now for n in TIMES}
    return {n: np.concatenate([[np.median(share)], share]) for n, share in found.items()}


def _least_squares(
    powers: Float[np.ndarray, "draw size"],
    errors: Float[np.ndarray, "draw size"],
    *,
    weights: Float[np.ndarray, " size"],
) -> tuple[Float[np.ndarray, " draw"], Float[np.ndarray, " draw"]]:
    """a >= 0 and c >= 0 of error = a power + c, sizes weighted, in each draw."""
    weights = weights / weights.sum()
    centre, mean = powers @ weights, errors @ weights
    x, y = powers - centre[:, None], errors - mean[:, None]
    slope = np.maximum((x * y) @ weights / (x * x @ weights), 0)
    rest = mean - slope * centre
    alone = (powers * errors) @ weights / (powers**2 @ weights)
    return np.where(rest < 0, alone, slope), np.maximum(rest, 0)
