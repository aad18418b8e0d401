"""Training a whole population: cut into chunks, the chunks trained by all cores, put together."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.latents import MatchTable
from amodal.losses import needs_of
from amodal.progress import Advance, progress
from amodal.training.checkpoint import checkpoint_of_chunk, saved_step
from amodal.training.loop import OnLook, Outcome, Rows, train_chunk
from amodal.training.machine import fitting_precision, memory_kept, threads
from amodal.training.settings import Run, TrainingSettings
from amodal.typing import Float
from amodal.workspace import Architecture, Population

WEIGHTS_AT_ONCE = 3 << 19
"""Weights of a chunk, about: more run out of the processor's caches, fewer leave it waiting for
Python."""
FEWEST, MOST = 4, 32
"""Runs of a chunk, where the population has as many and they are small."""


class _Stopped(Exception):
    """Raised inside a chunk to leave it."""


def train(
    population: Population,
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    *,
    runs: Sequence[Run],
    settings: TrainingSettings,
    unmatched: Mapping[str, np.ndarray] | None = None,
    only_told: Mapping[str, int] | None = None,
    checkpoint: Path | None = None,
    on_look: OnLook | None = None,
    title: str = "training",
) -> Outcome:
    """Train every run of a population.

    Runs that cost alike are put into chunks, and each of torch's threads trains a chunk at a
    time. A run's result does not depend on its neighbours: its batches, dropout and stopping come
    from its own seed, and the products of different runs never mix. Groups that have stopped
    leave the computation.

    Args:
        population: the weights to start from, a row a run; left unchanged.
        latents: normalised rows of each modality.
        table: all matches.
        runs: the settings of each run.
        settings: what they share.
        unmatched: the rows of each modality that demi-cycles and cycles learn from; all of them
            when left out.
        only_told: rows of each modality from this one on are answers that somebody made up:
            translations are trained to give them, not to start from them.
        checkpoint: a file to go on from when it is there, and to write at looks, once a
            second at most (further chunks have a number in the name); removed by the caller once
            the result is safe, see `remove_checkpoints`.
        on_look: called with the rows of the history at every look.
        title: of the progress line.
    """
    settings = replace(settings, precision=fitting_precision(settings.precision))
    chunks = cut(runs, population.architecture, batch=settings.batch)
    files = [None if checkpoint is None else checkpoint_of_chunk(checkpoint, c)
             for c in range(len(chunks))]  # fmt: skip
    done = sum(saved_step(file) for file in files if file is not None and file.exists())
    stop, lock = threading.Event(), threading.Lock()

    def job(number: int, advance: Advance) -> Outcome:
        chunk = chunks[number]

        def look(rows: Rows) -> None:
            if on_look is not None:
                with lock:
                    on_look(_renumbered(rows, chunk))

        def go(steps: int, note: str) -> None:
            if stop.is_set():
                raise _Stopped
            with lock:
                advance(steps, note)

        return train_chunk(
            population.choose(chunk),
            latents,
            table,
            runs=[runs[run] for run in chunk],
            settings=settings,
            unmatched=unmatched,
            only_told=only_told,
            checkpoint=files[number],
            on_look=look,
            advance=go,
        )

    total = settings.steps * len(chunks)
    with (
        memory_kept(),
        progress(title, total, unit="steps", done=done) as advance,
    ):
        outcomes = _all_of([lambda c=c: job(c, advance) for c in range(len(chunks))], stop)
    return _joined(population, chunks, outcomes)


def cut(runs: Sequence[Run], architecture: Architecture, *, batch: int) -> list[list[int]]:
    """Which runs make up each chunk: groups stay whole, and runs that cost alike come together.

    The chunks depend on the runs alone, not on the machine, so that a checkpoint can go on
    elsewhere.
    """
    most = min(MOST, max(1, WEIGHTS_AT_ONCE // architecture.count()))
    pairs = -(-len(runs) // (2 * most))  # an even number of chunks keeps two cores busy to the end
    size = max(min(FEWEST, most), -(-len(runs) // max(1, 2 * pairs)))
    groups: dict[int, list[int]] = {}
    for index, run in enumerate(runs):
        groups.setdefault(run.group, []).append(index)

    def cost(group: list[int]) -> tuple[Any, ...]:
        losses = {name: torch.tensor([w]) for i in group for name, w in runs[i].losses.items()}
        return sorted(needs_of(losses)), max(min(batch, len(runs[i].things)) for i in group)

    chunks: list[list[int]] = []
    last: Any = None
    for group in sorted(groups.values(), key=cost):
        alike = last is not None and cost(group)[0] == last
        if alike and len(chunks[-1]) + len(group) <= size:
            chunks[-1] += group
        else:
            chunks.append(list(group))
        last = cost(group)[0]
    return chunks


def _all_of(jobs: Sequence[Callable[[], Outcome]], stop: threading.Event) -> list[Outcome]:
    """Do all jobs, as many at a time as torch has threads; one that fails ends the others."""
    workers = min(len(jobs), torch.get_num_threads())
    if workers <= 1:
        return [job() for job in jobs]

    def alone(job: Callable[[], Outcome]) -> Outcome:
        torch.set_num_threads(1)  # of this thread
        return job()

    with threads(1), ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(alone, job) for job in jobs]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            for future in futures:
                future.cancel()
            raise
        return [future.result() for future in futures]


def _joined(
    population: Population, chunks: Sequence[list[int]], outcomes: Sequence[Outcome]
) -> Outcome:
    """The outcomes of the chunks as one, in the order of the population's runs."""
    matrix = population.matrix.clone()
    joined = Outcome(Population(population.architecture, matrix), {}, {}, {})
    for chunk, outcome in zip(chunks, outcomes, strict=True):
        matrix[chunk] = outcome.population.matrix
        joined.score |= outcome.score
        joined.first_score |= outcome.first_score
        joined.step |= outcome.step
        joined.history += _renumbered(outcome.history, chunk)
    joined.history.sort(key=lambda row: (row["step"], row["run"]))
    return joined


def _renumbered(rows: Rows, chunk: Sequence[int]) -> Rows:
    """Rows of a chunk's history with the numbers that its runs have in the population."""
    return [row | {"run": chunk[row["run"]]} for row in rows]
