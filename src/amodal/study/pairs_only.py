"""The best that matches alone can do: ridge, kernel ridge, boosted trees and a tuned network."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.baselines import KernelRidge, Ridge
from amodal.fewmatch.nearest_latents import nearest_latents
from amodal.files import add_to_json, read_json
from amodal.latents import MatchTable
from amodal.progress import progress
from amodal.study.cells import Cell, grid
from amodal.study.measures import ERROR, readable_attributes
from amodal.study.preset_fits import ENSEMBLE
from amodal.study.settings import StudySettings
from amodal.study.store import RunStore
from amodal.study.things import StudyThings
from amodal.typing import Int64

BEST = "best of matches alone"
NETWORKS = ("", "mlp", "mlp-dropout")
"""Variants trained by `tr` that take part: the study's network, and plain wide ones."""
MOST_KERNEL = 2000
MOST_DROPOUT = 1000
TREES = (100, 10_000)
"""Trees need some matches, and are slow, a model a column: numbers of matches between these."""
Translator = Callable[[Tensor, str, str], Tensor]
"""(normalised rows, source, target) -> normalised rows."""


def network_cells(settings: StudySettings) -> list[Cell]:
    """The tuned networks that learn from matches alone, on the first pairing."""
    return networks(_cells(settings))


def networks(cells: Sequence[Cell]) -> list[Cell]:
    """The networks that take part beside translation alone: its own, and plain wide ones."""
    return [
        replace(cell, variant=variant)
        for variant in NETWORKS
        for cell in cells
        if variant != "mlp-dropout" or cell.matches <= MOST_DROPOUT
    ]


def _cells(settings: StudySettings) -> list[Cell]:
    """Translation alone on the first pairing."""
    return grid(
        pairing=settings.pairings[0],
        latents=image_models(settings),
        method="tr",
        matches=settings.matches,
        seed=settings.seeds,
    )


def image_models(settings: StudySettings) -> tuple[str, ...]:
    """The image models under study, or the one that stands for none where none has a part."""
    return settings.latents if "image" in settings.pairings[0] else ("default",)


def pairs_only_rows(store: RunStore, settings: StudySettings) -> list[dict[str, Any]]:
    """A row for each closed-form or tree model, number of matches and seed."""
    return fitted_rows(store, settings, list(_wanted(settings)))


def fitted_rows(
    store: RunStore, settings: StudySettings, wanted: Sequence[tuple[str, Cell]]
) -> list[dict[str, Any]]:
    """A row for each model, by name, and cell; what was fitted before is only read.

    Each is fitted on the matches that were not held out and judged by the held-out ones, as the
    networks are; those in closed form are then fitted on all of them.
    """
    place = store.folder.parent / "pairs_only" / "measured.json"
    known: dict[str, Any] = read_json(place) if place.exists() else {}
    recipes = {name: f"{name} {RECIPES[name]}" if name in RECIPES else name for name in MODELS}
    keys = [f"{recipes[name]} {store.key(cell)} {settings.test}" for name, cell in wanted]
    with progress("fitting on matches alone", len(wanted), unit="fits") as advance:
        for key, (name, cell) in zip(keys, wanted, strict=True):
            if key not in known:
                things = store.things.of(cell.pairing, cell.latents)
                row = cell.to_json() | {"method": name} | _measured(name, cell, things)
                known = add_to_json(place, {key: row})
            advance(1, f"{name}, {cell.matches:,} matches")
    return [known[key] for key in keys]


