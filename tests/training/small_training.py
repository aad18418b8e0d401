"""A small training that the tests of the loop share."""

import numpy as np
import torch

from amodal.fewmatch.start import put_start
from amodal.latents import MatchTable, Normalisation
from amodal.training import Run, TrainingSettings, train
from amodal.workspace import Architecture, Population

NAMES = ("sight", "words")
EVERY_LOSS = {"translation": 1.0, "contrastive": 0.1, "demi_cycle": 1.0, "cycle": 1.0}


def rows_of(typed, names=NAMES) -> dict[str, torch.Tensor]:
    """Normalised rows of some modalities."""
    result = {}
    for name in names:
        rows = torch.from_numpy(typed.latents[name].rows)
        result[name] = Normalisation.fit(rows, typed.spaces[name]).apply(rows)
    return result


def table_of(names=NAMES, *, things: int = 60) -> MatchTable:
    """Thing i is row i everywhere; of three modalities, every third thing lacks the last."""
    rows = np.stack([np.arange(things)] * len(names), 1)
    if len(names) > 2:
        rows[::3, -1] = -1
    return MatchTable(tuple(names), rows)


def some_runs() -> list[Run]:
    """Three runs that differ in everything that runs may differ in."""
    return [
        Run(
            seed=11,
            losses=EVERY_LOSS,
            things=np.arange(10),
            held_out=np.arange(10, 16),
            learning_rate=3e-3,
            group=0,
        ),
        Run(
            seed=12,
            losses={"translation": 1.0},
            things=np.arange(20, 50),
            held_out=np.arange(50, 60),
            learning_rate=1e-3,
            group=1,
        ),
        Run(
            seed=13,
            losses={"translation": 0.5, "demi_cycle": 1.0},
            things=np.arange(5, 12),
            learning_rate=2e-3,
            group=2,
        ),
    ]


def small_settings(**changed) -> TrainingSettings:
    """Few rows a step, looks every ten."""
    own = {"steps": 30, "batch": 8, "unmatched_batch": 6, "evaluate_every": 10, "patience": 100}
    return TrainingSettings(**(own | changed))


def fit(typed, runs: list[Run], *, names=NAMES, start: bool = True, dropout: float = 0.0, **given):
    """Train runs on the small data; `given` goes to settings, or to `train` where it takes it."""
    own = {k: given.pop(k) for k in ("checkpoint", "on_look", "unmatched") if k in given}
    latents, table = rows_of(typed, names), table_of(names)
    architecture = Architecture(
        {name: typed.spaces[name] for name in names},
        state=8,
        hidden=8,
        linear=start,
        dropout=dropout,
    )
    population = Population.create(architecture, [run.seed for run in runs])
    if start:
        for index, run in enumerate(runs):
            put_start(population, index, latents, table, things=run.things)
    settings = small_settings(**given)
    return train(population, latents, table, runs=runs, settings=settings, **own)
