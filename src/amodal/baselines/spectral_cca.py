"""Spectral CCA: shared directions of what neighbourhoods say in each modality."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from amodal.baselines.folds import Embed
from amodal.baselines.tuned import TunedBaseline
from amodal.fewmatch.alignment import AlignmentSettings, align
from amodal.latents import MatchTable
from amodal.typing import Float

LARGEST = 64
"""Spectral coordinates that are measured of each modality."""
NARROWEST = 1e-3
"""Width of a neighbourhood, at least, as a share of the mean one: of a row that is there many times
the distance to its neighbours is nought but for rounding."""


@dataclass(frozen=True)
class SpectralSettings:
    """How many spectral coordinates are compared, and how."""

    dimensions: int = 10
    """Spectral coordinates of each modality; about the paper's number."""
    penalty: float = 0.3
    """Of the canonical correlations, in units of the mean variance."""
    exponent: float = 1.0
    """Neighbours are looked for in the latents' own scale."""


class SpectralCCA(TunedBaseline):
    r"""Canonical correlations, on few matches, of each modality's spectral embedding.

    All rows of a modality, matched or not, give a graph of neighbours; the leading eigenvectors of
    its random walk are coordinates that two modalities are likely to share, since they depend on
    who is near whom alone. A few matches then find the turn between them (Yacobi et al. 2025,
    SUE, arXiv 2505.21524, its first two steps). The paper's third step, a network trained to make
    the two distributions agree (MMD), is left out, and its SpectralNet is the exact eigenvectors,
    with Nyström's extension for new rows. Folds choose the number of coordinates and the penalty.

    Example:
        >>> import numpy as np
        >>> angle = np.random.default_rng(0).uniform(0, 5, size=300)
        >>> first = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        >>> second = np.stack([angle**2, angle, 0 * angle], axis=1)
        >>> rows = list(range(30))
        >>> model = SpectralCCA().fit({"a": first, "b": second}, matches={"a": rows, "b": rows})
        >>> model.embed({"a": first}).shape[0]
        300
    """

    Settings = SpectralSettings
    grid: ClassVar = {"dimensions": (10, 5, 20, 40, LARGEST), "penalty": (0.3, 1.0, 0.03)}

    def _prepare(self, rows: Mapping[str, Tensor]) -> None:
        self._graphs = {name: SpectralMap.fit(values, LARGEST) for name, values in rows.items()}
        self._spectra = {name: self._graphs[name].apply(rows[name]) for name in rows}

    def _align(
        self, rows: Mapping[str, Tensor], table: MatchTable, settings: SpectralSettings
    ) -> Embed:
        kept = settings.dimensions
        some = {name: values[:, :kept] for name, values in self._spectra.items()}
        alone = AlignmentSettings(penalty=settings.penalty, share=0.0)
        found = align(some, table, settings=alone).directions
        graphs = self._graphs
        return lambda x, name: graphs[name].apply(x)[:, :kept] @ found.weights[name]


@dataclass(frozen=True)
class SpectralMap:
    """Leading eigenvectors of the random walk between neighbouring rows, and of new rows."""

    rows: Float[Tensor, "row dim"]
    width: Float[Tensor, " row"]
    """Of each row's neighbourhood: the distance to its seventh neighbour."""
    vectors: Float[Tensor, "row kept"]
    """Of unit variance, divided by their eigenvalues: a mean of neighbours gives a coordinate."""
    neighbours: int

    @classmethod
    def fit(
        cls, rows: Float[Tensor, "row dim"], kept: int, *, neighbours: int = 30
    ) -> "SpectralMap":
        """Weights exp(-d^2 / (width width)) between neighbours (Zelnik-Manor and Perona 2004).

        Args:
            rows: all rows of a modality.
            kept: coordinates, at most.
            neighbours: of each row.
        """
        from scipy.sparse import coo_matrix, diags
        from scipy.sparse.linalg import eigsh

        count = len(rows)
        neighbours = min(neighbours, count)
        empty = cls(rows, torch.ones(count), rows.new_zeros(count, 1), neighbours)
        if count < 4:
            return empty
        distance, who = _nearest(rows, rows, neighbours)
        width = distance[:, min(7, neighbours - 1)]
        width = width.clamp(min=max(NARROWEST * float(width.mean()), 1e-12))
        weight = (-distance.square() / (width[:, None] * width[who])).exp()
        first = torch.arange(count).repeat_interleave(neighbours).numpy()
        graph = coo_matrix((weight.flatten().numpy(), (first, who.flatten().numpy()))).tocsr()
        graph = (graph + graph.T) / 2
        root = diags(1 / graph.sum(1).A1 ** 0.5 if hasattr(graph.sum(1), "A1") else 0)
        values, vectors = eigsh(
            root @ graph @ root,
            k=min(kept + 1, count - 2),
            which="LA",
            v0=torch.ones(count).numpy(),
        )
        values, vectors = values[::-1].copy(), (root @ vectors)[:, ::-1].copy()
        # The first is constant: it says nothing. Small eigenvalues cannot be extended.
        good = [i for i in range(1, len(values)) if values[i] > 0.05]
        found = torch.from_numpy(vectors[:, good])
        found = found / found.std(0, correction=0).clamp(min=1e-12)
        scaled = found / torch.from_numpy(values[good])
        return cls(rows, width, scaled, neighbours) if good else empty

    def apply(self, x: Float[Tensor, "new dim"]) -> Float[Tensor, "new kept"]:
        """Nyström's extension: the weighted mean of the neighbours, over the eigenvalue."""
        distance, who = _nearest(x, self.rows, self.neighbours)
        own = distance[:, min(7, self.neighbours - 1)].clamp(min=float(self.width.min()))
        weight = (-distance.square() / (own[:, None] * self.width[who])).exp()
        weight = weight / weight.sum(1, keepdim=True).clamp(min=1e-30)
        return (weight[:, :, None] * self.vectors[who]).sum(1)


def _nearest(x: Tensor, rows: Tensor, neighbours: int) -> tuple[Tensor, Tensor]:
    """Distances and numbers of the nearest rows, nearest first, in blocks of bounded memory."""
    found = [torch.cdist(part, rows).topk(neighbours, largest=False) for part in x.split(1000)]
    return torch.cat([f.values for f in found]), torch.cat([f.indices for f in found])
