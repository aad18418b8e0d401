"""Fits of whole presets on the things of a study: Amodal's default, and networks beside it.

Members, folds and, in the default, closed forms with their shares: what a study's single runs have
not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np

from amodal.evaluation.readable import readable_figures
from amodal.files import add_to_json, read_json
from amodal.model.fitting import Fitted, fit_population
from amodal.model.inference import answer
from amodal.model.plan import Trial
from amodal.model.prepare import architecture_for
from amodal.model.presets import PRESETS, Preset
from amodal.progress import progress
from amodal.study.cells import Cell
from amodal.study.measures import DRAWN, ERROR, model_of, readable_attributes
from amodal.study.settings import StudySettings
from amodal.study.store import RunStore
from amodal.study.things import StudyThings

DEFAULT = "Amodal"
"""In the place of a method."""
ENSEMBLE = "network ensemble"
"""As many networks as the default has, of its size, folds and steps, on matches alone."""
_ALONE = replace(
    PRESETS["default"], losses={"translation": 1.0}, start=False, unmatched_weights=(1.0,)
)
TRIED: dict[str, tuple[Preset, ...]] = {
    DEFAULT: (PRESETS["default"],),
    ENSEMBLE: (
        _ALONE,
        replace(
            _ALONE,
            learning_rate=1.5e-2,
            few=None,
            hidden=PRESETS["default"].width(1_000_000),  # as wide as the others ever are
            training=replace(_ALONE.training, weight_decay=0.03),
        ),
        replace(_ALONE, dropout=0.1),
    ),
}
"""What each tries; held-out matches choose, for each cell."""
RECIPE = 11
"""Raised when a fit gives other results than before."""


def preset_rows(
    store: RunStore, settings: StudySettings, cells: Sequence[Cell], *, name: str = DEFAULT
) -> list[dict[str, Any]]:
    """A measured row for each cell, fitted by the presets of a name; what is known is only read.

    The fit gets all matches of the cell, and holds parts of them out by itself. Cells that differ
    in their seed alone are fitted as one population.
    """
    place = store.folder.parent / "preset_fits" / "measured.json"
    known: dict[str, Any] = read_json(place) if place.exists() else {}
    keys = {cell: f"{name} {RECIPE} {store.key(cell)} {settings.test}" for cell in cells}
    missing = [cell for cell in cells if keys[cell] not in known]
    alike = dict.fromkeys(replace(cell, seed=0) for cell in missing)
    with progress(f"fitting: {name}", len(missing), unit="fits") as advance:
        for kind in alike:
            own = [cell for cell in missing if replace(cell, seed=0) == kind]
            things = store.things.of(kind.pairing, kind.latents)
            tried = [fit_preset(preset, settings, things, own) for preset in TRIED[name]]
            found = {}
            for cell, candidates in zip(own, zip(*tried, strict=True), strict=True):
                best = min(candidates, key=lambda fitted: _held_out(fitted.errors) or 0.0)
                found[keys[cell]] = cell.to_json() | {"method": name} | _measured(best, things)
            known = add_to_json(place, found)
            advance(len(own), f"{kind.pairing} {kind.latents}, {kind.matches:,} matches")
    return [known[keys[cell]] for cell in cells]


def fit_preset(
    preset: Preset, settings: StudySettings, things: StudyThings, cells: Sequence[Cell]
) -> list[Fitted]:
    """A fit for each cell, all as one population; they may differ in their seeds alone."""
    # A study of seconds asks for fewer steps than the default has.
    steps = min(preset.training.steps, settings.steps)
    preset = replace(preset, training=replace(preset.training, steps=steps))
    trials = [
        Trial.of(preset, np.sort(np.concatenate(things.things_of(cell))), seed=cell.seed)
        for cell in cells
    ]
    return fit_population(
        preset,
        architecture_for(preset, things.specs, matches=cells[0].matches),
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
