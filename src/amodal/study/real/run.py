"""`amodal study real`: measure what is missing, then write tables, figures and pages."""

import csv
import io
import shlex
from collections.abc import Sequence
from pathlib import Path

from amodal.errors import InputError
from amodal.files import atomic_path
from amodal.study.base import Row
from amodal.study.real.methods import find_methods
from amodal.study.real.pages import write_pages
from amodal.study.real.sets import find_sets
from amodal.study.real.store import SHARES, RealPlan, measure_missing, stored_rows

NAME = "real"
SEEDS = 5


def run_real(
    data: Path | None,
    out: Path,
    *,
    sets: Sequence[str] = (),
    methods: Sequence[str] = (),
    shares: Sequence[float] = (),
    seeds: int = 0,
    first_seed: int = 0,
    docs: Path | None = None,
) -> list[str]:
    """Measure every chosen method on every chosen set; what is measured already is only read.

    Pages hold all that the folder has of these seeds, also what earlier commands measured with
    other sets, methods or shares.

    Args:
        data: the folder of the sets.
        out: the folder of all studies; this one's is `out/real`.
        sets: beginnings of their names; by default all in the folder.
        methods: by default all.
        shares: of the training things that are matched; by default 1 %, 10 % and all.
        seeds: how many; by default 5.
        first_seed: from which they are counted.
        docs: where the pages go too.

    Returns:
        Lines that say where the results are.

    Raises:
        InputError, NotFoundError, UnknownNameError: before anything is fitted.
    """
    if data is None:
        raise InputError("amodal study real needs --data, the folder of the sets (NAME.npz, .json)")
    counted = tuple(range(first_seed, first_seed + (seeds or SEEDS)))
    folder = out / NAME
    plan = RealPlan(
        find_sets(data, sets), find_methods(methods), tuple(sorted(set(shares))) or SHARES, counted
    )
    measured = measure_missing(plan, folder)
    every = find_sets(data)
    whole = RealPlan(every, find_methods(), tuple(sorted({*SHARES, *plan.shares})), counted)
    rows = stored_rows(whole, folder)
    _write_table(folder / "results.csv", rows)
    command = f"amodal study real --data {shlex.quote(data.name)} --seeds {len(counted)}"
    command += f" --first-seed {first_seed}" if first_seed else ""
    for option, given in (("sets", sets), ("shares", shares), ("methods", methods)):
        command += f" --{option} {' '.join(map(str, given))}" if given else ""
    for place in [folder, *([docs] if docs else [])]:
        write_pages(place, every, rows, command)
    lines = [
        f"{measured:,} cells measured now, {len(rows):,} in all: {folder / 'results.csv'}",
        f"summary: {folder / 'real.md'}; every figure: {folder / 'real'}",
    ]
    return [*lines, f"documents: {docs / 'real.md'}"] if docs else lines


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with atomic_path(path) as temporary:
        temporary.write_text(text.getvalue(), "utf-8")
