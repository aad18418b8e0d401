"""A diagnosis as a page of plain text: verdicts first, then a table for each question."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from amodal.diagnosis.forecast import Forecast
from amodal.diagnosis.measures import SAME, DirectionFigures
from amodal.evaluation.intervals import Interval
from amodal.model.blending import SELF_TRAINED, TRAINED

if TYPE_CHECKING:
    from amodal.diagnosis.diagnose import Diagnosis

MOST_BLOCKS = 12
"""With more blocks than this only the whole is printed; JSON has them all."""

NAMES, CELLS = 31, 20
"""Widths of the columns."""


def page(diagnosis: "Diagnosis") -> str:
    """All of it, line by line."""
    lines = [str(diagnosis.verdict), ""]
    for found, verdict in zip(diagnosis.directions, diagnosis.verdicts, strict=True):
        if lines[-1]:
            lines.append("")
        lines.append(f"{found.source} to {found.target}: {verdict}")
        lines += [f"  {line}" for line in _direction(found, diagnosis)]
    if diagnosis.directions:
        lines += [
            "",
            f"intervals: 95 %, bootstrap over the things of {diagnosis.matches:,} matches",
        ]
    return "\n".join(lines).strip()


def _direction(found: DirectionFigures, diagnosis: "Diagnosis") -> Iterable[str]:
    yield from _translation(found)
    yield from _search(found)
    yield from _training(found, diagnosis)
    yield from _doubt(found)
    yield from _more_matches(found)


def _translation(found: DirectionFigures) -> Iterable[str]:
    yield _row("variance explained", _percent(found.explained))
    if found.closed is not None and found.closed_explained is not None:
        yield _row(f"  by {found.closed}", _percent(found.closed_explained))
    if 1 < len(found.blocks) <= MOST_BLOCKS:
        for name, share in found.blocks.items():
            yield _row(f"  {name}", _percent(share))


def _search(found: DirectionFigures) -> Iterable[str]:
    if found.search:
        yield _row("right row found", *(f"first {k}" for k in found.search[0].ours))
    for each in found.search:
        of = "held-out matches" if each.gallery == "matches" else "unmatched rows"
        yield _row(f"  of {each.pool:,} {of}", *map(_percent, each.ours.values()))
        if each.closed:
            yield _row(f"  by {found.closed}", *map(_percent, each.closed.values()))


def _training(found: DirectionFigures, diagnosis: "Diagnosis") -> Iterable[str]:
    if found.beside is None:
        return
    answered = ", ".join(f"{name} {share:.0%}" for name, share in found.shares.items() if share)
    yield _row("answered by", answered)
    if not diagnosis.trained and not found.shares.get(SELF_TRAINED):
        yield "  members kept their start: nothing was trained, or training did not help"
        return
    weight = diagnosis.unmatched_weight
    training = "training, with unmatched rows," if weight else "training, on matches alone,"
    if weight != 1:
        yield (
            f"  demi-cycles and cycles at {weight:g} of their weights: with more, held-out "
            "matches were translated worse by 5 % and above"
        )
    if found.helped:
        said = f"{training} helped"
    elif found.helped is False:
        said = f"{training} did harm that the shares did not catch"
    elif not found.shares.get(TRAINED):
        said = f"{training} did not help and has no share in the answers"
    elif 1 / SAME < found.beside.mean < SAME:
        said = f"{training} made no difference"
    else:
        said = f"these matches do not tell whether {training} helped"
    yield f"  {said}: squared error {_times(found.beside)} that of {found.closed} alone"


def _doubt(found: DirectionFigures) -> Iterable[str]:
    of = found.calibration
    yield _row("expected error", f"{_times(of.ratio)} the real one")
    if of.correlation is None:
        yield "  every translation is expected to err alike: doubt tells no answer from another"
    else:
        sure = of.correlation.low is not None and of.correlation.low > 0
        meant = "doubtful answers are worse" if sure else "not surely above 0: doubt says little"
        yield f"  rank correlation with it {_number(of.correlation)}: {meant}"
    if len(of.bins) > 1:
        for each in of.bins:
            yield f"  expected {each.expected:.3f}  real {each.real:.3f}  ({each.matches} matches)"


def _more_matches(found: DirectionFigures) -> Iterable[str]:
    of: Forecast = found.forecast
    if of.sizes:
        told = ", ".join(f"{n}: {e:.3g}" for n, e in zip(of.sizes, of.errors, strict=True))
        yield _row("error by matches", f"{told} (closed form, squared)")
    if of.silent:
        yield f"  more matches: nothing can be said, {of.silent}"
    for times, share in of.times.items():
        low, high = share.low, share.high
        sure = "" if high is not None and high < 1 else ", or none"
        if low is not None and high is not None:
            bounds = f" ({max(0.0, 1 - high):.0%} to {max(0.0, 1 - low):.0%})"
        else:
            bounds = ""
        yield (
            f"  with {times * found.matches:,} matches the error would fall by about "
            f"{1 - share.mean:.0%}{bounds}{sure}"
        )


def _row(name: str, *cells: str) -> str:
    """A name and its cells, in columns."""
    return f"{name:<{NAMES}}{''.join(f'{cell:<{CELLS}}' for cell in cells)}".rstrip()


def _percent(found: Interval) -> str:
    if found.low is None or found.high is None:
        return _whole(found.mean)
    return f"{_whole(found.mean)} ({_whole(found.low)} to {_whole(min(found.high, 1))})"


def _whole(share: float) -> str:
    return f"{share:.0%}".replace("-0%", "0%")


def _times(found: Interval) -> str:
    return f"{_number(found)} times"


def _number(found: Interval) -> str:
    if found.low is None or found.high is None:
        return f"{found.mean:.2f}"
    return f"{found.mean:.2f} ({found.low:.2f} to {found.high:.2f})"
