"""Dropout whose masks depend on a run's seed and the step alone, not on its neighbours."""

from collections.abc import Callable, Sequence
from itertools import count
from zlib import crc32

import numpy as np
import torch
from torch import Tensor

from amodal.losses import Part


class RunDropout:
    """Makes the dropout function of each step."""

    def __init__(self, share: float) -> None:
        """Drop `share` of the hidden numbers; 0 makes `at` return None, which costs nothing."""
        self.share = share

    def at(self, step: int, seeds: list[int]) -> "StepDropout | None":
        """The dropout of one step for runs with these seeds."""
        return StepDropout(self.share, step, seeds) if self.share else None


class StepDropout:
    """x -> x * mask / (1 - share), a fresh mask for every run, layer and part of the rows.

    Masks are drawn part by part, each from a seed of its own: a run whose neighbours have more
    matches (so that its own are padded) or other losses (so that more is computed) keeps its masks.
    """

    def __init__(self, share: float, step: int, seeds: list[int]) -> None:
        """One key a run."""
        self.share = share
        self.keys = [
            int(np.random.SeedSequence([seed, step, 7]).generate_state(1)[0]) for seed in seeds
        ]
        self.generator = torch.Generator()

    def __call__(self, parts: Sequence[Part]) -> Callable[[Tensor], Tensor]:
        """The dropout of one network's rows, which are `parts` end to end: names and lengths."""
        layers = count()

        def drop(x: Tensor) -> Tensor:
            layer = next(layers)
            masks = [self._mask(f"{name} {layer}", length, x.shape[2]) for name, length in parts]
            return x * (torch.cat(masks, 1) / (1 - self.share)).to(x.dtype)

        return drop

    def _mask(self, name: str, length: int, width: int) -> Tensor:
        drawn = torch.empty(len(self.keys), length, width)
        for row, key in zip(drawn, self.keys, strict=True):
            # uniform_ fills in order, so that more rows (padding) leave the first ones unchanged.
            row.uniform_(generator=self.generator.manual_seed(key ^ crc32(name.encode())))
        return (drawn >= self.share).float()
