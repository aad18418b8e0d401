"""The figures of a run: on the demo's own held-out things, on a data folder, or the fit's own."""

from pathlib import Path
from typing import Any

import numpy as np

from amodal.data import Dataset, open_dataset
from amodal.data.dataset import MODALITY_NAMES
from amodal.demo.comparison import compared
from amodal.demo.settings import read_record
from amodal.demo.things import DemoThings, encode_held_out
from amodal.errors import InputError, NotFoundError
from amodal.evaluation.evaluate import (
    HeldOutThings,
    evaluate,
    summarise,
    unimodal_figures,
)
from amodal.evaluation.raw import RawTranslator
from amodal.model import Workspace


def evaluate_run(folder: Path, *, data: Path | None = None, pool: int = 1000) -> dict[str, Any]:
    """Measure a run on things that its fit has not seen.

    Args:
        folder: the run folder.
        data: a folder made by `amodal generate`, whose test rows are used.
        pool: at most how many of them.

    Returns:
        kind: of the things; things: what was measured on; pool: how many; workspace and unimodal:
        the figures; over_draws: for a demo's run the full workspace's means with 95 % intervals
        over draws of the matches, one workspace each. Without held-out things only
        `held_out_matches`: the typical error of each direction on matches held out within the fit.

    Raises:
        NotFoundError, DamagedError: there is no such run or data, or they are unfinished or
            damaged.
        InputError: the run's modalities are not those of the data.
    """
    record = read_record(folder)
    if record is not None and not (folder / "config.json").exists():
        raise NotFoundError(
            f"{folder} holds an unfinished demo: run amodal demo again to finish it"
        )
    if data is not None:
        return _measured(RawTranslator.load(folder), str(data), open_dataset(data), pool)
    if record is None:
        return _held_out_matches(Workspace.load(folder))
    translator = RawTranslator.load(folder)
    things = DemoThings(record.settings)
    latents = encode_held_out(things, translator.models)
    kind, about = record.settings.kind, f"held-out things of the demo, seed {record.settings.seed}"
    tested = HeldOutThings(latents, kind=kind, factors=things.factors[things.test])
    found = {"kind": kind.name, "things": about} | _figures(translator, tested)
    full = [r for r in compared(folder / "comparison", "default") if r.arm == "full"]
    if full:
        over = summarise(full[0].figures)
        found["over_draws"] = {
            direction: {name: value.to_json() for name, value in values.items()}
            for direction, values in over.items()
        }
    return found


def _measured(translator: RawTranslator, name: str, dataset: Dataset, pool: int) -> dict[str, Any]:
    """On the test rows of a data folder."""
    foreign = [n for n in translator.models if n not in MODALITY_NAMES]
    if foreign:
        raise InputError(
            f"the run has the modalities {list(translator.models)}, the data {MODALITY_NAMES}: "
            f"nothing is known of {foreign}"
        )
    rows = dataset.rows("test")[:pool]
    latents = {n: translator.encode(dataset.raw(n, rows), n) for n in translator.models}
    tested = HeldOutThings(latents, kind=dataset.kind, factors=np.asarray(dataset.factors[rows]))
    about = {"kind": dataset.kind.name, "things": f"test rows of {name}"}
    return about | _figures(translator, tested)


def _figures(translator: RawTranslator, tested: HeldOutThings) -> dict[str, Any]:
    return {
        "pool": len(next(iter(tested.latents.values()))),
        "workspace": evaluate(translator, tested),
        "unimodal": unimodal_figures(translator, tested),
    }


def _held_out_matches(model: Workspace) -> dict[str, Any]:
    """What a run without raw things says of itself.

    Raises:
        InputError: nothing was held out in its fit, so it says nothing.
    """
    if not model.trust_:
        raise InputError(
            f"nothing was held out in this fit ({model.matches_} matches), so it says nothing of "
            "itself: give things that it has not seen with --data"
        )
    return {
        "things": "matches held out within the fit; for more, give held-out things with --data",
        "held_out_matches": {
            f"{source} to {target}": {"typical_error": trust.typical, "matches": trust.matches}
            for (source, target), trust in model.trust_.items()
        },
    }
