"""Cells: one method on one task; each is a small file, written once."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from amodal.demo.threads import few_threads
from amodal.errors import DamagedError, InputError
from amodal.files import read_json, write_json
from amodal.progress import progress
from amodal.study.base import Row
from amodal.study.real import tasks
from amodal.study.real.methods import METHODS, Method
from amodal.study.real.scores import scores
from amodal.study.real.sets import PRINCIPAL, RealSet
from amodal.study.real.table import KEY, rounded
from amodal.study.real.tasks import count_matches, draw_task, load_arrays

RECIPE = 1
"""Raised when the same task is drawn, or measured, otherwise than before."""
SHARES = (0.01, 0.1, 1.0)
CELLS = "cells"


@dataclass(frozen=True)
class Cell:
    """One method on one task."""

    set: str
    first: str
    second: str
    share: float
    seed: int
    method: str


@dataclass(frozen=True)
class RealPlan:
    """Everything that is to be measured."""

    sets: Sequence[RealSet]
    methods: Sequence[Method]
    shares: tuple[float, ...] = SHARES
    """Of the training things that are matched; 1 is all, at most 3,000."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    _described: dict[str, Any] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        if not self.seeds or min(self.seeds) < 0:
            raise InputError(f"seeds {self.seeds}: expected at least one, whole numbers >= 0")
        for share in self.shares:
            count_matches(share, 1)

    def cells(self) -> list[Cell]:
        """Quick methods first, and all methods of a task together, so that it is drawn once."""
        found = [
            Cell(each.name, first, second, share, seed, method.name)
            for slow in (False, True)
            for seed in self.seeds
            for each in self.sets
            for first, second in each.pairs
            for share in self.shares
            for method in self.methods
            if method.slow == slow
        ]
        return found

    def key(self, cell: Cell) -> str:
        """A name for all that decides a cell's figures."""
        chosen = self.set_of(cell)
        if chosen.name not in self._described:
            self._described[chosen.name] = chosen.describe()
        limits = [tasks.TEST, tasks.GALLERY, tasks.MOST, tasks.FEWEST, PRINCIPAL]
        decides = {
            "recipe": RECIPE,
            "cell": asdict(cell),
            "set": self._described[chosen.name],
            "limits": limits,
            "method": METHODS[cell.method].recipe,
        }
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]

    def set_of(self, cell: Cell) -> RealSet:
        """The set that a cell is of."""
        return next(each for each in self.sets if each.name == cell.set)

    def path(self, out: Path, cell: Cell) -> Path:
        """Where a cell is kept."""
        matched = f"{cell.share:g}-seed{cell.seed}"
        name = f"{cell.method}-{cell.first}-{cell.second}-{matched}-{self.key(cell)}.json"
        return out / CELLS / cell.set / name


def measure_missing(plan: RealPlan, out: Path) -> int:
    """Fit and measure every cell that has no file yet; gives their number.

    Interrupted at any time, what is finished stays. Several processes may share a folder, each
    with its own sets or methods.
    """
    cells = plan.cells()
    missing = [cell for cell in cells if not plan.path(out, cell).exists()]
    done = len(cells) - len(missing)
    with progress("real data", len(cells), unit="cells", done=done) as advance, few_threads():
        for cell, row in _rows(plan, missing):
            write_json(plan.path(out, cell), row)
            advance(1, f"last: {cell.set} {cell.share:g} {cell.method} {row['seconds']:.1f} s")
    return len(missing)


def take_known(plan: RealPlan, out: Path, known: Mapping[str, Row]) -> int:
    """Keep the plan's cells that have no file yet as a table has them; gives their number.

    A key holds all that decides a cell, so that rows of other data or other code are passed over.
    """
    taken = 0
    for cell in plan.cells():
        row, path = known.get(plan.key(cell)), plan.path(out, cell)
        if row is not None and not path.exists():
            write_json(path, row)
            taken += 1
    return taken


def _rows(plan: RealPlan, cells: Sequence[Cell]) -> Iterator[tuple[Cell, Row]]:
    """Measured cells, one after another; what cells share is read and drawn once."""
    for (name, pair, share, seed), group in groupby(
        cells, key=lambda cell: (cell.set, (cell.first, cell.second), cell.share, cell.seed)
    ):
        chosen = next(each for each in plan.sets if each.name == name)
        arrays = load_arrays(chosen, pair)
        task = draw_task(chosen, pair, arrays, share=share, seed=seed)
        for cell in group:
            begun = time.monotonic()
            found = scores(task, *METHODS[cell.method].answer(task))
            about = {"matches": task.count, "test": len(task.test[pair[1]])}
            rest = {"unmatched": task.unmatched}
            seconds = {"seconds": round(time.monotonic() - begun, 3)}
            yield cell, asdict(cell) | about | rest | seconds | found


def stored_rows(plan: RealPlan, out: Path) -> list[Row]:
    """The rows of a plan's cells that have been measured, in the order of the tables.

    Raises:
        DamagedError: a file that is no measured cell.
    """
    rows = []
    for cell in plan.cells():
        path = plan.path(out, cell)
        if path.exists():
            row = read_json(path)
            if not isinstance(row, dict) or row.get("method") != cell.method:
                raise DamagedError(f"{path} is damaged: delete it to measure it again")
            rows.append(rounded(row) | {KEY: plan.key(cell)})
    order = {name: place for place, name in enumerate(METHODS)}
    return sorted(rows, key=lambda row: (row["share"], order[row["method"]], row["seed"]))
