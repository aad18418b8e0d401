"""The losses of every run of a population on held-out things: one number a run."""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.losses import latent_error
from amodal.losses.contrastive import contrastive
from amodal.model.inference import states_of_members
from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.workspace import Population, apply_heads, bound, decode, encode

CHUNK = 1024
"""Rows handled at once: memory stays constant, and small products stay in the cache."""
CONTRASTIVE_BATCH = 128
"""Things among which each thing's other side must be found, as in training."""
SCALE = 1 / 0.07
"""What contrastive cosines are multiplied with, in all runs alike, whatever a run has learnt."""

Rows = Mapping[str, Float[Tensor, "row _"]]
PerRun = Float[Tensor, " run"]
RowErrors = Callable[[Tensor, Tensor, LatentSpec], Tensor]


def population_losses(population: Population, rows: Rows) -> dict[str, PerRun]:
    """Every loss of every run, on things that none of them has seen.

    Args:
        population: the runs.
        rows: normalised latents of each modality; row i of each is the same thing.

    Returns:
        translation_loss: what training lowers, squared error and cross-entropy in nats
        (`latent_error`), the mean over directions; translation_error: the same with the squared
        error of probabilities in place of cross-entropy, which no sure mistake can blow up;
        demi_cycle_loss and cycle_loss, the means over modalities and ways; contrastive_loss, on
        batches of 128. And each of them for one direction: "translation_loss image to text",
        "cycle_loss image to text to image", "demi_cycle_loss image to image",
        "contrastive_loss image and text".

    Raises:
        InputError: modalities of unequal length, none, or unknown to the population.
    """
    check_rows(population, rows)
    parts: dict[str, dict[str, PerRun]] = {}
    for source in rows:
        for target in rows:
            loss, error, cycle = _one_direction(population, rows, source, target)
            if source == target:
                parts.setdefault("demi_cycle_loss", {})[f"{source} to {source}"] = loss
                continue
            parts.setdefault("translation_loss", {})[f"{source} to {target}"] = loss
            parts.setdefault("translation_error", {})[f"{source} to {target}"] = error
            parts.setdefault("cycle_loss", {})[f"{source} to {target} to {source}"] = cycle
    parts["contrastive_loss"] = contrastive_losses(population, rows)
    figures = {name: torch.stack(list(of.values())).mean(0) for name, of in parts.items()}
    singles = {f"{name} {way}": each for name, of in parts.items() for way, each in of.items()}
    return figures | singles


@torch.no_grad()
def contrastive_losses(
    population: Population, rows: Rows, *, batch: int = CONTRASTIVE_BATCH
) -> dict[str, PerRun]:
    """Symmetric InfoNCE between the states of each two modalities, the mean over batches.

    It depends on the size of the batch (chance is its logarithm): rows that fill no whole batch
    are left out, but where there are fewer than one batch they are all there is.

    Args:
        population: the runs.
        rows: normalised latents of each modality; row i of each is the same thing.
        batch: things in which each is to be found.

    Returns:
        "image and text": a loss for each run, and so on for all pairs.
    """
    check_rows(population, rows)
    count = len(next(iter(rows.values())))
    batch = min(batch, count)
    sums: dict[str, Tensor] = {}
    for start in range(0, count - batch + 1, batch):
        part = {
            name: states(population, {name: values[start : start + batch]})
            for name, values in rows.items()
        }
        for first, second in combinations(rows, 2):
            loss = _contrastive(part[first], part[second])
            key = f"{first} and {second}"
            sums[key] = sums.get(key, torch.zeros_like(loss)) + loss
    return {key: total / (count // batch) for key, total in sums.items()}


def states(population: Population, rows: Rows) -> Float[Tensor, "run row state"]:
    """Each run's state of things seen through one modality, or through several, fused."""
    return states_of_members(population, rows)


def check_rows(population: Population, rows: Rows) -> None:
    """Refuse rows that cannot be things seen through modalities of the population."""
    sizes = {name: len(values) for name, values in rows.items()}
    if len(set(sizes.values())) != 1 or 0 in sizes.values():
        raise InputError(f"each modality needs the same rows, at least one, got {sizes}")
    unknown = set(sizes) - set(population.architecture.names)
    if unknown:
        raise InputError(
            f"the population joins {list(population.architecture.names)}, got rows of "
            f"{sorted(unknown)}"
        )


@torch.no_grad()
def _one_direction(
    population: Population, rows: Rows, source: str, target: str
) -> tuple[PerRun, PerRun, PerRun]:
    """Loss and squared error of source -> target, and the loss of coming back."""
    architecture, weights = population.architecture, population.views()
    specs, totals = architecture.specs, torch.zeros(3, len(population))
    for chunk in _chunks(rows):
        given = chunk[source].expand(len(population), -1, -1)
        state = bound(encode(weights, architecture, source, given), architecture)
        raw = decode(weights, architecture, target, state)
        answer = apply_heads(raw, specs[target])
        again = bound(encode(weights, architecture, target, answer), architecture)
        home = decode(weights, architecture, source, again)
        truth = chunk[target].expand_as(raw)
        totals[0] += latent_error(raw, truth, specs[target]).sum(1)
        totals[1] += (answer - truth).square().mean(-1).sum(1)
        totals[2] += latent_error(home, given, specs[source]).sum(1)
    loss, error, cycle = totals / len(rows[source])
    return loss, error, cycle


def _contrastive(
    first: Float[Tensor, "run thing state"], second: Float[Tensor, "run thing state"]
) -> PerRun:
    return contrastive(first, second, scale=torch.full((len(first),), SCALE))


def _chunks(rows: Rows) -> Iterator[dict[str, Tensor]]:
    count = len(next(iter(rows.values())))
    for start in range(0, count, CHUNK):
        yield {name: values[start : start + CHUNK] for name, values in rows.items()}
