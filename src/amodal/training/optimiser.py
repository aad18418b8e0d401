"""AdamW on a population's matrix: one update for all runs, each with its own learning rate."""

import math
from itertools import pairwise

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
        self.shrinking = decays * speed
        self.count = 0
        self._parts = _parts_of_one_speed(speed)
        self.restore(matrix, torch.zeros_like(matrix), torch.zeros_like(matrix))

    def restore(self, matrix: Tensor, first: Tensor, second: Tensor) -> None:
        """Go on from weights and their moments; the gradient is yet to be filled in."""
        self.matrix, self.first, self.second = matrix, first, second
        self.gradient = torch.empty_like(matrix)
        # Views take longer to make than small parts take to update.
        self._views = [
            [[whole[run, columns] for whole in (matrix, self.gradient, first, second)]
             for columns, _ in self._parts]
            for run in range(len(matrix))
        ]  # fmt: skip

    def keep(self, runs: list[int]) -> None:
        """Go on with some of the runs."""
        self.restore(self.matrix[runs], self.first[runs], self.second[runs])

    def step(self, rates: Float[Tensor, " run"], decay: Float[Tensor, " run"]) -> None:
        """Update every run by its row of `gradient`, learning rate and weight decay."""
        self.count += 1
        alike: dict[float, list[list[Tensor]]] = {}
        for weights, views, rate, shrink in zip(
            self.matrix, self._views, rates.tolist(), decay.tolist(), strict=True
        ):
            if shrink:
                weights.addcmul_(weights, self.shrinking, value=-rate * shrink)
            for (_, speed), part in zip(self._parts, views, strict=True):
                alike.setdefault(rate * speed, []).append(part)
        count = torch.tensor(float(self.count))
        for rate, parts in alike.items():
            weights, gradients, first, second = (list(each) for each in zip(*parts, strict=True))
            # What torch.optim.AdamW(fused=True) calls: all of an update in one pass.
            torch._fused_adamw_(  # pyright: ignore[reportPrivateImportUsage]
                weights,
                gradients,
                first,
                second,
                [],
                [count] * len(parts),
                lr=rate,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=0.0,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )


def _parts_of_one_speed(speed: Float[Tensor, " weight"]) -> list[tuple[slice, float]]:
    """Neighbouring columns that learn equally fast, and how fast."""
    changes = (torch.nonzero(speed[1:] != speed[:-1]).flatten() + 1).tolist()
    bounds = pairwise([0, *changes, len(speed)])
    return [(slice(start, stop), float(speed[start])) for start, stop in bounds]


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
