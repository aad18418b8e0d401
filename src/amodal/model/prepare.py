"""From what users hand over to what training takes: settings, checked rows, an architecture."""

import warnings
from collections.abc import Mapping
from dataclasses import fields, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from amodal.errors import InputError, MissingExtraError, Notice, unknown_name
from amodal.latents import Latents, MatchTable, Normalisation, as_checked, separate_things
from amodal.latents.remarks import remark_on_rows
from amodal.losses import find_loss
from amodal.model.plan import FEWEST_TO_HOLD_OUT
from amodal.model.presets import Preset, find_preset
from amodal.parameters import plain
from amodal.specification import LatentSpec
from amodal.training import Run, TrainingSettings
from amodal.workspace import Architecture

WIDEST = 1_000_000
"""Columns of a latent space, at most."""
MOST_MEMBERS, MOST_FOLDS, MOST_SEED = 1000, 99, 2**32 - 1
"""So many runs have seeds of their own (`plan_runs`), and all of them are 64-bit numbers."""
LARGEST_STATE = 512
"""Numbers in a state when nothing is asked for, however many the modalities have together."""


def settings_of(parameters: Mapping[str, Any]) -> Preset:
    """A workspace's parameters over those of its preset.

    Raises:
        UnknownNameError: an unknown preset or loss.
        InputError: values out of range.
    """
    parameters = plain(parameters)
    preset = find_preset(parameters["preset"])
    changed: dict[str, Any] = {
        name: parameters[name]
        for name in (
            "losses",
            "start",
            "kernel",
            "align",
            "self_train",
            "principal",
            "state",
            "hidden",
            "members",
            "folds",
            "learning_rate",
        )
        if parameters[name] is not None
    }
    if "losses" in changed:
        changed["losses"] = {name: float(weight) for name, weight in changed["losses"].items()}
        changed["unmatched_weights"] = (1.0,)  # They are to be what was asked for.
    if "hidden" in changed:
        changed["hidden_many"] = None
    changed["training"] = _training_of(preset, parameters)
    settings = replace(preset, **changed)
    # A run checks its losses and its learning rate: here, before anything is read or written.
    Run(0, settings.losses, np.empty(0, dtype=np.int64), learning_rate=settings.learning_rate)
    problems = [
        f"{name} must be a whole number from {least} to {most:,}, got {value!r}"
        for name, least, most, value in (
            ("members", 1, MOST_MEMBERS, settings.members),
            ("folds", 0, MOST_FOLDS, settings.folds),
            ("seed", 0, MOST_SEED, parameters["seed"]),
            ("principal", 0, WIDEST, 0 if settings.principal is None else settings.principal),
        )
        if not isinstance(value, int | np.integer) or not least <= value <= most
    ]
    if settings.training.steps and not any(settings.losses.values()):
        problems.append("no loss has a weight: give one of them a weight, or ask for steps=0")
    if problems:
        raise InputError("workspace: " + "; ".join(problems))
    return settings


def _training_of(preset: Preset, parameters: Mapping[str, Any]) -> TrainingSettings:
    training = dict(parameters["training"] or {})
    known = [field.name for field in fields(TrainingSettings)]
    for name in training:
        if name not in known:
            raise unknown_name("training setting", name, known)
    if parameters["steps"] is not None:
        training["steps"] = parameters["steps"]
    return replace(preset.training, **training)


def check_latents(latents: Any, spaces: Mapping[str, LatentSpec]) -> dict[str, Latents]:
    """Every modality's rows as checked `Latents`; spaces say how plain arrays are measured."""
    if not isinstance(latents, Mapping):
        raise InputError(
            'latents: expected a dict by modality, {"image": rows, "text": rows}, '
            f"got {type(latents).__name__}"
        )
    if len(latents) < 2:
        raise InputError(f"a workspace joins two or more modalities, got {list(latents)}")
    for name in latents:
        if not isinstance(name, str) or not name.strip():
            raise InputError(
                f"modality {name!r}: expected a word for its name, such as 'image', got "
                f"{type(name).__name__}: rename it"
            )
    for name in spaces:
        if name not in latents:
            raise unknown_name("modality in spaces", name, latents)
    checked = {n: as_checked(n, value, spec=spaces.get(n)) for n, value in latents.items()}
    for name, given in checked.items():
        remark_on_rows(name, latents[name], given.rows)
    return checked


