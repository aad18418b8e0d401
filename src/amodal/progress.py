"""A progress line on what takes over two seconds; silent when there is nobody to watch."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

Advance = Callable[..., None]


@contextlib.contextmanager
def progress(description: str, total: int, *, unit: str = "", done: int = 0) -> Iterator[Advance]:
    """Show a bar with rate and time left on a terminal, a line every ten seconds elsewhere.

    Args:
        description: what is going on.
        total: how much there is to do, with what was done before.
        unit: what is counted.
        done: how much an earlier call has done; the time left is reckoned without it.

    Yields:
        `advance(count=1, note="")`: report `count` more of `total` done, with an optional note
        (losses, say) at the end of the line.
    """
    if sys.stderr.isatty():
        yield from _bar(description, total, unit, done)
    else:
        yield from _lines(description, total, unit, done)


def _bar(description: str, total: int, unit: str, done: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    start, before = time.monotonic(), done
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f} " + unit),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(
            description, total=total, completed=done, note="", rate="", visible=False
        )

        def advance(count: int = 1, note: str = "") -> None:
            nonlocal done
            done += count
            took = time.monotonic() - start
            rate = _rate(done - before, took)
            bar.update(task, completed=done, note=note, rate=rate, visible=took > 2)

        yield advance


def _lines(description: str, total: int, unit: str, done: int) -> Iterator[Advance]:
    start = last = time.monotonic()
    before = done

    def advance(count: int = 1, note: str = "") -> None:
        nonlocal done, last
        done += count
        now = time.monotonic()
        if now - last >= 10:
            last = now
            left = (now - start) / max(done - before, 1) * (total - done)
            rate = _rate(done - before, now - start)
            line = f"{description}: {done:,}/{total:,} {unit}, {rate}, {left:.0f} s left {note}"
            print(line.rstrip(), file=sys.stderr, flush=True)

    yield advance


def _rate(count: int, seconds: float) -> str:
    """How many a second, with the digits that tell something."""
    rate = count / max(seconds, 1e-9)
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"
