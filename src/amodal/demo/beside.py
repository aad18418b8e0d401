"""One half of the comparison in a process of its own: two cores do twice as much as two threads.

The products here are small: threads that share one of them mostly wait for one another, above all
on a machine that is busy with something else.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from amodal.errors import AmodalError, InputError

LARGE = 100
"""Steps from which on the second process is worth the seconds that it takes to begin."""


def worth_it(steps: int) -> bool:
    """Whether there is a second core, and enough to do."""
    ours = (
        os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    )
    return steps >= LARGE and len(ours) > 1


@contextlib.contextmanager
def beside(folder: Path, name: str) -> Iterator[None]:
    """Compare on one set of latents in another process while the block runs.

    If that process fails nothing is lost: whoever asks for its results makes them.

    Args:
        folder: the run folder of a demo whose main model is fitted.
        name: of the set of latents.
    """
    # Not `-m`: this module is imported by its package, so it would be there twice.
    code = "from amodal.demo.beside import run; run()"
    other = subprocess.Popen([sys.executable, "-c", code, str(folder), name])
    try:
        yield
        other.wait()
    finally:
        # After Ctrl-C, or an error here, it stops too; what it has finished is kept.
        if other.poll() is None:
            other.terminate()
            other.wait()


def main(words: Sequence[str]) -> int:
    """Do one half: the run folder and the name of the set of latents."""
    if len(words) != 2:
        raise InputError(f"expected a run folder and a set of latents, got {list(words)}")
    # Here, so that the parent can import this module without what it does not need.
    from amodal.demo.job import Job
    from amodal.demo.settings import read_record

    folder, name = Path(words[0]), words[1]
    record = read_record(folder)
    if record is None:
        raise InputError(f"{folder} is no demo's run folder")
    Job(record.settings, folder).compare_on(name)
    return 0


def run() -> None:
    """`main` as a program."""
    try:
        sys.exit(main(sys.argv[1:]))
    except (AmodalError, KeyboardInterrupt):
        # The parent meets the same and says so.
        sys.exit(1)
