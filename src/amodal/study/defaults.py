"""Amodal's default fit on the things of a study: members, folds, closed forms and their shares."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from amodal.evaluation.readable import readable_figures
from amodal.files import read_json, write_json
from amodal.model.fitting import Fitted, fit_population
from amodal.model.inference import answer
from amodal.model.plan import Trial
from amodal.model.presets import PRESETS
from amodal.progress import progress
from amodal.study.cells import Cell
from amodal.study.measures import DRAWN, ERROR, model_of, readable_attributes
from amodal.study.settings import StudySettings
from amodal.study.store import RunStore
from amodal.study.things import StudyThings
from amodal.workspace import Architecture

DEFAULT = "Amodal"
"""In the place of a method."""
RECIPE = 3
"""Raised when the default fit gives other results than before."""


def default_rows(
    store: RunStore, settings: StudySettings, cells: Sequence[Cell]
) -> list[dict[str, Any]]:
    """A measured row for each cell, fitted by the default preset; what is known is only read.

    The fit gets all matches of the cell, and holds parts of them out by itself. Cells that differ
    in their seed alone are fitted as one population.
    """
    place = store.folder.parent / "default_fits" / "measured.json"
    known: dict[str, Any] = read_json(place) if place.exists() else {}
    keys = {cell: _key(store, settings, cell) for cell in cells}
    missing = [cell for cell in cells if keys[cell] not in known]
    alike = dict.fromkeys(replace(cell, seed=0) for cell in missing)
    with progress("fitting the default", len(missing), unit="fits") as advance:
        for kind in alike:
            own = [cell for cell in missing if replace(cell, seed=0) == kind]
            things = store.things.of(kind.pairing, kind.latents)
            for cell, fitted in zip(own, _fit(settings, things, own), strict=True):
                row = cell.to_json() | {"method": DEFAULT} | _measured(fitted, things)
                known[keys[cell]] = row
            write_json(place, known)
            advance(len(own), f"{kind.pairing} {kind.latents}, {kind.matches:,} matches")
    return [known[keys[cell]] for cell in cells]


def _key(store: RunStore, settings: StudySettings, cell: Cell) -> str:
    return f"{RECIPE} {store.key(cell)} {settings.test}"


def _fit(settings: StudySettings, things: StudyThings, cells: Sequence[Cell]) -> list[Fitted]:
    preset = PRESETS["default"]
    # A study of seconds asks for fewer steps than the default has.
    steps = min(preset.training.steps, settings.steps)
    preset = replace(preset, training=replace(preset.training, steps=steps))
    trials = [
        Trial(
            losses=preset.losses,
            things=np.sort(np.concatenate(things.things_of(cell))),
            seed=cell.seed,
            members=preset.members,
            learning_rate=preset.learning_rate,
        )
        for cell in cells
    ]
    architecture = Architecture(
        specs=things.specs,
        state=sum(spec.dim for spec in things.specs.values()),
        hidden=preset.hidden,
        layers=preset.layers,
        linear=True,
    )
    return fit_population(
        preset,
        architecture,
        things.latents,
        things.table,
        trials=trials,
        unmatched=things.unmatched(),
        scales={name: found.scale for name, found in things.normalisations.items()},
    )


def _measured(fitted: Fitted, things: StudyThings) -> dict[str, Any]:
    """Losses on the test things, what people can read, and what the held-out matches said."""
    row: dict[str, Any] = {"held_out_score": _held_out(fitted.errors)}
    errors = []
    for source, target in permutations(things.names, 2):
        answers = answer(fitted.ensemble, things.rows(source, things.test), source, target)
        truth = things.rows(target, things.test)
        errors.append(float((answers - truth).square().mean()))
        row[f"{ERROR} {source} to {target}"] = errors[-1]
        if target == "attributes":
            figures = readable_attributes(answers, things)
        else:
            raw = model_of(things.models[target]).decode(
                things.normalisations[target].invert(answers[:DRAWN])
            )
            factors = things.factors[things.test[:DRAWN]]
            figures = readable_figures(things.kind, target, raw, factors)
        row |= {f"{name} {source} to {target}": value for name, value in figures.items()}
    return row | {ERROR: float(np.mean(errors))}


def _held_out(errors: Mapping[tuple[str, str], Mapping[str, float]]) -> float | None:
    """The mean squared error of the blend on held-out matches; None where none were held out."""
    return float(np.mean([each["blended"] for each in errors.values()])) if errors else None
