"""What the tables of real sets say together, in sentences."""

from collections.abc import Sequence

import numpy as np

from amodal.study.real.methods import OURS
from amodal.study.real.summary import Beside, geometric_mean

STANDARD_TITLE = "the better of ridge and CCA on standardised coordinates"


def findings(beside: Sequence[Beside]) -> list[str]:
    """For each share of matches: how many times the main figure of others ours is."""
    lines = []
    for share in sorted({each.share for each in beside}):
        at = [each for each in beside if each.share == share]
        own = [each for each in at if each.over(each.linear) is not None]
        if not own:
            continue
        told = [f"{_factor([e.over(e.linear) for e in own])} times that of the best linear map"]
        standard = [each.over(each.standard) for each in own]
        if any(each is not None for each in standard):
            told.append(f"{_factor(standard)} times that of {STANDARD_TITLE}")
        told.append(
            f"{_factor([e.over(e.other) for e in own])} times that of the best of all others"
        )
        lines.append(
            f"- {share:.3g} of the matches: {OURS}'s main figure is {', '.join(told)} "
            f"(geometric means of {len(own)} pairs of modalities); {_judged(own)}."
        )
    return lines


def translation_findings(beside: Sequence[Beside]) -> list[str]:
    """For each share of matches: how much of the variance translations explain."""
    lines = []
    for share in sorted({each.share for each in beside}):
        own = [each for each in beside if each.share == share and each.difference]
        if not own:
            continue
        ours, linear, other = (
            np.mean([each.values[name].mean for each, name in zip(own, names, strict=True)])
            for names in (
                [OURS] * len(own),
                [each.linear for each in own],
                [each.other for each in own],
            )
        )
        lines.append(
            f"- {share:.3g} of the matches, translations: {OURS} explains {ours:.2f} of the "
            f"variance (mean of {len(own)} pairs), the best linear map of each pair {linear:.2f}, "
            f"the best of all others {other:.2f}; {_judged(own)}."
        )
    return lines


def _judged(entries: Sequence[Beside]) -> str:
    """In how many pairs ours is ahead or behind beyond the interval, and in which."""
    if not any(each.verdict for each in entries):
        return "single draws, without an interval"
    told = []
    for word in ("ahead", "behind"):
        found = [f"{e.first} and {e.second}" for e in entries if e.verdict == word]
        told.append(f"{word} in {len(found)}" + (f" ({', '.join(found)})" if found else ""))
    return f"beside the best linear map, beyond the interval, {', '.join(told)}"


def _factor(times: Sequence[float | None]) -> str:
    """The geometric mean of those that are known; nothing found at all counts as a thousandth."""
    return f"{geometric_mean([max(each, 1e-3) for each in times if each is not None]):.2f}"
