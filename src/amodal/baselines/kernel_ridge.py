"""Kernel ridge baseline: a smooth non-linear map for each pair of modalities, in closed form."""

from torch import Tensor

from amodal.baselines.base import Baseline, Map, Things
from amodal.fewmatch.kernel_ridge import fit_kernel_ridge


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

    def _fit_map(self, x: Tensor, y: Tensor, things: Things) -> Map:
        return fit_kernel_ridge(x, y, things=things)
