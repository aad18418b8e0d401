"""Odd-one-out classifiers on the states of trained runs, for the studies that look at them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from amodal.data.kinds import kind_of
from amodal.evaluation.corruption import corrupted_states, decoding_errors
from amodal.evaluation.linear_probes import probe_errors
from amodal.evaluation.odd_one_out import (
    Classifiers,
    ClassifierSettings,
    OddOneOutTask,
    accuracies,
    fit_classifiers,
)
from amodal.evaluation.of_population import states
from amodal.study.settings import StudySettings
from amodal.study.things import StudyThings
from amodal.typing import Float
from amodal.workspace import Population

FUSED = "fused"
"""The state of all modalities together, beside those of each alone."""
STRENGTHS = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Noise on a corrupted modality, in standard deviations of its latents."""
MISSING = "missing"

_KNOWN: dict[str, list[dict[str, float]]] = {}
"""What was measured in this process: two studies ask for it, and training classifiers is dear."""


def task_of(things: StudyThings) -> OddOneOutTask:
    """The study's triplets, of things that no run has seen; row numbers of the pool."""
    return _drawn(things.kind.name, things.factors[things.pool].tobytes())


@lru_cache(maxsize=4)
def _drawn(name: str, factors: bytes) -> OddOneOutTask:
    kind = kind_of(name)
    rows = np.frombuffer(factors, np.float32).reshape(-1, len(kind.factor_names))
    return OddOneOutTask.draw(kind, rows)


def pool_latents(things: StudyThings) -> dict[str, Float[Tensor, "row _"]]:
    """Normalised latents of the pool."""
    return {name: things.rows(name, things.pool) for name in things.names}


def classifier_settings(settings: StudySettings) -> ClassifierSettings:
    """Classifiers train for as long as runs may, and need not more steps than their own."""
    plain = ClassifierSettings()
    return replace(plain, steps=min(plain.steps, settings.steps))


def population_figures(
    population: Population,
    things: StudyThings,
    seeds: Sequence[int],
    settings: ClassifierSettings,
) -> list[dict[str, float]]:
    """Everything that classifiers and probes say of each run.

    Args:
        population: the runs, trained or not.
        things: what they are about.
        seeds: of each run's classifiers.
        settings: of their training.

    Returns:
        For each run: "accuracy A" and "accuracy A, ATTRIBUTE" (A a modality or "fused", the
        classifier trained and tested on its states), "probe A, FIGURE"; "transfer A to B" (trained
        on A's states, tested on B's); "fused accuracy, A at S", "alone accuracy, A at S" (A
        corrupted with strength S, or missing) and "error B, A at S" (what the fused state says of
        B), "alone error B, A at S" (what corrupted A alone says of B).
    """
    mark = hashlib.sha256(population.matrix.numpy().tobytes())
    mark.update(things.factors.tobytes() + repr((things.models, list(seeds), settings)).encode())
    if mark.hexdigest() not in _KNOWN:
        _KNOWN[mark.hexdigest()] = _measure(population, things, seeds, settings)
    return _KNOWN[mark.hexdigest()]


def _measure(
    population: Population,
    things: StudyThings,
    seeds: Sequence[int],
    settings: ClassifierSettings,
) -> list[dict[str, float]]:
    task, latents = task_of(things), pool_latents(things)
    of = {name: states(population, {name: rows}) for name, rows in latents.items()}
    of[FUSED] = states(population, latents)
    found: list[dict[str, float]] = [{} for _ in seeds]
    # One stack of all sources: a step costs little more than for one of them.
    every = fit_classifiers(
        torch.cat(list(of.values())), task, seeds=list(seeds) * len(of), settings=settings
    )
    classifiers = {
        name: every.choose(slice(place * len(seeds), (place + 1) * len(seeds)))
        for place, name in enumerate(of)
    }
    factors = things.factors[things.pool]
    for name, given in of.items():
        _add(found, own_figures(name, given, classifiers[name], task))
        for row, errors in zip(found, probe_errors(things.kind, given, factors), strict=True):
            row.update({f"probe {name}, {figure}": value for figure, value in errors.items()})
    _add(found, _transfers(of, classifiers, task))
    _add(found, _corruptions(population, latents, classifiers, task))
    return found


def own_figures(
    name: str,
    given: Float[Tensor, "run row width"],
    classifiers: Classifiers,
    task: OddOneOutTask,
) -> dict[str, Tensor]:
    """Accuracy of classifiers on the representations that they were trained on."""
    return named(name, accuracies(classifiers.logits(given, task.test[:, :3]), task))


def named(name: str, found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ "accuracy shape" of a source becomes "accuracy image, shape".

    Example:
        >>> named("image", {"accuracy": torch.ones(1), "accuracy robot place": torch.ones(1)})
        {'accuracy image': tensor([1.]), 'accuracy image, robot place': tensor([1.])}
    """
    return {
        f"accuracy {name}" + key.replace("accuracy", "").replace(" ", ", ", 1): value
        for key, value in found.items()
    }


def _transfers(
    of: Mapping[str, Tensor], classifiers: Mapping[str, Classifiers], task: OddOneOutTask
) -> dict[str, Tensor]:
    figures = {}
    for trained_on in of:
        for tested_on in of:
            if trained_on != tested_on:
                logits = classifiers[trained_on].logits(of[tested_on], task.test[:, :3])
                right = accuracies(logits, task)["accuracy"]
                figures[f"transfer {trained_on} to {tested_on}"] = right
    return figures


def _corruptions(
    population: Population,
    latents: Mapping[str, Tensor],
    classifiers: Mapping[str, Classifiers],
    task: OddOneOutTask,
) -> dict[str, Tensor]:
    """What is left when one modality is corrupted; measured on the test triplets' things only."""
    rows, back = task.test[:, :3].unique(return_inverse=True)
    clean = {name: values[rows] for name, values in latents.items()}
    figures: dict[str, Tensor] = {}
    for corrupted in clean:
        for strength in (*STRENGTHS, None):
            at = f"{corrupted} at {MISSING if strength is None else f'{strength:g}'}"
            together = corrupted_states(population, clean, corrupted, strength=strength)
            figures[f"fused accuracy, {at}"] = _right(classifiers[FUSED], together, back, task)
            for target, truth in clean.items():
                figures[f"error {target}, {at}"] = decoding_errors(
                    population, together, target, truth
                )
            if strength is None:
                continue
            alone = corrupted_states(
                population, {corrupted: clean[corrupted]}, corrupted, strength=strength
            )
            own = classifiers[corrupted]
            figures[f"alone accuracy, {at}"] = _right(own, alone, back, task)
            for target, truth in clean.items():
                figures[f"alone error {target}, {at}"] = decoding_errors(
                    population, alone, target, truth
                )
    return figures


def _right(
    classifiers: Classifiers, given: Tensor, things: Tensor, task: OddOneOutTask
) -> Float[Tensor, " run"]:
    return accuracies(classifiers.logits(given, things), task)["accuracy"]


def _add(rows: list[dict[str, float]], figures: Mapping[str, Tensor]) -> None:
    for name, values in figures.items():
        for row, value in zip(rows, values.tolist(), strict=True):
            row[name] = value
