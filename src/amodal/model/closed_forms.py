"""Closed forms that answer beside the trained members: kernel ridge, and alignment by transport."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from amodal.fewmatch.aligned import Aligned
from amodal.fewmatch.kernel_ridge import KernelMap, fit_kernel_ridge
from amodal.fewmatch.nearest_latents import nearest_latents
from amodal.latents import MatchTable, evenly, separate_pairs
from amodal.model.aligning import Aligner
from amodal.model.blending import ALIGNED, KERNEL
from amodal.specification import LatentSpec
from amodal.typing import Float, Int64

Direction = tuple[str, str]
FEWEST = 4
"""Matches that a closed form learns from at least."""
MOST_KERNEL = 1500
"""Matches that kernel ridge learns from at most: it takes time of their third power."""


@dataclass
class ClosedForms:
    """Closed forms from some of the matches, each fitted once, when it is first asked for."""

    latents: Mapping[str, Float[Tensor, "_ _"]]
    """Normalised rows of each modality."""
    table: MatchTable
    specs: Mapping[str, LatentSpec]
    kernel: bool
    """Whether kernel ridge takes part."""
    aligner: Aligner | None
    """What an alignment is fitted with; None for none."""
    _kernels: dict[tuple[bytes, Direction], KernelMap] = field(default_factory=dict)
    _aligned: dict[bytes, Aligned] = field(default_factory=dict)

    def names(self, groups: Sequence[np.ndarray], direction: Direction) -> list[str]:
        """Which of them can answer a question from each of some groups of matches."""
        source, target = direction
        both = (self.table.column(source) >= 0) & (self.table.column(target) >= 0)
        if min(int(both[things].sum()) for things in groups) < FEWEST:
            return []
        return [KERNEL] * self.kernel + [ALIGNED] * (self.aligner is not None)

    def answers(
        self,
        name: str,
        direction: Direction,
        rows: Float[Tensor, "row dim"],
        *,
        things: Int64[np.ndarray, " thing"],
    ) -> Float[Tensor, "row dim_target"]:
        """Latents of the target that one of them tells, having learnt from `things` alone."""
        form = self.kernel_map if name == KERNEL else self.aligned_map
        return nearest_latents(form(direction, things=things)(rows), self.specs[direction[1]])

    def kernel_map(self, direction: Direction, *, things: np.ndarray) -> KernelMap:
        """Kernel ridge regression on some of the matches, evenly spaced ones if they are many."""
        key = (things.tobytes(), direction)
        if key not in self._kernels:
            source, target = direction
            own = self.table.choose(things)
            pairs = own.together(source, target)
            pairs = pairs[evenly(len(pairs), MOST_KERNEL)]
            self._kernels[key] = fit_kernel_ridge(
                self.latents[source][pairs[:, 0]],
                self.latents[target][pairs[:, 1]],
                groups=[columns for _, columns in self.specs[target].parts()],
                things=separate_pairs(pairs),
            )
        return self._kernels[key]

    def aligned_map(
        self, direction: Direction, *, things: np.ndarray
    ) -> Callable[[Tensor], Tensor]:
        """The linear map of an alignment from some of the matches."""
        return self.aligned(things).maps[direction]

    def aligned(self, things: Int64[np.ndarray, " thing"]) -> Aligned:
        """An alignment from some of the matches."""
        if self.aligner is None:
            raise ValueError("these closed forms have no aligner")
        key = things.tobytes()
        if key not in self._aligned:
            self._aligned[key] = self.aligner.fit(things)
        return self._aligned[key]
