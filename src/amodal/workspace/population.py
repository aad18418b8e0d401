"""The weights of many runs as one matrix: a row is a run, so every operation serves them all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from amodal.typing import Float
from amodal.workspace.architecture import LOG_SCALE, Architecture

Weights = dict[str, Tensor]


@dataclass
class Population:
    """Runs with the same architecture, side by side.

    `matrix` holds every weight of run r in row r. A layer's weights are a view of its columns,
    `Float[Tensor, "run in out"]`, so one `baddbmm` serves all runs, and choosing, copying,
    averaging or saving runs is indexing rows.
    """

    architecture: Architecture
    matrix: Float[Tensor, "run weight"]

    def __len__(self) -> int:
        return len(self.matrix)

    @classmethod
    def create(cls, architecture: Architecture, seeds: Sequence[int]) -> "Population":
        """Fresh weights, one seed a run: uniform in +-1/sqrt(inputs), as torch.nn.Linear.

        With a linear path the network starts at exactly zero output (its last layer is zero), so
        that a closed-form map can be put on the path and the network learns what it leaves.
        """
        matrix = torch.zeros(len(seeds), architecture.count())
        population = cls(architecture, matrix)
        weights = population.views()
        weights[LOG_SCALE].fill_(math.log(1 / 0.07))
        for run, seed in enumerate(seeds):
            generator = torch.Generator().manual_seed(seed)
            for name, shape in architecture.shapes().items():
                last = name.rsplit(".", 1)[1]
                if name == LOG_SCALE or (architecture.linear and last in ("out", "bias")):
                    continue
                drawn = torch.rand(shape, generator=generator) * 2 - 1
                weights[name][run] = drawn / math.sqrt(architecture.inputs_of(name))
        return population

    def views(self, matrix: Tensor | None = None) -> Weights:
        """Each weight as a view of its columns, shape (run, ...)."""
        matrix = self.matrix if matrix is None else matrix
        views, start = {}, 0
        for name, shape in self.architecture.shapes().items():
            stop = start + math.prod(shape)
            views[name] = matrix[:, start:stop].unflatten(1, shape)
            start = stop
        return views

    def choose(self, runs: Sequence[int]) -> "Population":
        """Some of the runs, copied."""
        return Population(self.architecture, self.matrix[list(runs)].clone())
