"""What the measured cells say together: ours beside the best of the others, task by task."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amodal.evaluation.intervals import Interval, mean_interval, paired_difference
from amodal.study.base import Row, choose
from amodal.study.real.methods import LINEAR, METHODS, OURS
from amodal.study.real.sets import RealSet

STANDARD = ("ridge", "cca")
"""On standardised coordinates, as the figures are that come with the data."""
EXPLAINED = "explained"
"""The share of the variance that translations explain."""
LOWER_IS_BETTER = ("foscttm", "median_rank")
TITLES = {
    "recall@1": "R@1",
    "recall@10": "R@10",
    "mean_reciprocal_rank": "MRR",
    "foscttm": "FOSCTTM",
    EXPLAINED: "R²",
    "label_transfer": "label transfer",
    "average_precision": "mAP",
    "first_right": "first right",
}
BOTH_WAYS = ("recall@1", "recall@10", EXPLAINED, "average_precision")
"""Told for each direction by itself."""


def measures_of(chosen: RealSet) -> list[str]:
    """The figures of a set's tables, the main one first."""
    if chosen.by_class:
        return ["average_precision", "label_transfer", "first_right", "foscttm"]
    found = ["recall@10", "recall@1", "foscttm", "mean_reciprocal_rank", EXPLAINED]
    found += ["label_transfer"] if chosen.labels else []
    return found + (["average_precision"] if chosen.uses_precision else [])


@dataclass(frozen=True)
class Beside:
    """One figure of one task: ours, and the best of the others by their means."""

    first: str
    second: str
    share: float
    matches: int
    measure: str
    linear: str
    """The best linear map of matches alone; chosen by the same test rows, which favours it."""
    standard: str
    """The better of `STANDARD`, chosen likewise."""
    other: str
    """The best of all others."""
    values: dict[str, Interval]
    """Of `linear`, `standard`, `other` and ours."""
    difference: Interval | None
    """Ours minus the best linear map, seed by seed; None where one of them is missing."""

    def over(self, name: str) -> float | None:
        """Ours over another's."""
        if OURS not in self.values or not name or self.values[name].mean == 0:
            return None
        return self.values[OURS].mean / self.values[name].mean

    @property
    def verdict(self) -> str:
        """Ahead or behind beyond the interval of the paired difference, or level."""
        found = self.difference
        if found is None or found.low is None or found.high is None:
            return ""
        better = -1 if self.measure in LOWER_IS_BETTER else 1
        low, high = sorted((better * found.low, better * found.high))
        return "ahead" if low > 0 else "behind" if high < 0 else "level"


def beside_each_other(chosen: RealSet, rows: Sequence[Row], measure: str) -> list[Beside]:
    """One entry for each pair and share that was measured."""
    found = []
    for first, second in chosen.pairs:
        own = choose(rows, set=chosen.name, first=first, second=second)
        for share in sorted({row["share"] for row in own}):
            found.append(_beside(choose(own, share=share), (first, second), share, measure))
    return found


def _beside(rows: list[Row], pair: tuple[str, str], share: float, measure: str) -> Beside:
    values = {
        name: mean_interval([row[measure] for row in choose(rows, method=name)])
        for name in METHODS
        if choose(rows, method=name)
    }
    linear = _best([name for name in LINEAR if name in values], values, measure)
    standard = _best([name for name in STANDARD if name in values], values, measure)
    other = _best([name for name in values if name != OURS], values, measure)
    kept = [name for name in (linear, standard, other, OURS) if name in values]
    return Beside(
        first=pair[0],
        second=pair[1],
        share=share,
        matches=rows[0]["matches"],
        measure=measure,
        linear=linear,
        standard=standard,
        other=other,
        values={name: values[name] for name in kept},
        difference=_difference(rows, linear, measure) if linear and OURS in values else None,
    )


def _best(names: list[str], values: dict[str, Interval], measure: str) -> str:
    if not names:
        return ""
    sign = 1 if measure in LOWER_IS_BETTER else -1
    return min(names, key=lambda name: sign * values[name].mean)


def _difference(rows: list[Row], other: str, measure: str) -> Interval | None:
    """Over the seeds that both have."""
    ours = {row["seed"]: row[measure] for row in choose(rows, method=OURS)}
    theirs = {row["seed"]: row[measure] for row in choose(rows, method=other)}
    seeds = sorted(set(ours) & set(theirs))
    if not seeds:
        return None
    return paired_difference([ours[seed] for seed in seeds], [theirs[seed] for seed in seeds])


def known_figures(chosen: RealSet, pair: tuple[str, str], share: float) -> dict[str, Any]:
    """The figures of the set's JSON for a pair and share, by method: {"ridge": {"R1": ...}}."""
    sanity = chosen.about.get("sanity", {})
    found = sanity.get(" <-> ".join(pair)) or (sanity.get("class-level") if chosen.by_class else {})
    at = {name: row for name, row in (found or {}).items() if name.endswith(f"@{share:g}")}
    return {name.split("@")[0]: row for name, row in at.items()}


def geometric_mean(values: Sequence[float]) -> float:
    """The mean of factors.

    Example:
        >>> geometric_mean([1.0, 4.0])
        2.0
    """
    return float(np.exp(np.mean(np.log(values))))
