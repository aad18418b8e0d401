"""The training loop: a population, its latents and matches in; the best weights of each run out."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.latents import MatchTable, Sampler
from amodal.losses import LossSettings, compute_step, needs_of, weighted_sum
from amodal.progress import progress
from amodal.training.checkpoint import load_checkpoint, save_checkpoint
from amodal.training.denormals import denormals_dropped
from amodal.training.dropout import RunDropout
from amodal.training.held_out import BestSoFar, HeldOut, weighted_mean
from amodal.training.optimiser import PopulationAdamW, column_factors
from amodal.training.settings import Run, TrainingSettings
from amodal.typing import Float
from amodal.workspace import Population, Weights

CHECKPOINT_SECONDS = 1.0
"""Least time between checkpoints."""


@dataclass
class Outcome:
    """What training gives."""

    population: Population
    """The best weights of every run."""
    score: dict[int, float]
    """Each group's best mean held-out score (lower is better; NaN without held-out matches)."""
    first_score: dict[int, float]
    """The same before the first step: the closed-form start's."""
    step: dict[int, int]
    """The step at which each group was best."""
    history: list[dict[str, Any]] = field(default_factory=list)
    """Losses and scores, a row for each run and look."""


@denormals_dropped()
def train(
    population: Population,
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    *,
    runs: Sequence[Run],
    settings: TrainingSettings,
    unmatched: Mapping[str, np.ndarray] | None = None,
    checkpoint: Path | None = None,
    on_look: Callable[[list[dict[str, Any]]], None] | None = None,
) -> Outcome:
    """Train every run of a population side by side.

    A run's result does not depend on its neighbours: its batches, dropout and stopping come from
    its own seed, and the products of different runs never mix. Groups that have stopped leave the
    computation.

    Args:
        population: the weights to start from, a row a run; left unchanged.
        latents: normalised rows of each modality.
        table: all matches.
        runs: the settings of each run.
        settings: what they share.
        unmatched: the rows of each modality that demi-cycles and cycles learn from; all of them
            when left out.
        checkpoint: a file to go on from when it is there, and to write at looks, once a
            second at most; removed by the caller once the result is safe.
        on_look: called with the rows of the history at every look.
    """
    active = list(range(len(runs)))
    matrix = population.matrix.clone()
    decay, speed = column_factors(
        population.architecture,
        decay=settings.weight_decay,
        decoder_speed=settings.decoder_speed,
        linear_speed=settings.linear_speed,
    )
    optimiser = PopulationAdamW(matrix, decay=decay, speed=speed)
    held_out = HeldOut(latents, table, [run.held_out for run in runs])
    best = BestSoFar([run.group for run in runs], population, patience=settings.patience)
    history: list[dict[str, Any]] = []
    first, looked = 0, -1
    if checkpoint is not None and checkpoint.exists():
        first, active, history = load_checkpoint(checkpoint, optimiser, best)
        looked = first  # it was written after this look
    loss_settings = LossSettings(
        smoothing=settings.smoothing, scale=settings.scale, learn_scale=settings.learn_scale
    )

    def of(values: Sequence[Any]) -> list[Any]:
        return [values[run] for run in active]

    def new_sampler() -> Sampler:
        return Sampler(
            latents,
            table,
            things=of([run.things for run in runs]),
            seeds=of([run.seed for run in runs]),
            batch=settings.batch,
            unmatched=unmatched,
            unmatched_batch=settings.unmatched_batch if needs & {"restored", "returned"} else 0,
        )

    def loss_weights() -> dict[str, Tensor]:
        names = dict.fromkeys(name for run in runs for name in run.losses)
        return {
            name: torch.tensor([runs[r].losses.get(name, 0.0) for r in active]) for name in names
        }

    weights_of_losses = loss_weights()
    needs = needs_of(weights_of_losses)
    sampler = new_sampler()
    rates = torch.tensor([runs[r].learning_rate for r in active])
    dropout = RunDropout(population.architecture.dropout)
    values: dict[str, Tensor] = {}
    saved = time.monotonic()
    with progress("training", settings.steps, unit="steps", done=first) as advance:
        for step in range(first, settings.steps + 1):
            if looked < step and (step % settings.evaluate_every == 0 or step == settings.steps):
                current = Population(population.architecture, optimiser.matrix)
                scores = held_out.scores(current, active)
                best.see(step, active, optimiser.matrix, scores)
                rows = _rows(step, active, runs, weighted_mean(scores, best.weights), values)
                history.extend(rows)
                if on_look is not None:
                    on_look(rows)
                going = [
                    row
                    for row, run in enumerate(active)
                    if not (best.stopped(run) or runs[run].fixed)
                ]
                if not going or step == settings.steps:
                    break
                if len(going) < len(active):
                    active = [active[row] for row in going]
                    optimiser.keep(optimiser.matrix[going], going)
                    sampler.keep(going)
                    rates, weights_of_losses = rates[going], loss_weights()
                if checkpoint is not None and time.monotonic() - saved > CHECKPOINT_SECONDS:
                    saved = time.monotonic()
                    save_checkpoint(checkpoint, step, active, optimiser, best, history)
            views = {
                name: view.detach().requires_grad_()
                for name, view in population.views(optimiser.matrix).items()
            }
            computed = compute_step(
                views,
                population.architecture,
                sampler.draw(step),
                needs=needs,
                cycle_flow=settings.cycle_flow,
                dropout=dropout.at(step, sampler.seeds),
            )
            total, values = weighted_sum(computed, weights_of_losses, loss_settings)
            gradient = _gradient(total, views, clip=settings.clip)
            optimiser.step(gradient, rates * _schedule(step, settings))
            advance(1, f"loss {float(total.detach().mean()):.3f}, {len(active)} runs")
    best_population = Population(population.architecture, best.matrix)
    return Outcome(best_population, best.score, best.first_score, best.step, history)


def _gradient(
    total: Float[Tensor, " run"], views: Weights, *, clip: float
) -> Float[Tensor, "run weight"]:
    """The gradient of each run's loss by its own weights, no longer than `clip`."""
    leaves = list(views.values())
    if not total.requires_grad:  # no run has a loss with a weight
        return torch.cat([torch.zeros_like(leaf).flatten(1) for leaf in leaves], 1)
    gradients = torch.autograd.grad(total.sum(), leaves, allow_unused=True, materialize_grads=True)
    gradient = torch.cat([g.flatten(1) for g in gradients], 1)
    norm = gradient.norm(dim=1, keepdim=True)
    return gradient * (clip / norm.clamp_min(1e-12)).clamp_max(1)


def _schedule(step: int, settings: TrainingSettings) -> float:
    """Linear warm-up, then half a cosine to zero."""
    rising = min(1.0, (step + 1) / max(1, settings.warm_up))
    return rising * 0.5 * (1 + math.cos(math.pi * step / max(1, settings.steps)))


def _rows(
    step: int,
    active: list[int],
    runs: Sequence[Run],
    scores: Tensor,
    values: dict[str, Tensor],
) -> list[dict[str, Any]]:
    """One row of the history a run: its losses on the last batch, its held-out score."""
    rows = []
    for row, run in enumerate(active):
        losses = {name: _rounded(value[row]) for name, value in values.items()}
        rows.append(
            {"step": step, "run": run, "group": runs[run].group}
            | {"held_out": _rounded(scores[row])}
            | losses
        )
    return rows


def _rounded(value: Tensor) -> float | None:
    """A number that JSON can hold; None for NaN and infinity."""
    number = float(value.detach())
    return round(number, 6) if math.isfinite(number) else None
