"""Covariances within and between modalities, and the directions that they share."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from amodal.typing import Float

Pair = tuple[str, str]


@dataclass(frozen=True)
class Moments:
    """Second moments of several modalities about their means (float64)."""

    within: Mapping[str, Float[Tensor, "dim dim"]]
    """Covariance of each modality."""
    between: Mapping[Pair, Float[Tensor, "first second"]]
    """Cross-covariance of the pairs that are known, each pair once."""

    def cross(self, first: str, second: str) -> Float[Tensor, "first second"] | None:
        """The cross-covariance in either order; None where nothing is known."""
        if (first, second) in self.between:
            return self.between[first, second]
        found = self.between.get((second, first))
        return None if found is None else found.T


@dataclass(frozen=True)
class Directions:
    """rows of m -> rows @ weights[m]: the same coordinates for every modality."""

    weights: Mapping[str, Float[Tensor, "dim shared"]]
    correlations: Float[Tensor, " shared"]


def penalties(moments: Moments, penalty: float) -> dict[str, float]:
    """The penalty in the units of each modality: a multiple of its mean variance."""
    return {
        name: penalty * (float(within.diagonal().mean()) or 1.0)
        for name, within in moments.within.items()
    }


def shared_directions(moments: Moments, *, penalty: float, power: float = 1.0) -> Directions:
    r"""Find the directions that vary together, weighted by how strongly.

    The eigenvectors of the blocks (C_mm + penalty v_m I)^(-1/2) C_mn (C_nn + penalty v_n I)^(-1/2),
    v_m the mean variance of modality m: canonical correlation analysis from moments (Kettenring
    1971, doi:10.1093/biomet/58.3.433), scaled by correlation^power.

    Args:
        moments: of two modalities or more.
        penalty: pulls the covariances towards spheres, in units of the mean variance.
        power: 0 gives plain canonical variates.

    Example:
        >>> one = torch.eye(1).double()
        >>> moments = Moments({"a": one, "b": one}, {("a", "b"): 0.5 * one})
        >>> shared_directions(moments, penalty=1e-9).correlations.round(decimals=3).tolist()
        [0.5]
    """
    names, scale = list(moments.within), penalties(moments, penalty)
    whiten = {name: inverse_root(moments.within[name], scale[name]) for name in names}
    strength, vectors = torch.linalg.eigh(_joint(moments, whiten))
    # Two modalities give each correlation once as +c and once as -c; m give sums over m - 1.
    correlations = strength.flip(0) / (len(names) - 1)
    kept = max(1, int((correlations > 1e-9).sum()))
    scaled = vectors.flip(1)[:, :kept] * correlations[:kept].clamp(0) ** power
    blocks = scaled.split([len(moments.within[name]) for name in names])
    weights = {
        name: len(names) ** 0.5 * whiten[name] @ block
        for name, block in zip(names, blocks, strict=True)
    }
    return Directions(weights, correlations[:kept])


def linear_map(
    moments: Moments, source: str, target: str, *, penalty: float
) -> Float[Tensor, "source target"]:
    """Slopes of ridge regression from moments: (C_ss + penalty v_s I)^(-1) C_st."""
    within, cross = moments.within[source], moments.cross(source, target)
    if cross is None:
        return within.new_zeros(len(within), len(moments.within[target]))
    scale = penalties(moments, penalty)[source]
    return torch.linalg.solve(within + scale * torch.eye(len(within), dtype=within.dtype), cross)


def covariance(
    x: Float[Tensor, "thing first"], y: Float[Tensor, "thing second"]
) -> Float[Tensor, "first second"]:
    """Covariance of the columns of rows that belong together."""
    return (x - x.mean(0)).T @ (y - y.mean(0)) / len(x)


def inverse_root(covariance: Float[Tensor, "dim dim"], penalty: float) -> Float[Tensor, "dim dim"]:
    """(covariance + penalty I)^(-1/2)."""
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors / (values.clamp(min=0) + penalty).sqrt()) @ vectors.T


def _joint(moments: Moments, whiten: Mapping[str, Tensor]) -> Float[Tensor, "all all"]:
    """The whitened cross-covariances of all pairs as one symmetric matrix, zero on the diagonal."""
    blocks = []
    for first in moments.within:
        line = []
        for second in moments.within:
            cross = None if first == second else moments.cross(first, second)
            if cross is None:
                shape = (len(moments.within[first]), len(moments.within[second]))
                line.append(moments.within[first].new_zeros(shape))
            else:
                line.append(whiten[first] @ cross @ whiten[second])
        blocks.append(torch.cat(line, 1))
    return torch.cat(blocks)
