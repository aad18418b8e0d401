"""`amodal study real`: measure what is missing, then write tables, figures and pages."""

from collections.abc import Sequence
from pathlib import Path

from amodal.errors import InputError
from amodal.study.real.commands import commands
from amodal.study.real.methods import find_methods
from amodal.study.real.pages import FOLDER, write_pages
from amodal.study.real.sets import find_sets
from amodal.study.real.store import SHARES, RealPlan, measure_missing, stored_rows, take_known
from amodal.study.real.table import read_table, write_table

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
    known: Path | None = None,
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
        known: a table that an earlier study wrote (`results.csv`): what it holds of the same
            tasks and methods is taken from there.
        docs: where the pages and the table go too.

    Returns:
        Lines that say where the results are.

    Raises:
        InputError, NotFoundError, UnknownNameError, DamagedError: before anything is fitted.
    """
    if data is None:
        raise InputError("amodal study real needs --data, the folder of the sets (NAME.npz, .json)")
    counted = tuple(range(first_seed, first_seed + (seeds or SEEDS)))
    folder = out / NAME
    plan = RealPlan(
        find_sets(data, sets), find_methods(methods), tuple(sorted(set(shares))) or SHARES, counted
    )
    every = find_sets(data)
    whole = RealPlan(every, find_methods(), tuple(sorted({*SHARES, *plan.shares})), counted)
    taken = take_known(whole, folder, read_table(known)) if known else 0
    measured = measure_missing(plan, folder)
    rows = stored_rows(whole, folder)
    told = commands(rows, data.name, [each.name for each in every])
    for place in [folder, *([docs] if docs else [])]:
        write_pages(place, every, rows, told)
        write_table(place / FOLDER / "results.csv", rows)
    given = f"{taken:,} cells taken from {known}, " if known else ""
    lines = [
        f"{given}{measured:,} cells measured now, {len(rows):,} in all: "
        f"{folder / FOLDER / 'results.csv'}",
        f"summary: {folder / 'real.md'}; every figure: {folder / FOLDER}",
    ]
    return [*lines, f"documents: {docs / 'real.md'}"] if docs else lines
