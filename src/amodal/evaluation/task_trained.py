"""Encoders trained on the odd-one-out task itself: what labels of the task alone can do."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from amodal.evaluation.odd_one_out import (
    ClassifierSettings,
    OddOneOutTask,
    fit_classifiers,
    gather,
    perceptron,
    train_stack,
)
from amodal.evaluation.of_population import states
from amodal.typing import Float
from amodal.workspace import Architecture, Population, bound, encode

SLOWER, LONGER, PATIENCE = 0.3, 1.5, 12
"""An encoder wants smaller steps than the classifier, more of them, and patience on plateaus."""


def task_trained_logits(
    architecture: Architecture,
    name: str,
    latents: Float[Tensor, "row dim"],
    task: OddOneOutTask,
    *,
    seeds: Sequence[int],
    settings: ClassifierSettings,
) -> Float[Tensor, "run t 3"]:
    """Train the encoder of one modality together with the classifier; answers to the test triplets.

    The task is one of comparing, and a network that starts anywhere is left with the first
    attribute that it understands. So the encoder starts as a turn of the latents, the classifier
    as the one that fits this start, and both learn on together.

    Args:
        architecture: of the workspace whose encoder it is; a linear path is put beside it.
        name: the modality.
        latents: normalised, of all things that the task speaks of.
        task: the triplets.
        seeds: one for each run, of its first weights.
        settings: of the classifier that is trained first, on the frozen start.
    """
    start = _started(architecture, name, seeds)
    frozen = fit_classifiers(states(start, {name: latents}), task, seeds=seeds, settings=settings)

    def logits(weights: list[Tensor], things: Tensor) -> Tensor:
        rows, back = things.unique(return_inverse=True)
        given = latents[rows].expand(len(seeds), -1, -1)
        raw = encode(start.views(weights[0]), start.architecture, name, given)
        ready = frozen.standardised(bound(raw, architecture))
        return perceptron(weights[1:], gather(ready, back))

    both = replace(
        settings,
        learning_rate=settings.learning_rate * SLOWER,
        steps=round(settings.steps * LONGER),
        patience=PATIENCE,
    )
    best = train_stack([start.matrix, *frozen.weights], logits, task, both)
    with torch.no_grad():
        return logits(best, task.test[:, :3])


def _started(architecture: Architecture, name: str, seeds: Sequence[int]) -> Population:
    """Encoders that begin as half of an orthogonal map (tanh is nearly straight up to there)."""
    population = Population.create(replace(architecture, linear=True), seeds)
    for run, seed in enumerate(seeds):
        path = population.views()[f"{name}.encoder.linear"][run]
        torch.nn.init.orthogonal_(path, 0.5, generator=torch.Generator().manual_seed(seed))
    return population
