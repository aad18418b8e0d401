"""From what users hand over to what training takes: settings, checked rows, an architecture."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from amodal.errors import InputError, Notice, unknown_name
from amodal.latents import Latents, MatchTable, as_checked
from amodal.losses import find_loss
from amodal.model.plan import FEWEST_TO_HOLD_OUT
from amodal.model.presets import Preset, find_preset
from amodal.specification import LatentSpec
from amodal.workspace import Architecture

LARGEST_STATE = 512
"""Numbers in a state when nothing is asked for, however many the modalities have together."""


def settings_of(parameters: Mapping[str, Any]) -> Preset:
    """A workspace's parameters over those of its preset.

    Raises:
        UnknownNameError: an unknown preset or loss.
        InputError: values out of range.
    """
    preset = find_preset(parameters["preset"])
    changed: dict[str, Any] = {
        name: parameters[name]
        for name in ("losses", "start", "state", "hidden", "members", "folds", "learning_rate")
        if parameters[name] is not None
    }
    for name in changed.get("losses", {}):
        find_loss(name)
    if parameters["steps"] is not None:
        changed["training"] = replace(preset.training, steps=parameters["steps"])
    settings = replace(preset, **changed)
    if settings.members < 1 or settings.folds < 0:
        raise InputError(
            f"members must be at least 1 and folds at least 0, "
            f"got {settings.members} and {settings.folds}"
        )
    return settings


def check_latents(latents: Any, spaces: Mapping[str, LatentSpec]) -> dict[str, Latents]:
    """Every modality's rows as checked `Latents`; spaces say how plain arrays are measured."""
    if not isinstance(latents, Mapping):
        raise InputError(
            'latents: expected a dict by modality, {"image": rows, "text": rows}, '
            f"got {type(latents).__name__}"
        )
    if len(latents) < 2:
        raise InputError(f"a workspace joins two or more modalities, got {list(latents)}")
    for name in spaces:
        if name not in latents:
            raise unknown_name("modality in spaces", name, latents)
    return {name: as_checked(name, value, spec=spaces.get(name)) for name, value in latents.items()}


def check_supervision(table: MatchTable, settings: Preset) -> None:
    """Refuse supervised losses without matches; say so when there are too few to judge by."""
    supervised = [n for n, w in settings.losses.items() if w and find_loss(n).supervised]
    if len(table) == 0 and supervised:
        raise InputError(
            f"there are no matches, and these losses learn from them: {supervised}. Give matches, "
            'or train without any: Workspace(losses={"demi_cycle": 1, "cycle": 1})'
        )
    if 0 < len(table) < FEWEST_TO_HOLD_OUT:
        warnings.warn(
            f"{len(table)} matches are too few to hold some out: when to stop cannot be judged, "
            "so the closed-form start is kept as it is",
            Notice,
            stacklevel=3,
        )


def architecture_for(settings: Preset, checked: Mapping[str, Latents]) -> Architecture:
    """The network that the settings ask for."""
    together = sum(given.spec.dim for given in checked.values())
    return Architecture(
        specs={name: given.spec for name, given in checked.items()},
        state=settings.state or min(together, LARGEST_STATE),
        hidden=settings.hidden,
        layers=settings.layers,
        activation=settings.activation,  # pyright: ignore[reportArgumentType]
        dropout=settings.dropout,
        linear=settings.start,
        bounded=settings.bounded,
    )
