r"""The saving factor: how many times fewer matches one method needs than another, at equal loss.

factor(level) = N_reference(level) / N_method(level), where N(level) is the number of matches at
which a curve of held-out loss against matches comes down to the level.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from amodal.errors import InputError
from amodal.typing import Float

Sign = Literal["", ">=", "<=", "?"]
Bounds = tuple[np.ndarray, np.ndarray]
RESAMPLES = 2000
EDGE = 1e-9
"""Logarithms of losses this near to one another are equal."""


@dataclass(frozen=True)
class Curve:
    """Held-out losses of one method against the number of matches."""

    matches: Float[np.ndarray, " number"]
    """Growing."""
    losses: Float[np.ndarray, "number seed"]
    """Positive; every column is one seed."""
    seeds: tuple[int, ...] = ()
    """Which they are; where they are not given, columns are 0, 1, ..."""

    def __post_init__(self) -> None:
        if not (np.diff(self.matches) > 0).all() or not len(self.matches):
            raise InputError(f"numbers of matches must grow, got {self.matches.tolist()}")
        if not (np.isfinite(self.losses).all() and (self.losses > 0).all()):
            raise InputError("losses must be positive and finite")
        if self.seeds and len(self.seeds) != self.losses.shape[1]:
            raise InputError(f"{len(self.seeds)} seeds, expected {self.losses.shape[1]}")

    @property
    def numbered(self) -> tuple[int, ...]:
        """The seed of each column."""
        return self.seeds or tuple(range(self.losses.shape[1]))

    def of_seeds(self, wanted: Sequence[int]) -> "Curve":
        """The same of some seeds."""
        places = [self.numbered.index(seed) for seed in wanted]
        return Curve(self.matches, self.losses[:, places], tuple(wanted))

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], value: str) -> "Curve":
        """From measured runs: one figure of theirs, for the seeds that all numbers have.

        Example:
            >>> rows = [{"matches": n, "seed": 0, "loss": 1 / n} for n in (10, 100)]
            >>> Curve.of(rows, "loss").losses.tolist()
            [[0.1], [0.01]]
        """
        found: dict[float, dict[int, float]] = {}
        for row in rows:
            if row.get(value) is not None and np.isfinite(row[value]):
                found.setdefault(float(row["matches"]), {})[row["seed"]] = float(row[value])
        if not found:
            raise InputError(f"no run has a figure called {value!r}")
        seeds = sorted(set.intersection(*(set(own) for own in found.values())))
        numbers = sorted(found)
        losses = [[found[number][seed] for seed in seeds] for number in numbers]
        table = np.array(losses).reshape(len(numbers), len(seeds))
        return cls(np.array(numbers), table, tuple(seeds))

    def level_at(self, matches: float) -> float:
        """The loss that the curve has at a number of matches, within its range."""
        heights = falling(np.log(self.losses).mean(1)[None])[0]
        return float(np.exp(np.interp(np.log(matches), np.log(self.matches), heights)))


@dataclass(frozen=True)
class Factor:
    """A saving factor at one level of loss."""

    level: float
    """The loss."""
    value: float | None
    """The factor, or the bound of it; None where neither is known."""
    sign: Sign
    """">=" and "<=" where a curve does not reach the level within the numbers of matches that were
    tried, so that only a bound is known; "?" where not even that is."""
    low: float | None
    """Lower end of the 95 % interval over seeds; None: open."""
    high: float | None
    """Upper end; None: open."""
    reference_matches: float | None
    """Matches that the reference needs; None where they lie outside of what was tried."""
    method_matches: float | None
    """Matches that the method needs."""

    def __str__(self) -> str:
        """As tables print it.

        Example:
            >>> print(Factor(0.1, 4.2, ">=", 3.1, None, None, 20))
            ≥ 4.2 (3.1 to ∞)
        """
        if self.value is None:
            return "unknown"
        sign = {"": "", ">=": "≥ ", "<=": "≤ ", "?": ""}[self.sign]
        low = "0" if self.low is None else f"{self.low:.2g}"
        high = "∞" if self.high is None else f"{self.high:.2g}"
        return f"{sign}{self.value:.2g} ({low} to {high})"

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `json.dump`."""
        return dict(vars(self))


