"""AdamW on a population's matrix: one update for all runs, each with its own learning rate."""

import math

import torch
from torch import Tensor

from amodal.typing import Float
from amodal.workspace import Architecture

BETAS = (0.9, 0.999)
EPSILON = 1e-8
TILE = 1 << 16
"""Numbers updated at a time: with gradient, moments and a spare, about a megabyte."""


class PopulationAdamW:
    """w <- w (1 - lr decay) - lr m / (sqrt(v) + eps), with bias-corrected moments m and v.

    Loshchilov and Hutter 2019, "Decoupled weight decay regularization" (arXiv 1711.05101).
    torch's own AdamW has one learning rate a tensor; here row r of the matrix is run r, with the
    rate and the decay of that run, and column factors say what decays and what learns more slowly.
    """

    def __init__(
        self,
        matrix: Float[Tensor, "run weight"],
        *,
        decays: Float[Tensor, " weight"],
        speed: Float[Tensor, " weight"],
    ) -> None:
        """Start with zero moments.

        Args:
            matrix: the weights, changed in place by `step`.
            decays: 1 where weight decay applies, 0 in the other columns.
            speed: factor on the learning rate of each column.
        """
        self.matrix, self.speed, self.shrinking = matrix, speed, decays * speed
        self.first = torch.zeros_like(matrix)
        self.second = torch.zeros_like(matrix)
        self.count = 0
        self._same_speed = bool((speed == 1).all())

    def step(
        self,
        gradient: Float[Tensor, "run weight"],
        rates: Float[Tensor, " run"],
        decay: Float[Tensor, " run"],
    ) -> None:
        """One update of every run, with its learning rate and weight decay."""
        self.count += 1
        tiles = [slice(start, start + TILE) for start in range(0, self.matrix.shape[1], TILE)]
        for run, (rate, shrink) in enumerate(zip(rates.tolist(), decay.tolist(), strict=True)):
            for tile in tiles:
                self._update(run, tile, gradient[run, tile], rate, shrink)

    def _update(
        self, run: int, tile: slice, gradient: Float[Tensor, " some"], rate: float, decay: float
    ) -> None:
        """Part of one run: few enough numbers to stay in the cache over all these operations."""
        weights, first = self.matrix[run, tile], self.first[run, tile]
        second = self.second[run, tile]
        first.lerp_(gradient, 1 - BETAS[0])
        second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        # Both bias corrections as one factor on the rate and one on epsilon.
        root = math.sqrt(1 - BETAS[1] ** self.count)
        change = second.sqrt().add_(EPSILON * root)
        torch.div(first, change, out=change)
        if not self._same_speed:
            change.mul_(self.speed[tile])
        if decay:
            weights.addcmul_(weights, self.shrinking[tile], value=-rate * decay)
        weights.add_(change, alpha=-rate * root / (1 - BETAS[0] ** self.count))

    def keep(self, matrix: Tensor, runs: list[int]) -> None:
        """Go on with some of the runs, whose weights are now `matrix`."""
        self.matrix = matrix
        self.first, self.second = self.first[runs], self.second[runs]


def column_factors(
    architecture: Architecture, *, decoder_speed: float, linear_speed: float
) -> tuple[Float[Tensor, " weight"], Float[Tensor, " weight"]]:
    """Which columns of a population's matrix decay (1 or 0), and the speed of each.

    Only the weights of the networks decay: decay on the linear path would pull a closed-form
    start to zero, and biases have nothing to overfit with.
    """
    decays, speeds = [], []
    for name, shape in architecture.shapes().items():
        last, count = name.rsplit(".", 1)[1], math.prod(shape)
        speed = decoder_speed if ".decoder." in name else 1.0
        speed *= linear_speed if last in ("linear", "bias") else 1.0
        decays.append(torch.full((count,), 1.0 if last.startswith(("weight", "out")) else 0.0))
        speeds.append(torch.full((count,), speed))
    return torch.cat(decays), torch.cat(speeds)