def best_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each number and seed, the row of the model whose held-out matches are translated best.

    Args:
        rows: measured runs and closed-form models, of one pairing and image model.
    """
    taking_part = [
        row
        for row in rows
        if row["method"] in (*MODELS, ENSEMBLE)
        or (row["method"] == "tr" and row["variant"] in NETWORKS)
    ]
    best: dict[tuple[int, int], Mapping[str, Any]] = {}
    for row in taking_part:
        place = row["matches"], row["seed"]
        if place not in best or row["held_out_score"] < best[place]["held_out_score"]:
            best[place] = row
    return [
        dict(row) | {"method": BEST, "winner": winner_of(row)} for _, row in sorted(best.items())
    ]


def winner_of(row: Mapping[str, Any]) -> str:
    """The name of a pairs-only model, for people."""
    if row["method"] != "tr":
        return row["method"]
    return {"": "tr", "mlp": "wide network", "mlp-dropout": "wide network, dropout"}[row["variant"]]


def _wanted(settings: StudySettings) -> Iterator[tuple[str, Cell]]:
    for cell in _cells(settings):
        yield "ridge", cell
        if cell.matches <= MOST_KERNEL:
            yield "kernel ridge", cell
        if TREES[0] <= cell.matches <= TREES[1]:
            yield "boosted trees", cell


def _measured(name: str, cell: Cell, things: StudyThings) -> dict[str, Any]:
    learnt, held_out = things.things_of(cell)
    judged = MODELS[name](things, learnt)
    held_out_rows = things.table.column(things.names[0])[held_out]
    score = np.mean(
        [
            float((answer - truth).square().mean())
            for answer, truth, _ in _answers(judged, things, held_out_rows)
        ]
    )
    final = judged
    if name in CLOSED:
        final = MODELS[name](things, np.concatenate([learnt, held_out]))
    row: dict[str, Any] = {"held_out_score": float(score)}
    errors = []
    for answer, truth, (source, target) in _answers(final, things, things.test):
        errors.append(float((answer - truth).square().mean()))
        row[f"{ERROR} {source} to {target}"] = errors[-1]
        if target == "attributes":
            for what, value in readable_attributes(answer, things).items():
                row[f"{what} {source} to attributes"] = value
    return row | {ERROR: float(np.mean(errors))}


def _answers(
    translate: Translator, things: StudyThings, rows: Int64[np.ndarray, " some"]
) -> Iterator[tuple[Tensor, Tensor, tuple[str, str]]]:
    for source, target in permutations(things.names, 2):
        answer = translate(things.rows(source, rows), source, target)
        yield (
            nearest_latents(answer, things.specs[target]),
            things.rows(target, rows),
            (source, target),
        )


def _closed_form(kind: type[Ridge] | type[KernelRidge]) -> Callable[..., Translator]:
    def fit(things: StudyThings, chosen: Int64[np.ndarray, " some"]) -> Translator:
        rows = things.table.column(things.names[0])[chosen]
        # Only the matched rows: matches alone.
        own = {name: things.rows(name, rows) for name in things.names}
        places = np.arange(len(rows))
        table = MatchTable(things.names, np.stack([places] * len(things.names), 1))
        model = kind().fit(own, matches=table)
        return lambda x, source, target: model.translate(x, source, target).float()

    return fit


def _boosted_trees(things: StudyThings, chosen: Int64[np.ndarray, " some"]) -> Translator:
    """Gradient-boosted trees (Friedman 2001), a model for each column of each target."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = things.table.column(things.names[0])[chosen]
    own = {name: things.rows(name, rows).numpy() for name in things.names}
    models: dict[tuple[str, str], list[Any]] = {}
    for source, target in permutations(things.names, 2):
        models[source, target] = [
            HistGradientBoostingRegressor(
                max_iter=60, learning_rate=0.15, max_leaf_nodes=15, min_samples_leaf=8
            ).fit(own[source], own[target][:, column])
            for column in range(own[target].shape[1])
        ]

    def translate(x: Tensor, source: str, target: str) -> Tensor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            columns = [model.predict(x.numpy()) for model in models[source, target]]
        return torch.from_numpy(np.stack(columns, 1)).float()

    return translate


MODELS: dict[str, Callable[[StudyThings, Int64[np.ndarray, " some"]], Translator]] = {
    "ridge": _closed_form(Ridge),
    "kernel ridge": _closed_form(KernelRidge),
    "boosted trees": _boosted_trees,
}
"""How each is fitted on some matches."""
CLOSED = ("ridge", "kernel ridge")
"""Those in closed form."""
RECIPES = {"kernel ridge": 2}
"""Raised when a model is fitted otherwise than before."""