def saving_factor(
    reference: Curve,
    method: Curve,
    level: float,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Factor:
    """The factor at one level of loss, with its interval over seeds.

    Curves are geometric means over seeds, made to fall by isotonic regression of log loss on the
    number of matches (noise may make them rise), and interpolated log-log. They are never
    extrapolated: a level outside of a curve gives a bound.

    The interval is the percentile bootstrap over seeds. Where the curves share seeds, both are of
    these alone, and the same ones are drawn for both. For few seeds that is too narrow (Hesterberg
    2015, doi:10.1080/00031305.2015.1089789): its ends are moved away from the factor, in
    logarithms, by sqrt(n / (n - 1)) t / z, with n seeds and Student's and the normal quantile t
    and z. Draws that give bounds count as everything that they allow.

    Args:
        reference: the curve that should need more.
        method: the one that should need less.
        level: of loss.
        confidence: of the interval.
        resamples: draws of the seeds.
        seed: of these draws.

    Example:
        >>> matches = np.array([10.0, 100.0, 1000.0])
        >>> slow = Curve(matches, (100 / matches)[:, None])
        >>> fast = Curve(matches, (20 / matches)[:, None])
        >>> print(saving_factor(slow, fast, 0.5))
        5 (0 to ∞)
    """
    if level <= 0:
        raise InputError(f"the level is {level}, expected a positive loss")
    reference, method = _of_shared_seeds(reference, method)

    def bounds(drawn: Sequence[np.ndarray]) -> Bounds:
        least, most = needed(reference, level, drawn[0])
        own_least, own_most = needed(method, level, drawn[1])
        with np.errstate(divide="ignore", invalid="ignore"):
            return least / own_most, most / own_least

    low, high = _at_all_and_drawn(bounds, reference, method, resamples, seed)
    return _factor(level, low, high, confidence, reference, method, _reached(method, level))


def times_as_many(
    reference: Curve,
    method: Curve,
    at: float,
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Factor:
    """How many times as many matches a reference needs for the loss that a method reaches `at`.

    N_reference(loss of the method at n) / n: unlike the factor at a level, it does not grow where
    the method's own curve is flat. Curves, bounds and the interval are those of `saving_factor`;
    each draw of seeds has a level of its own.

    Args:
        reference: the curve that should need more.
        method: the one that should need less.
        at: one of its numbers of matches.
        confidence: of the interval.
        resamples: draws of the seeds.
        seed: of these draws.

    Example:
        >>> matches = np.array([10.0, 100.0, 1000.0])
        >>> slow = Curve(matches, (100 / matches)[:, None])
        >>> flat = Curve(matches, np.array([[1.0], [0.2], [0.2]]))
        >>> [str(times_as_many(slow, flat, at)) for at in (100, 1000)]
        ['5 (0 to ∞)', '0.5 (0 to ∞)']
    """
    reference, method = _of_shared_seeds(reference, method)
    place = int(np.flatnonzero(method.matches == at)[0])

    def levels(drawn: np.ndarray) -> np.ndarray:
        return np.exp(falling(np.log(method.losses)[:, drawn].mean(2).T)[:, place])

    def bounds(drawn: Sequence[np.ndarray]) -> Bounds:
        least, most = needed(reference, levels(drawn[1]), drawn[0])
        return least / at, most / at

    low, high = _at_all_and_drawn(bounds, reference, method, resamples, seed)
    level = float(levels(_all_of(method))[0])
    return _factor(level, low, high, confidence, reference, method, at)


def _of_shared_seeds(first: Curve, second: Curve) -> tuple[Curve, Curve]:
    """Both curves of the seeds that they share, or as they are where they share none."""
    shared = [seed for seed in first.numbered if seed in second.numbered]
    return (first.of_seeds(shared), second.of_seeds(shared)) if shared else (first, second)


def _all_of(curve: Curve) -> np.ndarray:
    return np.arange(curve.losses.shape[1])[None]


def _at_all_and_drawn(
    bounds: Callable[[Sequence[np.ndarray]], Bounds],
    reference: Curve,
    method: Curve,
    resamples: int,
    seed: int,
) -> Bounds:
    """The least and the greatest factor: over all seeds, then for each draw of them.

    Args:
        bounds: from which columns are averaged, of either curve, to these two.
        reference: see `saving_factor`.
        method: likewise.
        resamples: likewise.
        seed: likewise.
    """
    whole = bounds([_all_of(reference), _all_of(method)])
    drawn = bounds(_drawn(reference, method, resamples, seed))
    low, high = (np.concatenate(each) for each in zip(whole, drawn, strict=True))
    return low, high


def _factor(
    level: float,
    low: np.ndarray,
    high: np.ndarray,
    confidence: float,
    reference: Curve,
    method: Curve,
    method_matches: float | None,
) -> Factor:
    """From the bounds of `_at_all_and_drawn`; one seed has no interval."""
    value, sign = _point(float(low[0]), float(high[0]))
    count = min(reference.losses.shape[1], method.losses.shape[1])
    ends: tuple[float | None, float | None] = (None, None)
    if value is not None and count > 1:
        ends = _interval(value, low[1:], high[1:], count, confidence)
    needed_by_reference = _reached(reference, level)
    return Factor(level, value, sign, *ends, needed_by_reference, method_matches)


def _drawn(reference: Curve, method: Curve, resamples: int, seed: int) -> list[np.ndarray]:
    """Seeds of each curve, drawn again with replacement: the same ones where they share them."""
    generator = np.random.default_rng(seed)
    sizes = [curve.losses.shape[1] for curve in (reference, method)]
    first = generator.integers(sizes[0], size=(resamples, sizes[0]))
    if reference.numbered == method.numbered:
        return [first, first]
    return [first, generator.integers(sizes[1], size=(resamples, sizes[1]))]


def _interval(
    value: float, low: np.ndarray, high: np.ndarray, count: int, confidence: float
) -> tuple[float | None, float | None]:
    """Percentiles of the draws' bounds, moved away from the value for few seeds."""
    from scipy.stats import norm, t

    share = (1 + confidence) / 2
    wider = float(t.ppf(share, count - 1) / norm.ppf(share)) * (count / (count - 1)) ** 0.5
    # The nearest draws themselves: between a bound and infinity nothing can be interpolated.
    bottom = float(np.quantile(low, 1 - share, method="lower"))
    top = float(np.quantile(high, share, method="higher"))
    ends: list[float | None] = []
    for end in (bottom, top):
        known = 0 < end < np.inf
        ends.append(float(value * (end / value) ** wider) if known else None)
    return ends[0], ends[1]


def needed(
    curve: Curve, level: float | np.ndarray, seeds: np.ndarray
) -> tuple[Float[np.ndarray, " draw"], Float[np.ndarray, " draw"]]:
    """The least and the greatest number of matches at which a curve may come down to a level.

    They are equal where it does so within the numbers that were tried; else 0 and the smallest of
    them, or the greatest and infinity.

    Args:
        curve: of one method.
        level: of loss, for all draws or for each.
        seeds: (draw, seed), which columns of the losses are averaged.
    """
    heights = falling(np.log(curve.losses)[:, seeds].mean(2).T)
    goal, numbers = np.log(np.broadcast_to(level, len(heights))), np.log(curve.matches)
    above = heights > goal[:, None] + EDGE
    after = above.sum(1)  # falling, so all that are above come first
    inside = (after > 0) & (after < len(numbers))
    right = np.clip(after, 1, max(len(numbers) - 1, 1)) if len(numbers) > 1 else after * 0
    left = np.maximum(right - 1, 0)
    draws = np.arange(len(heights))
    drop = heights[draws, left] - heights[draws, right]
    share = np.clip((heights[draws, left] - goal) / np.where(drop > 0, drop, 1), 0, 1)
    crossing = np.exp(numbers[left] + share * (numbers[right] - numbers[left]))
    # At the very loss of the first number, that number is the answer, not a bound.
    touching = (after == 0) & (np.abs(heights[:, 0] - goal) <= EDGE)
    crossing = np.where(touching, curve.matches[0], crossing)
    inside |= touching
    early = (after == 0) & ~touching
    least = np.where(inside, crossing, np.where(early, 0.0, curve.matches[-1]))
    most = np.where(inside, crossing, np.where(early, curve.matches[0], np.inf))
    return least, most


def falling(heights: Float[np.ndarray, "draw number"]) -> Float[np.ndarray, "draw number"]:
    """The nearest curves that never rise, in squares: isotonic regression.

    g_i = min over a <= i of max over b >= i of the mean of a to b.

    Example:
        >>> falling(np.array([[3.0, 1.0, 2.0, 0.0]])).tolist()
        [[3.0, 1.5, 1.5, 0.0]]
    """
    count = heights.shape[1]
    sums = np.concatenate([np.zeros((len(heights), 1)), heights.cumsum(1)], 1)
    start, stop = np.arange(count)[:, None], np.arange(1, count + 1)[None]
    lengths = np.where(stop > start, stop - start, 1)
    means = np.where(stop > start, (sums[:, None, 1:] - sums[:, :-1, None]) / lengths, -np.inf)
    # Over b >= i: maxima from the right; then over a <= i: minima from the left.
    highest = np.maximum.accumulate(means[:, :, ::-1], 2)[:, :, ::-1]
    allowed = start <= np.arange(count)[None]
    return np.where(allowed, highest, np.inf).min(1)


def _reached(curve: Curve, level: float) -> float | None:
    least, most = needed(curve, level, np.arange(curve.losses.shape[1])[None])
    return float(least[0]) if least[0] == most[0] else None


def _point(low: float, high: float) -> tuple[float | None, Sign]:
    if np.isclose(low, high):
        return low, ""
    if np.isfinite(high) and not low > 0:
        return high, "<="
    if low > 0 and not np.isfinite(high):
        return low, ">="
    return None, "?"
