"""Canonical similarity analysis: canonical variates, compared by a weighted cosine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from amodal.baselines.base import unit_rows
from amodal.baselines.folds import Embed
from amodal.baselines.tuned import TunedBaseline
from amodal.fewmatch.alignment import AlignmentSettings, align
from amodal.fewmatch.moments import shared_directions
from amodal.latents import MatchTable


@dataclass(frozen=True)
class CSASettings:
    """How the canonical variates are found; the defaults are those of `CCA`."""

    exponent: float = 0.0
    """Principal coordinates are scaled by deviation^exponent; 0, whitened, as in the paper."""
    penalty: float = 1.0
    """Pulls covariances towards spheres, in units of the mean variance."""
    components: int = 1000
    """Canonical variates that take part, at most."""


class CSA(TunedBaseline):
    r"""Compare rows by their canonical variates u, v, each weighted by its correlation r.

    similarity = sum_i r_i u_i v_i / (||u|| ||v||), i up to the number of components (Li et al.
    2024, arXiv 2410.07610). The paper has no penalty, and thousands of matches; here penalty,
    number of components and scale are chosen by held-out matches.

    Embeddings have a few columns more than components, which only make them of length 1, so that
    their cosine is exactly this similarity.

    Example:
        >>> import numpy as np
        >>> first = np.random.default_rng(0).normal(size=(200, 3))
        >>> second = first @ np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]])
        >>> rows = list(range(100))
        >>> model = CSA().fit({"a": first, "b": second}, matches={"a": rows, "b": rows})
        >>> states = model.embed({"a": first[100:]}), model.embed({"b": second[100:]})
        >>> bool(((states[0] @ states[1].T).argmax(1) == np.arange(100)).mean() > 0.8)
        True
    """

    Settings = CSASettings
    grid: ClassVar = {
        "exponent": (0.0, 0.5, 1.0),
        "penalty": (1.0, 0.1, 0.01, 10.0),
        "components": (1000, 64, 32, 16, 8),
    }

    def _align(self, rows: Mapping[str, Tensor], table: MatchTable, settings: CSASettings) -> Embed:
        alone = AlignmentSettings(penalty=settings.penalty, share=0.0)
        moments = align(rows, table, settings=alone).moments
        found = shared_directions(moments, penalty=settings.penalty, power=0.0)
        kept = settings.components
        roots = found.correlations[:kept].clamp(0, 1).sqrt()
        names = list(rows)

        def embed(x: Tensor, name: str) -> Tensor:
            weighted = unit_rows(x @ found.weights[name][:, :kept]) * roots
            # What is missing to length 1 goes where no other modality has anything.
            rest = torch.zeros(len(x), len(names), dtype=x.dtype)
            rest[:, names.index(name)] = (1 - weighted.square().sum(1)).clamp(min=0).sqrt()
            return torch.cat([weighted, rest], 1)

        return embed
