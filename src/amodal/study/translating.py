"""Translations of every run of a population, and how wrong they are on chosen things."""

from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from amodal.study.things import StudyThings
from amodal.typing import Float, Int64
from amodal.workspace import Population, apply_heads, bound, decode, encode


@torch.no_grad()
def answers_of(
    population: Population, given: Float[Tensor, "row dim"], source: str, target: str
) -> Float[Tensor, "run row _"]:
    """Normalised translations of every run."""
    weights, architecture = population.views(), population.architecture
    rows = given.expand(len(population), -1, -1)
    state = bound(encode(weights, architecture, source, rows), architecture)
    raw = decode(weights, architecture, target, state)
    return apply_heads(raw, architecture.specs[target])


def squared_error(
    population: Population, things: StudyThings, rows: Int64[np.ndarray, " some"]
) -> Float[Tensor, " run"]:
    """Mean squared error of every run's translations, the mean over directions."""
    errors = []
    for source, target in permutations(things.names, 2):
        answer = answers_of(population, things.rows(source, rows), source, target)
        errors.append((answer - things.rows(target, rows)).square().mean((1, 2)))
    return torch.stack(errors).mean(0)
