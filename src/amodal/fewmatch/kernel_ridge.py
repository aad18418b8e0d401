"""Kernel ridge regression from few matches: a smooth non-linear map, in closed form."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.fewmatch.shrinkage import column_groups, shrink
from amodal.latents import evenly
from amodal.typing import Float, Int64

# Multiples of the median distance between matched things; the last is nearly a linear map.
LENGTHS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0, 16.0)
# One decomposition costs things^3: the length scale is chosen on so many things at most.
_JUDGED = 600
_CHUNK = 2048


@dataclass(frozen=True)
class KernelMap:
    """A fitted map y = sum_i w_i exp(-||x - x_i||^2 / (2 length^2)) + offset, in float64.

    Weights may be large, of either sign, and nearly cancel: float32 would lose the answer.
    """

    points: Float[Tensor, "thing dim_x"]
    """x_i, the matched things."""
    weights: Float[Tensor, "thing dim_y"]
    """w_i; they sum to zero over things."""
    offset: Float[Tensor, " dim_y"]
    """What is answered far from everything known."""
    lengths: Float[Tensor, " dim_y"]
    """The length scale of each column."""

    def __call__(self, x: Float[Tensor, "row dim_x"]) -> Float[Tensor, "row dim_y"]:
        """Predict y for rows of x, a chunk at a time."""
        return torch.cat([self._predict(part.double()).to(x.dtype) for part in x.split(_CHUNK)])

    def _predict(self, x: Float[Tensor, "row dim_x"]) -> Float[Tensor, "row dim_y"]:
        answers = self.offset.expand(len(x), -1).clone()
        for length in self.lengths.unique():
            columns = self.lengths == length
            kernel = gaussian(x, self.points, float(length))
            answers[:, columns] += kernel @ self.weights[:, columns]
        return answers


def fit_kernel_ridge(
    x: Float[Tensor, "thing dim_x"],
    y: Float[Tensor, "answer dim_y"],
    *,
    groups: Sequence[slice] | None = None,
    things: Int64[np.ndarray, " thing"] | None = None,
) -> KernelMap:
    r"""Fit y from x by kernel ridge regression with Gaussian similarity.

    w = (K + penalty I)^(-1) (y - mean), K the centred kernel exp(-||x - x'||^2 / (2 length^2))
    (Saunders et al. 1998, ICML). Length scale and penalty are those of the lowest exact
    leave-one-out error. Takes memory of things^2 and time of things^3.

    Args:
        x: what is given, one row a thing.
        y: what is to be told, row for row.
        groups: slices of columns of y that choose their own length scale and penalty; all columns
            together by default. Columns that no slice covers form one more group.
        things: the number of each row's thing, whose rows are left out together; each row is a
            thing by default.

    Raises:
        InputError: no rows, or unequal numbers of them.

    Example:
        >>> angle = torch.linspace(0, 6, 60)[:, None]
        >>> fitted = fit_kernel_ridge(angle[::2], angle[::2].sin())
        >>> bool((fitted(angle) - angle.sin()).abs().max() < 0.01)
        True
    """
    if len(x) != len(y) or len(x) == 0:
        raise InputError(
            "kernel ridge needs the same number of rows of x and y, at least 1, got "
            f"{len(x)} and {len(y)}"
        )
    x, y = x.double(), y.double()
    all_groups = column_groups(groups, y.shape[1])
    chosen = _choose_lengths(x, y, groups, all_groups, things)
    lengths = x.new_empty(y.shape[1])
    weights, offset = x.new_empty(len(x), y.shape[1]), x.new_empty(y.shape[1])
    for length in dict.fromkeys(chosen):
        kernel = gaussian(x, x, length)
        left, singular = decompose(kernel)
        for columns in (own for own, its in zip(all_groups, chosen, strict=True) if its == length):
            known = y[:, columns]
            shrunk = shrink(left, singular, known - known.mean(0), things=things)
            found = left @ (shrunk.slopes / singular[:, None])
            # The weights sum to zero over things, so of the centring only one term is left.
            # Rounding tilts the directions of the smallest eigenvalues, whose weights are large.
            weights[:, columns] = found - found.mean(0)
            offset[columns] = known.mean(0) - kernel.mean(0) @ weights[:, columns]
            lengths[columns] = length
    return KernelMap(x, weights, offset, lengths)


def _choose_lengths(
    x: Float[Tensor, "thing dim_x"],
    y: Float[Tensor, "answer dim_y"],
    groups: Sequence[slice] | None,
    all_groups: list[list[int]],
    things: Int64[np.ndarray, " thing"] | None,
) -> list[float]:
    """The length scale of the lowest leave-one-out error of each group, on evenly spaced things."""
    some = evenly(len(x), _JUDGED)
    x, y = x[torch.from_numpy(some)], y[torch.from_numpy(some)]
    things = None if things is None else things[some]
    distances = torch.pdist(x)
    distances = distances[distances > 0]
    if not len(distances):
        return [1.0] * len(all_groups)
    lengths = [share * float(distances.median()) for share in LENGTHS]
    errors = []
    for length in lengths:
        left, singular = decompose(gaussian(x, x, length))
        shrunk = shrink(left, singular, y - y.mean(0), groups=groups, things=things)
        errors.append(shrunk.residuals.square().sum(0))
    summed = torch.stack(errors)
    return [lengths[int(summed[:, columns].sum(1).argmin())] for columns in all_groups]


def decompose(
    kernel: Float[Tensor, "thing thing"],
) -> tuple[Float[Tensor, "thing rank"], Float[Tensor, " rank"]]:
    """Eigenvectors of the centred kernel, and the roots of their eigenvalues, as `shrink` wants."""
    centred = kernel - kernel.mean(0) - kernel.mean(1, keepdim=True) + kernel.mean()
    values, vectors = torch.linalg.eigh(centred)
    kept = values > 1e-12 * len(values)
    return vectors[:, kept], values[kept].sqrt()


def gaussian(
    x: Float[Tensor, "row source"], things: Float[Tensor, "thing source"], length: float
) -> Float[Tensor, "row thing"]:
    """exp(-||x - x'||^2 / (2 length^2)) of every row with every thing."""
    return (torch.cdist(x, things).square() / (-2 * length**2)).exp()
