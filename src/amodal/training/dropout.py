"""Dropout whose masks depend on a run's seed and the step alone, not on its neighbours."""

import numpy as np
import torch
from torch import Tensor


class RunDropout:
    """Makes the dropout function of each step."""

    def __init__(self, share: float) -> None:
        """Drop `share` of the hidden numbers; 0 makes `at` return None, which costs nothing."""
        self.share = share

    def at(self, step: int, seeds: list[int]) -> "StepDropout | None":
        """The dropout of one step for runs with these seeds."""
        return StepDropout(self.share, step, seeds) if self.share else None


class StepDropout:
    """x -> x * mask / (1 - share), a fresh mask at every call, drawn run by run."""

    def __init__(self, share: float, step: int, seeds: list[int]) -> None:
        """One generator a run."""
        self.share = share
        self.generators = [
            torch.Generator().manual_seed(
                int(np.random.SeedSequence([seed, step, 7]).generate_state(1)[0])
            )
            for seed in seeds
        ]

    def __call__(self, x: Tensor) -> Tensor:
        """Drop and rescale."""
        mask = torch.empty_like(x)
        for row, generator in zip(mask, self.generators, strict=True):
            row.bernoulli_(1 - self.share, generator=generator)
        return x * mask / (1 - self.share)