def normalisation_of(given: Latents, principal: int | None = None) -> Normalisation:
    """The normalisation that is stored with latents, or else measured on their rows.

    Args:
        given: the latents.
        principal: principal coordinates kept of a wider space, all of it continuous; None or 0
            keeps its columns.
    """
    continuous = all(block.kind == "continuous" for block in given.spec.blocks)
    if principal and continuous and given.spec.dim > principal:
        return Normalisation.principal(given.rows, principal)
    return given.normalisation or Normalisation.fit(given.rows, given.spec)


def specs_of(
    checked: Mapping[str, Latents], normalisation: Mapping[str, Normalisation]
) -> dict[str, LatentSpec]:
    """How normalised rows are measured: as the latents are, or in principal coordinates."""
    return {
        name: given.spec
        if normalisation[name].basis is None
        else LatentSpec.continuous(len(normalisation[name].scale))
        for name, given in checked.items()
    }


def check_supervision(table: MatchTable, settings: Preset) -> None:
    """Refuse supervised losses without matches; say so when there are too few to judge by."""
    supervised = [n for n, w in settings.losses.items() if w and find_loss(n).supervised]
    if len(table) == 0 and supervised:
        raise InputError(
            f"there are no matches, and these losses learn from them: {supervised}. Give matches, "
            'or train without any: Workspace(losses={"demi_cycle": 1, "cycle": 1})'
        )
    things = int(separate_things(table).max(initial=-1)) + 1
    few = things < FEWEST_TO_HOLD_OUT
    if things and settings.training.steps and (few or settings.folds < 2):
        why = f"{things} separate things are" if few else f"folds={settings.folds} is"
        kept = "the closed-form start is kept" if settings.start else "all steps are trained"
        warnings.warn(
            f"{why} too few to hold some matches out: when to stop cannot be judged, so {kept}",
            Notice,
            stacklevel=3,
        )


def architecture_for(
    settings: Preset, specs: Mapping[str, LatentSpec], *, matches: int
) -> Architecture:
    """The network that the settings ask for, between spaces of normalised rows."""
    together = sum(spec.dim for spec in specs.values())
    return Architecture(
        specs=dict(specs),
        state=min(together, LARGEST_STATE) if settings.state is None else settings.state,
        hidden=settings.width(matches),
        layers=settings.layers,
        activation=settings.activation,  # pyright: ignore[reportArgumentType]
        dropout=settings.dropout,
        linear=settings.start,
        bounded=settings.bounded,
    )


def check_tensorboard(folder: Any) -> None:
    """Refuse TensorBoard curves that could not be written, before anything is.

    Raises:
        MissingExtraError: tensorboard is not installed.
        InputError: there is no folder to write them to.
    """
    if find_spec("tensorboard") is None:
        raise MissingExtraError("tensorboard", "tensorboard")
    if folder is None:
        raise InputError("tensorboard needs a run folder: fit(..., folder=...)")


def check_fingerprint(name: str, given: Latents, expected: str, model: str) -> None:
    """Refuse latents of another unimodal model than the one that was fitted on.

    Raises:
        InputError: the fingerprints differ.
    """
    if expected and given.fingerprint != expected:
        raise InputError(
            f"modality {name!r}: these latents are of another unimodal model than the one "
            f"fitted (fingerprint {given.fingerprint[:12] or 'unknown'}, expected "
            f"{expected[:12]}): encode again with {model or 'that model'}"
        )
