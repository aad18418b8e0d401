"""What the baselines that train share: a small network, and the updates of one."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

WIDTH = 128
BATCH = 128
RATE = 1e-3


def network(dim: int, out: int, *, dropout: float = 0.0) -> nn.Module:
    """One hidden layer of 128."""
    return nn.Sequential(
        nn.Linear(dim, WIDTH), nn.GELU(), nn.Dropout(dropout), nn.Linear(WIDTH, out)
    )


def descend(weights: Iterable[Any], loss: Callable[[], Tensor], *, steps: int) -> None:
    """AdamW at 1e-3.

    Args:
        weights: parameters, or groups of them as torch's optimisers take them.
        loss: draws a batch and measures it.
        steps: updates.
    """
    optimiser = torch.optim.AdamW(weights, lr=RATE)
    for _ in range(steps):
        found = loss()
        optimiser.zero_grad()
        found.backward()
        optimiser.step()


def scaled(rows: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Each modality's rows of root mean square 1, and what they were divided by.

    A network's first steps depend on the size of what it is given, whatever its scaling.
    """
    sizes = {name: each.square().mean().sqrt().clamp(min=1e-12) for name, each in rows.items()}
    return {name: (each / sizes[name]).float() for name, each in rows.items()}, sizes
