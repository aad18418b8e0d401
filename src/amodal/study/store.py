"""The run store: trains what is missing, keeps what was trained, never trains a run twice."""

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from amodal.errors import DamagedError
from amodal.evaluation.of_population import contrastive_losses
from amodal.files import read_json, write_json, write_tensors
from amodal.progress import progress
from amodal.study.cells import Cell, unique
from amodal.study.network import (
    Candidate,
    architecture_of,
    candidates_of,
    find_variant,
    losses_of,
    training_of,
)
from amodal.study.settings import StudySettings
from amodal.study.things import StudyThings, ThingsStore
from amodal.study.translating import squared_error
from amodal.training import Run, TrainingSettings, train
from amodal.workspace import Architecture, Population

RUNS_AT_ONCE = 64
"""Runs trained by one call, all candidates counted."""
CELLS_AT_ONCE = 64
"""Cells handed out together."""
RECIPE = 2
"""Raised when the same settings train otherwise than before."""


@dataclass(frozen=True)
class Trained:
    """Trained runs of one network on the same things, in the order of their cells."""

    cells: list[Cell]
    population: Population
    """Row i is the run of cell i."""
    things: StudyThings
    steps: list[int]
    """At which each was best on its own held-out matches."""
    scores: list[float]
    """Squared error on its held-out matches (for `cont` the contrastive loss)."""
    chosen: list[dict[str, Any]]
    """The candidate that each kept."""


@dataclass(frozen=True)
class Entry:
    """Where a trained run lies, and how it came out."""

    cell: Cell
    file: str
    row: int
    step: int
    score: float
    chosen: dict[str, Any]


