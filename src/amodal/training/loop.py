"""The training loop of one chunk: runs in step with one another, from weights to best weights."""

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
from amodal.training.checkpoint import load_checkpoint, save_checkpoint
from amodal.training.dropout import RunDropout
from amodal.training.held_out import BestSoFar, HeldOut, weighted_mean
from amodal.training.machine import denormals_dropped, weights_of_a_step
from amodal.training.optimiser import PopulationAdamW, column_factors
from amodal.training.settings import Run, TrainingSettings
from amodal.typing import Float
from amodal.workspace import Population, Weights

CHECKPOINT_SECONDS = 1.0
"""Least time between checkpoints."""
Rows = list[dict[str, Any]]
OnLook = Callable[[Rows], None]
Advance = Callable[[int, str], None]


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
def train_chunk(
    population: Population,
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    *,
    runs: Sequence[Run],
    settings: TrainingSettings,
    unmatched: Mapping[str, np.ndarray] | None,
    only_told: Mapping[str, int] | None,
    checkpoint: Path | None,
    on_look: OnLook,
    advance: Advance,
) -> Outcome:
    """Train the runs of a chunk, one batched operation for all of them at a time.

    Args:
        population: the weights to start from, a row a run; left unchanged.
        latents: normalised rows of each modality.
        table: all matches.
        runs: the settings of each run.
        settings: what they share.
        unmatched: see `amodal.training.train`.
        only_told: see there, too.
        checkpoint: a file to go on from when it is there, and to write at looks, once a
            second at most.
        on_look: called with the rows of the history at every look.
        advance: called with the steps done since the last call, and how things stand.
    """
    active = list(range(len(runs)))
    matrix = population.matrix.clone()
    decays, speed = column_factors(
        population.architecture,
        decoder_speed=settings.decoder_speed,
        linear_speed=settings.linear_speed,
    )
    optimiser = PopulationAdamW(matrix, decays=decays, speed=speed)
    held_out = HeldOut(latents, table, [run.held_out for run in runs])
    best = BestSoFar([run.group for run in runs], population, patience=settings.patience)
    history: Rows = []
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
            only_told=only_told,
            unmatched_batch=settings.unmatched_batch if needs & {"restored", "returned"} else 0,
        )

    def loss_weights() -> dict[str, Tensor]:
        names = dict.fromkeys(name for run in runs for name in run.losses)
        return {
            name: torch.tensor([runs[r].losses.get(name, 0.0) for r in active]) for name in names
        }

    def rates_and_decays() -> tuple[Tensor, Tensor]:
        usual = settings.weight_decay
        decay = [usual if r.weight_decay is None else r.weight_decay for r in of(runs)]
        return torch.tensor([r.learning_rate for r in of(runs)]), torch.tensor(decay)

    gradient = Population(population.architecture, optimiser.gradient)
    weights_of_losses = loss_weights()
    needs = needs_of(weights_of_losses)
    sampler = new_sampler()
    rates, decay = rates_and_decays()
    dropout = RunDropout(population.architecture.dropout)
    values: dict[str, Tensor] = {}
    saved = time.monotonic()
    for step in range(first, settings.steps + 1):
        if looked < step and (step % settings.evaluate_every == 0 or step == settings.steps):
            current = Population(population.architecture, optimiser.matrix)
            scores = held_out.scores(current, active)
            best.see(step, active, optimiser.matrix, scores)
            rows = _rows(step, active, runs, weighted_mean(scores, best.weights), values)
            history.extend(rows)
            on_look(rows)
            going = [
                row for row, run in enumerate(active) if not (best.stopped(run) or runs[run].fixed)
            ]
            if not going or step == settings.steps:
                advance(settings.steps - step, "")
                break
            if len(going) < len(active):
                active = [active[row] for row in going]
                optimiser.keep(going)
                gradient = Population(population.architecture, optimiser.gradient)
                weights_of_losses = loss_weights()
                needs = needs_of(weights_of_losses)
                sampler, (rates, decay) = new_sampler(), rates_and_decays()
            if checkpoint is not None and time.monotonic() - saved > CHECKPOINT_SECONDS:
                saved = time.monotonic()
                save_checkpoint(checkpoint, step, active, optimiser, best, history)
        weights = weights_of_a_step(population.views(optimiser.matrix), settings.precision)
        computed = compute_step(
            weights,
            population.architecture,
            sampler.draw(step),
            needs=needs,
            cycle_flow=settings.cycle_flow,
            dropout=dropout.at(step, sampler.seeds),
        )
        total, values = weighted_sum(computed, weights_of_losses, loss_settings)
        _put_gradient(total, weights, gradient, clip=settings.clip)
        optimiser.step(rates * _schedule(step, settings), decay)
        advance(1, f"loss {float(total.detach().mean()):.3f}, {len(active)} runs")
    best_population = Population(population.architecture, best.matrix)
    return Outcome(best_population, best.score, best.first_score, best.step, history)


def _put_gradient(
    total: Float[Tensor, " run"], weights: Weights, gradient: Population, *, clip: float
) -> None:
    """The gradient of each run's loss by its own weights, no longer than `clip`."""
    if not total.requires_grad:  # no run has a loss with a weight
        gradient.matrix.zero_()
        return
    found = torch.autograd.grad(
        total.sum(), list(weights.values()), allow_unused=True, materialize_grads=True
    )
    for place, own in zip(gradient.views().values(), found, strict=True):
        place.copy_(own)
    _shorten(gradient.matrix, clip)


def _shorten(matrix: Float[Tensor, "run weight"], longest: float) -> None:
    """Scale the rows that are longer down to this length."""
    for row, norm in zip(matrix, matrix.norm(dim=1).tolist(), strict=True):
        if norm > longest:
            row.mul_(longest / norm)


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
) -> Rows:
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
