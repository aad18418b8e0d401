"""The losses of the global workspace, each a function of one step that gives a number a run.

Devillers, Maytié, VanRullen 2024, "Semi-supervised multimodal representation learning through a
global workspace" (arXiv 2306.15711). Notation: e encodes, g decodes, z is the state, L_m is the
modality's own error (`latent_error`).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from amodal.errors import unknown_name
from amodal.losses.contrastive import contrastive as info_nce
from amodal.losses.contrastive import same_thing
from amodal.losses.latent_error import latent_error, mean_over
from amodal.losses.step import Step
from amodal.typing import Float

PerRun = Float[Tensor, " run"]


@dataclass(frozen=True)
class LossSettings:
    """What the losses share besides a step."""

    smoothing: float = 0.0
    """Label smoothing of categorical blocks in supervised losses."""
    scale: float = 1 / 0.07
    """What contrastive cosines are multiplied with."""
    learn_scale: bool = False
    """Learn that scale instead (it starts at 1 / 0.07 and stays below 100, as in CLIP)."""


def translation(step: Step, settings: LossSettings) -> PerRun:
    """L_y(g_y(z(x)), y) over matches, the mean over the directions that have any."""
    terms = []
    for (source, target), raw in step.translated.items():
        present = step.batch.present
        counted = step.batch.asked.get(source, present[source]) * present[target]
        errors = latent_error(
            raw,
            step.batch.matched[target],
            step.architecture.specs[target],
            smoothing=settings.smoothing,
        )
        terms.append((mean_over(errors, counted), counted))
    return _mean_of_those_with_rows(terms)


def contrastive(step: Step, settings: LossSettings) -> PerRun:
    """Symmetric InfoNCE between z(x) and z(y) over matches, the mean over pairs of modalities."""
    names, terms = step.architecture.names, []
    scale = torch.full_like(step.log_scale, settings.scale)
    if settings.learn_scale:
        scale = step.log_scale.clamp_max(math.log(100)).exp()
    distinct = step.batch.distinct
    same = None if distinct else same_thing(step.batch.things)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            counted = step.batch.present[first] * step.batch.present[second]
            states = step.matched[first], step.matched[second]
            masks = {} if distinct else {"counted": counted, "same": same}
            terms.append((info_nce(*states, scale=scale, **masks), counted))
    return _mean_of_those_with_rows(terms)


def demi_cycle(step: Step, settings: LossSettings) -> PerRun:
    """L_u(g_u(z(u)), u) over all rows, matched or not; the mean over modalities."""
    return _mean(
        step,
        [
            latent_error(raw, step.batch.unmatched[name], step.architecture.specs[name]).mean(1)
            for name, raw in step.restored.items()
        ],
    )


def cycle(step: Step, settings: LossSettings) -> PerRun:
    """L_u(g_u(z(g_v(z(u)))), u) through every other v over all rows; the mean over (u, v)."""
    return _mean(
        step,
        [
            latent_error(raw, step.batch.unmatched[name], step.architecture.specs[name]).mean(1)
            for (name, _), raw in step.returned.items()
        ],
    )


def broadcast(step: Step, settings: LossSettings) -> PerRun:
    """Several modalities fused, then every modality decoded; and back through the absent ones.

    Over every set S of two or more modalities: L_m(g_m(z(S)), m) for all m, and for m in S the
    cycle through the modalities outside S. For three or more modalities, or fused states.
    """
    terms = []
    for results in (step.broadcast, step.rebroadcast):
        for (subset, target), raw in results.items():
            seen = torch.stack([step.batch.present[name] for name in subset]).amin(0)
            counted = seen * step.batch.present[target]
            errors = latent_error(raw, step.batch.matched[target], step.architecture.specs[target])
            terms.append((mean_over(errors, counted), counted))
    return _mean_of_those_with_rows(terms)


@dataclass(frozen=True)
class Loss:
    """A loss is a function of a step, and which fields of `Step` it reads."""

    function: Callable[[Step, LossSettings], PerRun]
    needs: tuple[str, ...]
    supervised: bool
    """Whether it learns from matches (and so says nothing without any)."""


LOSSES: dict[str, Loss] = {
    "translation": Loss(translation, ("translated",), supervised=True),
    "contrastive": Loss(contrastive, (), supervised=True),
    "demi_cycle": Loss(demi_cycle, ("restored",), supervised=False),
    "cycle": Loss(cycle, ("returned",), supervised=False),
    "broadcast": Loss(broadcast, ("broadcast",), supervised=True),
}


def find_loss(name: str) -> Loss:
    """The loss called `name`.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in LOSSES:
        raise unknown_name("loss", name, LOSSES)
    return LOSSES[name]


def weighted_sum(
    step: Step, weights: Mapping[str, Float[Tensor, " run"]], settings: LossSettings
) -> tuple[PerRun, dict[str, PerRun]]:
    """The total of each run, and each active loss. A weight of 0 in every run costs nothing."""
    values = {
        name: find_loss(name).function(step, settings)
        for name, weight in weights.items()
        if bool((weight != 0).any())
    }
    total = torch.zeros(len(next(iter(step.matched.values()))))
    for name, value in values.items():
        total = total + weights[name] * value
    return total, values


def needs_of(weights: Mapping[str, Float[Tensor, " run"]]) -> set[str]:
    """The fields of `Step` that the losses with a weight read."""
    active = [name for name, weight in weights.items() if bool((weight != 0).any())]
    return {need for name in active for need in find_loss(name).needs}


def _mean(step: Step, terms: list[Tensor]) -> PerRun:
    """The mean over terms; 0 where nothing was drawn that could say anything."""
    return torch.stack(terms).mean(0) if terms else torch.zeros_like(step.log_scale)


def _mean_of_those_with_rows(terms: list[tuple[Tensor, Tensor]]) -> PerRun:
    """The mean over terms, leaving out for each run those in which none of its rows count."""
    values = torch.stack([value for value, _ in terms])
    used = torch.stack([(counted.sum(1) > 0).float() for _, counted in terms])
    return (values * used).sum(0) / used.sum(0).clamp_min(1)
