"""The comparison: what the losses, the start and the latents are each worth, over several draws."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from amodal.demo.settings import DemoSettings
from amodal.evaluation.evaluate import HeldOutThings, evaluate
from amodal.evaluation.raw import RawTranslator
from amodal.files import read_json, write_json
from amodal.latents import Latents, MatchTable, Normalisation
from amodal.model import PRESETS, Workspace
from amodal.model.fitting import Fitted, fit_population
from amodal.model.plan import Trial
from amodal.model.prepare import architecture_for
from amodal.report.contents import ArmResult
from amodal.training import remove_checkpoints
from amodal.unimodal import UnimodalModel

FULL = dict(PRESETS["default"].losses)
FOLDS = 2


@dataclass(frozen=True)
class Arm:
    """One way to fit, tried with every draw of the matches."""

    name: str
    """For files."""
    title: str
    """For people."""
    losses: Mapping[str, float]
    """Weight of each loss; none leaves the closed-form start as it is."""
    start: bool
    """Begin at ridge regression on the matches."""


ARMS = (
    Arm("ridge", "closed-form start alone (ridge on the matches)", {}, True),
    Arm("translation", "start, then the translation loss alone", {"translation": 1.0}, True),
    Arm("full", "start, then all losses (the full workspace)", FULL, True),
    Arm("translation-plain", "no start, the translation loss alone", {"translation": 1.0}, False),
    Arm("full-plain", "no start, all losses", FULL, False),
)

POPULATIONS = (ARMS[:1], ARMS[1:3], ARMS[3:])
"""Arms that train together; they agree on the start."""


def compare(
    settings: DemoSettings,
    latents: Mapping[str, Latents],
    models: Mapping[str, UnimodalModel],
    things: HeldOutThings,
    *,
    name: str,
    folder: Path,
) -> None:
    """Fit and measure all arms on one set of latents; what is done already stays.

    Args:
        settings: of the demo.
        latents: rows of each modality, the matches of all draws first.
        models: the unimodal models that made them.
        things: held-out things in the same latents.
        name: of the set of latents.
        folder: where results, metrics and checkpoints go.
    """
    for arms in POPULATIONS:
        path = _path(folder, name, arms)
        if not path.exists():
            fitted = _fit(settings, latents, arms, folder / path.stem)
            measured = _measure(settings, fitted, arms, latents, models, things, name=name)
            write_json(path, [asdict(result) for result in measured])
            remove_checkpoints(folder / path.stem / "checkpoint.safetensors")


def compared(folder: Path, name: str) -> list[ArmResult]:
    """The results of a comparison on one set of latents; none where there is none."""
    paths = [_path(folder, name, arms) for arms in POPULATIONS]
    return [ArmResult(**v) for path in paths if path.exists() for v in read_json(path)]


def _path(folder: Path, name: str, arms: Sequence[Arm]) -> Path:
    return folder / f"{name}-{'-'.join(arm.name for arm in arms)}.json"


def _fit(
    settings: DemoSettings, latents: Mapping[str, Latents], arms: Sequence[Arm], folder: Path
) -> list[Fitted]:
    """All draws of all arms (which agree on the start) as one population."""
    matched = settings.draws * settings.matches
    specs = {name: given.spec for name, given in latents.items()}
    # Self-training would take as long again, for each of fifty fits, and says nothing of losses.
    chosen: dict[str, Any] = {"folds": FOLDS, "members": 1, "self_train": False}
    preset = replace(PRESETS["default"], start=arms[0].start, **chosen)
    steps = settings.comparison_steps if arms[0].losses else 0
    preset = replace(preset, training=replace(preset.training, steps=steps))
    normalisation = {n: Normalisation.fit(g.rows, g.spec) for n, g in latents.items()}
    rows = {n: normalisation[n].apply(g.rows) for n, g in latents.items()}
    trials = [
        Trial.of(
            preset,
            np.arange(draw * settings.matches, (draw + 1) * settings.matches),
            seed=settings.seed * 1000 + draw,
            losses=arm.losses,
        )
        for arm in arms
        for draw in range(settings.draws)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    return fit_population(
        preset,
        architecture_for(preset, specs, matches=settings.matches),
        rows,
        MatchTable(tuple(specs), np.stack([np.arange(matched)] * len(specs), 1)),
        trials=trials,
        unmatched={n: np.arange(matched, matched + settings.unmatched) for n in specs},
        scales={n: found.scale for n, found in normalisation.items()},
        folder=folder,
    )


def _measure(
    settings: DemoSettings,
    fitted: Sequence[Fitted],
    arms: Sequence[Arm],
    latents: Mapping[str, Latents],
    models: Mapping[str, UnimodalModel],
    things: HeldOutThings,
    *,
    name: str,
) -> list[ArmResult]:
    results = []
    for number, arm in enumerate(arms):
        own = fitted[number * settings.draws : (number + 1) * settings.draws]
        workspaces = [Workspace.of(each, latents, matches=settings.matches) for each in own]
        results.append(
            ArmResult(
                arm=arm.name,
                title=arm.title,
                latents=name,
                figures=[evaluate(RawTranslator(each, models), things) for each in workspaces],
                gates=[each.gate for each in own],
                curves=[row | {"draw": d} for d, each in enumerate(own) for row in each.history],
            )
        )
    return results
