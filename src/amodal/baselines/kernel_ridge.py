"""Kernel ridge baseline: a smooth non-linear map for each pair of modalities, in closed form."""

import torch
from torch import Tensor

from amodal.baselines.base import Baseline, Map
from amodal.fewmatch.shrinkage import Shrunk, shrink
from amodal.typing import Float

# Multiples of the median distance between matched things; the last is nearly a linear map.
LENGTHS = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 4.0, 16.0)
# One decomposition costs things^3: the length scale is chosen on so many things at most.
_JUDGED = 1000
_CHUNK = 2048


class KernelRidge(Baseline):
    r"""Translate by kernel ridge regression with Gaussian similarity.

    y = mean + sum_i a_i k(x, x_i), k(x, x') = exp(-||x - x'||^2 / (2 length^2)), the kernel
    centred and a = (K + penalty I)^(-1) (y - mean) (Saunders et al. 1998, ICML). Length scale and
    penalty are those of the lowest exact leave-one-out error. Takes memory of things^2 and time of
    things^3: some thousands of matches at most.

    Example:
        >>> import numpy as np
        >>> angle = np.linspace(0, 6, 60)[:, None]
        >>> rows = list(range(0, 60, 2))
        >>> model = KernelRidge().fit(
        ...     {"angle": angle, "wave": np.sin(angle)}, matches={"angle": rows, "wave": rows}
        ... )
        >>> bool(np.abs(model.translate(angle, "angle", "wave") - np.sin(angle)).max() < 0.01)
        True
    """

    def _fit_map(self, x: Float[Tensor, "thing source"], y: Float[Tensor, "pair target"]) -> Map:
        length = _choose_length(x, y)
        kernel = _kernel(x, x, length)
        shrunk, left, singular = _solve(kernel, y)
        weights = left @ (shrunk.slopes / singular[:, None])
        # The weights sum to zero over things, so of the centring only one term is left. Rounding
        # tilts the directions of the smallest eigenvalues, whose weights are large.
        weights = weights - weights.mean(0)
        centre, constant = kernel.mean(0) @ weights, y.mean(0)
        return lambda rows: torch.cat(
            [_kernel(part, x, length) @ weights - centre + constant for part in rows.split(_CHUNK)]
        )


def _choose_length(x: Float[Tensor, "thing source"], y: Float[Tensor, "pair target"]) -> float:
    """The length scale of the lowest leave-one-out error, on evenly spaced things if many."""
    every = -(-len(x) // _JUDGED)
    x, y = x[::every], y[::every]
    distances = torch.pdist(x)
    distances = distances[distances > 0]
    if not len(distances):
        return 1.0
    lengths = [share * float(distances.median()) for share in LENGTHS]
    errors = [_solve(_kernel(x, x, length), y)[0].residuals.square().sum() for length in lengths]
    return lengths[int(torch.stack(errors).argmin())]


def _solve(
    kernel: Float[Tensor, "thing thing"], y: Float[Tensor, "thing target"]
) -> tuple[Shrunk, Float[Tensor, "thing rank"], Float[Tensor, " rank"]]:
    """Shrink along the eigenvectors of the centred kernel; also give them and their roots."""
    centred = kernel - kernel.mean(0) - kernel.mean(1, keepdim=True) + kernel.mean()
    values, vectors = torch.linalg.eigh(centred)
    kept = values > 1e-12 * len(values)
    left, singular = vectors[:, kept], values[kept].sqrt()
    return shrink(left, singular, y - y.mean(0)), left, singular


def _kernel(
    x: Float[Tensor, "row source"], things: Float[Tensor, "thing source"], length: float
) -> Float[Tensor, "row thing"]:
    return (torch.cdist(x, things).square() / (-2 * length**2)).exp()
