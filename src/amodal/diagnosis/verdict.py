"""PASS, WARN or FAIL, and why."""

from dataclasses import dataclass

from amodal.diagnosis.measures import DirectionFigures, Found

PASS, WARN, FAIL = "PASS", "WARN", "FAIL"
LEVELS = (PASS, WARN, FAIL)
"""From good to bad."""
ENOUGH = 0.5
"""Explained variance, and recall at 10, whose lower bound must reach this to pass."""
MISJUDGED = 1.5
"""Expected errors that are wrong by this factor, surely, are not to be trusted."""
FEW = 20
"""Separate held-out things below which nothing passes: intervals are rough."""
SEARCHED = 10
"""Search passes or fails by recall at this rank."""


@dataclass(frozen=True)
class Verdict:
    """A level with its reason."""

    level: str
    """PASS, WARN or FAIL."""
    reason: str

    def __str__(self) -> str:
        """The line that is printed."""
        return f"{self.level} {self.reason}"


def of_direction(found: DirectionFigures) -> Verdict:
    """Translations and search each have a level: FAIL where both fail, PASS where both pass."""
    judged = [_translation(found)]
    if found.search:
        judged.append(_search(found.search[-1]))
    levels = [verdict.level for verdict in judged]
    reason = "; ".join(verdict.reason for verdict in judged)
    if found.things < FEW:
        reason += f"; {found.things} things were held out, so that all of this is rough"
    if all(level == FAIL for level in levels):
        return Verdict(FAIL, reason)
    passed = all(level == PASS for level in levels) and found.things >= FEW
    return Verdict(PASS if passed else WARN, reason)


def of_run(directions: list[tuple[str, Verdict]]) -> Verdict:
    """The worst of the directions.

    Example:
        >>> print(of_run([("a to b", Verdict(PASS, "fine")), ("b to a", Verdict(WARN, "weak"))]))
        WARN b to a: weak
    """
    if not directions:
        return Verdict(
            WARN,
            "nothing can be said: no matches were held out (8 separate things at least are needed)",
        )
    worst = max((verdict.level for _, verdict in directions), key=LEVELS.index)
    named = [(name, verdict) for name, verdict in directions if verdict.level == worst]
    if worst == PASS:
        return Verdict(PASS, f"all directions: {', '.join(name for name, _ in named)}")
    return Verdict(worst, f"{named[0][0]}: {named[0][1].reason}")


def _translation(found: DirectionFigures) -> Verdict:
    explained = found.explained
    low = explained.mean if explained.low is None else explained.low
    share = f"{explained.mean:.0%} of the variance (at least {low:.0%})"
    if low <= 0:
        return Verdict(FAIL, "translations cannot be told from the mean of all things")
    remarks = _remarks(found)
    if remarks or low < ENOUGH:
        weak = f"translations carry {share}" + (": the gist only" if low < ENOUGH else "")
        return Verdict(WARN, "; ".join([weak, *remarks]))
    return Verdict(PASS, f"translations carry {share}")


def _remarks(found: DirectionFigures) -> list[str]:
    """What else is wrong with translations that say something."""
    remarks = []
    if found.beside is not None and found.helped is False:
        remarks.append(
            f"their error is {found.beside.mean:.2f} times that of {found.closed} alone: "
            "Workspace(steps=0) may do better"
        )
    ratio = found.calibration.ratio
    if ratio.low is not None and ratio.high is not None:
        if ratio.high < 1 / MISJUDGED:
            remarks.append(f"expected errors are too small ({ratio.mean:.2f} of the real ones)")
        elif ratio.low > MISJUDGED:
            remarks.append(f"expected errors are too large ({ratio.mean:.2f} of the real ones)")
    return remarks


def _search(found: Found) -> Verdict:
    recall = found.ours[SEARCHED]
    low = recall.mean if recall.low is None else recall.low
    chance = min(1.0, SEARCHED / found.pool)
    said = f"the right one of {found.pool:,} is among the first ten in {recall.mean:.0%}"
    if low <= chance:
        return Verdict(FAIL if chance < 1 else WARN, f"{said}, which chance may be as well")
    return Verdict(PASS if low >= max(ENOUGH, min(2 * chance, 0.95)) else WARN, said)
