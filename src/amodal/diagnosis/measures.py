"""What the evidence of one direction amounts to, with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amodal.diagnosis.calibration import Calibration, calibration
from amodal.diagnosis.forecast import Forecast, forecast
from amodal.diagnosis.resampling import across_learners, ratio, resample, share_interval
from amodal.evaluation.intervals import Interval
from amodal.model.evidence import Evidence, closed_form
from amodal.model.found import CLOSED, MATCHES, OURS, UNMATCHED
from amodal.model.judging import BLENDED
from amodal.specification import LatentSpec

RECALLS = (1, 5, 10)
SAME = 1.02
"""Errors whose ratio is nearer to 1 than this are the same, however sure they are."""


@dataclass(frozen=True)
class Found:
    """Recall in one gallery."""

    gallery: str
    """matches: the rows of all held-out matches; unmatched: the right row among unmatched ones."""
    pool: int
    """Rows in it."""
    ours: dict[int, Interval]
    """k -> how often the right row is among the first k."""
    closed: dict[int, Interval]
    """The same by the best closed form alone; empty where there is none."""


@dataclass(frozen=True)
class DirectionFigures:
    """All figures of one direction."""

    source: str
    target: str
    matches: int
    things: int
    """Separate ones among the held-out matches."""
    explained: Interval
    """Share of the variance of all columns that held-out answers explain; below 0 worse than the
    mean of the other matches."""
    blocks: dict[str, Interval]
    """The same for each block."""
    closed: str | None
    """The best closed form."""
    closed_explained: Interval | None
    beside: Interval | None
    """Our squared error over the closed form's."""
    shares: dict[str, float]
    """Answerer -> its share of an answer."""
    search: tuple[Found, ...]
    calibration: Calibration
    forecast: Forecast

    @property
    def helped(self) -> bool | None:
        """Whether training, with unmatched rows, surely lowered the error (True) or raised it
        (False); None where these matches do not tell, or there is nothing to compare with."""
        beside = self.beside
        if beside is None or beside.low is None or beside.high is None:
            return None
        if 1 / SAME < beside.mean < SAME or beside.low <= 1 <= beside.high:
            return None
        return beside.high < 1


def measure(
    evidence: Evidence,
    direction: tuple[str, str],
    spec: LatentSpec,
    *,
    shares: Mapping[str, float],
    folds: int,
) -> DirectionFigures:
    """The figures of one direction.

    Args:
        evidence: of a fit.
        direction: source and target.
        spec: of the target.
        shares: answerer -> its share of an answer.
        folds: into which it parted them.
    """
    thing = evidence.thing.numpy()
    weights, things = resample(thing), len(np.unique(thing))
    widths = np.array([block.size for block in spec.blocks]) / spec.dim
    errors = {name: value.numpy() for name, value in evidence.errors.items()}
    total = {name: value @ widths for name, value in errors.items()}
    deviation = evidence.deviation.numpy()
    whole = deviation @ widths
    best = closed_form({name: float(value.mean()) for name, value in total.items()})

    def over(error: np.ndarray, other: np.ndarray) -> Interval:
        found = ratio(error, other, weights, things=things, wider=across_learners(folds))
        return found if found.low is None else replace(found, low=max(found.low, 0.0))

    def explained(error: np.ndarray, all_of_it: np.ndarray) -> Interval:
        unexplained = over(error, all_of_it)
        low, high = unexplained.low, unexplained.high
        return Interval(
            1 - unexplained.mean,
            None if high is None else 1 - high,
            None if low is None else 1 - low,
            things,
        )

    return DirectionFigures(
        source=direction[0],
        target=direction[1],
        matches=len(thing),
        things=things,
        explained=explained(total[BLENDED], whole),
        blocks={
            block.name: explained(errors[BLENDED][:, column], deviation[:, column])
            for column, block in enumerate(spec.blocks)
        },
        closed=best,
        closed_explained=None if best is None else explained(total[best], whole),
        beside=None if best is None else over(total[BLENDED], total[best]),
        shares=dict(shares),
        search=_search(evidence),
        calibration=calibration(evidence.expected.numpy(), total[BLENDED], weights, things=things),
        forecast=forecast(
            evidence.sizes.numpy(),
            evidence.curve.numpy(),
            weights,
            things=things,
            matches=len(thing),
        ),
    )


def _search(evidence: Evidence) -> tuple[Found, ...]:
    """Recall in both galleries."""
    found = []
    for gallery, pool in zip((MATCHES, UNMATCHED), evidence.pool.tolist(), strict=True):
        by: dict[str, dict[int, Interval]] = {OURS: {}, CLOSED: {}}
        for who, recalls in by.items():
            ranks = evidence.ranks.get(f"{who} {gallery}")
            if ranks is None or not pool:
                continue
            asked = np.isfinite(ranks.numpy())
            things = len(np.unique(evidence.thing.numpy()[asked]))
            for k in RECALLS:
                recalls[k] = share_interval(float((ranks.numpy()[asked] <= k).mean()), things)
        if by[OURS]:
            size = pool if gallery == MATCHES else pool + 1
            found.append(Found(gallery, size, by[OURS], by[CLOSED]))
    return tuple(found)


def plain(value: Any) -> Any:
    """Figures as JSON has them."""
    if isinstance(value, Interval):
        return value.to_json()
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