class RunStore:
    """Trained runs in one folder.

    A run is found again by everything that decides it: its cell, network, training, candidates
    and things. So one folder may serve many studies, and grow.
    """

    def __init__(self, folder: Path, settings: StudySettings) -> None:
        """Runs lie in `folder/runs`, latents in `folder/latents`."""
        self.folder, self.settings = folder / "runs", settings
        self.things = ThingsStore(folder / "latents", settings)
        self.entries: dict[str, Entry] = {}
        for path in sorted(self.folder.glob("*.json")):
            self._read(path)

    def trained(self, cells: Sequence[Cell]) -> Iterator[Trained]:
        """Train what is missing; then hand out all, grouped by network and things.

        Interrupted, what was finished stays: each call of the training loop is saved when done.
        """
        self.train_missing(cells)
        for group in self._groups(unique(list(cells))):
            for start in range(0, len(group), CELLS_AT_ONCE):
                yield self._load(group[start : start + CELLS_AT_ONCE])

    def missing(self, cells: Sequence[Cell]) -> list[Cell]:
        """Those that were not trained yet."""
        return [cell for cell in unique(list(cells)) if self.key(cell) not in self.entries]

    def train_missing(self, cells: Sequence[Cell]) -> int:
        """Train those that were not trained yet; gives their number."""
        missing = self.missing(cells)
        with progress("training runs", len(missing), unit="runs") as advance:
            for group in self._groups(missing):
                for batch in self._batches(group):
                    self._train(batch)
                    advance(len(batch), f"last: {_described(batch)}")
        return len(missing)

    def key(self, cell: Cell) -> str:
        """A name for all that decides a run."""
        things = self.things.of(cell.pairing, cell.latents)
        decides = {
            "recipe": RECIPE,
            "cell": cell.to_json(),
            "things": self.things.describe(),
            "models": things.fingerprints,
            "architecture": architecture_of(cell, things.specs).to_json(),
            "training": asdict(training_of(cell, self.settings)),
            "losses": losses_of(cell),
            "candidates": [asdict(each) for each in candidates_of(cell, self.settings)],
            "unmatched": find_variant(cell.variant).unmatched,
        }
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:24]

    def _groups(self, cells: Sequence[Cell]) -> list[list[Cell]]:
        """Cells that share network, things, settings of the loop and losses."""

        def shared(cell: Cell) -> tuple[Any, ...]:
            return cell.pairing, cell.latents, cell.variant, sorted(losses_of(cell))

        # Runs with few matches have small batches: like with like, nobody waits for padding.
        ordered = sorted(cells, key=lambda cell: (shared(cell), cell.matches, cell))
        return [list(group) for _, group in groupby(ordered, key=shared)]

    def _batches(self, group: list[Cell]) -> Iterator[list[Cell]]:
        most = max(1, RUNS_AT_ONCE // len(candidates_of(group[0], self.settings)))
        for start in range(0, len(group), most):
            yield group[start : start + most]

    def _train(self, cells: list[Cell]) -> None:
        """Train all candidates of some cells side by side; keep the best of each."""
        things = self.things.of(cells[0].pairing, cells[0].latents)
        settings = training_of(cells[0], self.settings)
        architecture = architecture_of(cells[0], things.specs)
        candidates = candidates_of(cells[0], self.settings)
        begun = time.monotonic()
        results = _try(cells, candidates, things, settings, architecture)
        best = [min((tried[i] for tried in results), key=_score) for i in range(len(cells))]
        seconds = (time.monotonic() - begun) / len(cells)
        keys = [self.key(cell) for cell in cells]
        name = hashlib.sha256("".join(keys).encode()).hexdigest()[:24]
        matrix = torch.stack([weights for weights, _, _, _ in best])
        write_tensors(self.folder / f"{name}.safetensors", {"matrix": matrix})
        found = [
            {
                "key": key,
                "cell": cell.to_json(),
                "step": step,
                "score": score,
                "chosen": asdict(candidate),
                "seconds": round(seconds, 3),
            }
            for key, cell, (_, score, step, candidate) in zip(keys, cells, best, strict=True)
        ]
        # Last: with it the runs count as done.
        write_json(self.folder / f"{name}.json", found)
        self._read(self.folder / f"{name}.json")

    def _read(self, path: Path) -> None:
        try:
            for row, value in enumerate(read_json(path)):
                cell = Cell.from_json(value["cell"])
                self.entries[value["key"]] = Entry(
                    cell, path.stem, row, value["step"], value["score"], value["chosen"]
                )
        except (KeyError, TypeError) as error:
            raise DamagedError(
                f"{path} is not a file of trained runs ({error}): delete it to train them again"
            ) from error

    def _load(self, cells: list[Cell]) -> Trained:
        entries = [self.entries[self.key(cell)] for cell in cells]
        matrices = {name: self._matrix(name) for name in {entry.file for entry in entries}}
        things = self.things.of(cells[0].pairing, cells[0].latents)
        return Trained(
            cells=cells,
            population=Population(
                architecture_of(cells[0], things.specs),
                torch.stack([matrices[entry.file][entry.row] for entry in entries]),
            ),
            things=things,
            steps=[entry.step for entry in entries],
            scores=[entry.score for entry in entries],
            chosen=[entry.chosen for entry in entries],
        )

    def _matrix(self, name: str) -> torch.Tensor:
        path = self.folder / f"{name}.safetensors"
        try:
            with safe_open(path, framework="pt") as file:
                return file.get_tensor("matrix")
        except (SafetensorError, OSError) as error:
            raise DamagedError(
                f"{path} is damaged or missing ({error}): delete {path.with_suffix('.json')} to "
                "train its runs again"
            ) from error


Tried = tuple[torch.Tensor, float, int, Candidate]
"""Weights, score, step, and what was tried."""


def _try(
    cells: list[Cell],
    candidates: list[Candidate],
    things: StudyThings,
    settings: TrainingSettings,
    architecture: Architecture,
) -> list[list[Tried]]:
    """Train every cell with every candidate, as one population; a list of cells a candidate."""
    tried = [(candidate, cell) for candidate in candidates for cell in cells]
    runs = [_run(cell, each, things, group) for group, (each, cell) in enumerate(tried)]
    outcome = train(
        Population.create(architecture, [run.seed for run in runs]),
        things.latents,
        things.table,
        runs=runs,
        settings=settings,
        unmatched=things.unmatched(find_variant(cells[0].variant).unmatched),
    )
    results = []
    for number, (candidate, cell) in enumerate(tried):
        score = held_out_score(cell, things, outcome.population.choose([number]))
        weights = outcome.population.matrix[number]
        results.append((weights, score, outcome.step[number], candidate))
    return [results[i : i + len(cells)] for i in range(0, len(results), len(cells))]


def _run(cell: Cell, candidate: Candidate, things: StudyThings, group: int) -> Run:
    learnt, held_out = things.things_of(cell)
    if not _translates(cell):
        # Untrained decoders would choose the step: all are trained, the last counts.
        held_out = np.empty(0, dtype=np.int64)
    return Run(
        # The same for all methods, so that they are compared seed by seed.
        seed=cell.seed,
        losses=losses_of(cell),
        things=learnt,
        held_out=held_out,
        learning_rate=candidate.learning_rate,
        weight_decay=candidate.weight_decay,
        group=group,
    )


def held_out_score(cell: Cell, things: StudyThings, population: Population) -> float:
    """By what candidates are chosen: the squared error of translating the held-out matches, or the
    contrastive loss on them where a run has no translations to judge."""
    _, held_out = things.things_of(cell)
    rows = things.table.column(things.names[0])[held_out]
    if _translates(cell):
        return float(squared_error(population, things, rows))
    losses = contrastive_losses(population, {n: things.rows(n, rows) for n in things.names})
    return float(torch.stack(list(losses.values())).mean())


def _translates(cell: Cell) -> bool:
    """Whether its decoders learn anything."""
    return set(losses_of(cell)) != {"contrastive"}


def _score(tried: Tried) -> float:
    """A run that diverged is the worst."""
    return tried[1] if np.isfinite(tried[1]) else float("inf")


def _described(cells: list[Cell]) -> str:
    last = cells[-1]
    return f"{last.method} {last.pairing} {last.latents}, {last.matches:,} matches"
