"""AdamW on a population's matrix: one update for all runs, each with its own learning rate."""

import math

import torch
from torch import Tensor

from amodal.typing import Float
from amodal.workspace import Architecture

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class PopulationAdamW:
    """w <- w (1 - lr decay) - lr m / (sqrt(v) + eps), with bias-corrected moments m and v.

    Loshchilov and Hutter 2019, "Decoupled weight decay regularization" (arXiv 1711.05101).
    torch's own AdamW has one learning rate a tensor; here row r of the matrix is run r, with the
    rate of that run, and column factors say what decays and what learns more slowly.
    """

    def __init__(
        self,
        matrix: Float[Tensor, "run weight"],
        *,
        decay: Float[Tensor, " weight"],
        speed: Float[Tensor, " weight"],
    ) -> None:
        """Start with zero moments.

        Args:
            matrix: the weights, changed in place by `step`.
            decay: weight decay of each column.
            speed: factor on the learning rate of each column.
        """
        self.matrix, self.decay, self.speed = matrix, decay, speed
        self.first = torch.zeros_like(matrix)
        self.second = torch.zeros_like(matrix)
        self.count = 0

    def step(self, gradient: Float[Tensor, "run weight"], rates: Float[Tensor, " run"]) -> None:
        """One update of every run."""
        self.count += 1
        self.first.lerp_(gradient, 1 - BETAS[0])
        self.second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        size = (self.second / (1 - BETAS[1] ** self.count)).sqrt_().add_(EPSILON)
        rate = rates[:, None] * self.speed
        self.matrix.mul_(1 - rate * self.decay)
        self.matrix.addcdiv_(self.first * rate, size, value=-1 / (1 - BETAS[0] ** self.count))

    def keep(self, matrix: Tensor, runs: list[int]) -> None:
        """Go on with some of the runs, whose weights are now `matrix`."""
        self.matrix = matrix
        self.first, self.second = self.first[runs], self.second[runs]


def column_factors(
    architecture: Architecture, *, decay: float, decoder_speed: float, linear_speed: float
) -> tuple[Float[Tensor, " weight"], Float[Tensor, " weight"]]:
    """Decay and speed of each column of a population's matrix.

    Only the weights of the networks decay: decay on the linear path would pull a closed-form
    start to zero, and biases have nothing to overfit with.
    """
    decays, speeds = [], []
    for name, shape in architecture.shapes().items():
        last, count = name.rsplit(".", 1)[1], math.prod(shape)
        speed = decoder_speed if ".decoder." in name else 1.0
        speed *= linear_speed if last in ("linear", "bias") else 1.0
        decays.append(torch.full((count,), decay if last.startswith(("weight", "out")) else 0.0))
        speeds.append(torch.full((count,), speed))
    return torch.cat(decays), torch.cat(speeds)
