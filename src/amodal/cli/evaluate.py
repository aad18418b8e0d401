"""`amodal evaluate`: measure a fitted run on held-out things."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from amodal.errors import ExistsError, InputError
from amodal.files import read_json, write_json

ROUNDING = 1e-5
"""Figures nearer than this, of 1 or relatively, are the same."""


@dataclass(frozen=True)
class Evaluate:
    """Measure a fitted run on things that its fit has not seen; print a table, write JSON.

    A run of `amodal demo` knows its held-out things. For any other run on generated data give
    --data; without it, what the fit's own held-out matches said is printed.

    Example: amodal evaluate runs/demo
    """

    run_folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """A run folder, made by `amodal demo` or `amodal fit`."""
    data: Path | None = None
    """A folder made by `amodal generate`: its test rows are used. They should not have been
    fitted on."""
    pool: int = 1000
    """With --data: how many test rows are used, the pool of retrieval."""
    out: Path | None = None
    """JSON file to write; by default evaluation.json in the run folder, evaluation-data.json with
    --data."""
    overwrite: bool = False
    """Replace the JSON file if it is there and differs."""

    def __post_init__(self) -> None:
        if self.pool < 10:
            raise InputError(f"--pool is {self.pool}, expected at least 10")

    def run(self) -> None:
        """Measure, print and write."""
        # Here, because it imports torch, which takes seconds.
        from amodal.demo.evaluation import evaluate_run
        from amodal.report.terminal import print_figures

        found = evaluate_run(self.run_folder, data=self.data, pool=self.pool)
        print_figures(found)
        self._write(found)

    def _write(self, found: dict[str, Any]) -> None:
        # Another name with --data: evaluation.json holds a demo's figures on its own things.
        name = "evaluation.json" if self.data is None else "evaluation-data.json"
        path = self.out or self.run_folder / name
        if path.exists():
            if not self.overwrite and alike(read_json(path), found):
                print(f"{path} already holds these figures")
                return
            if not self.overwrite:
                raise ExistsError(
                    f"{path} holds other figures: add --overwrite to replace it, or choose --out"
                )
        write_json(path, found)
        print(f"written to {path}")


def alike(first: Any, second: Any) -> bool:
    """Whether two files of figures say the same, up to rounding.

    Sums come out a little different on another number of threads.

    Example:
        >>> alike({"loss": [0.1]}, {"loss": [0.1 + 1e-9]}), alike({"loss": 0.1}, {"loss": 0.11})
        (True, False)
    """
    if isinstance(first, dict) and isinstance(second, dict):
        return set(first) == set(second) and all(alike(first[k], second[k]) for k in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(alike, first, second))
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return first == second
