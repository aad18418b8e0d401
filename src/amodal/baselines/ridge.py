"""Ridge baseline: a linear map for each pair of modalities."""

from torch import Tensor

from amodal.baselines.base import Baseline, Map, Things
from amodal.fewmatch.ridge import fit_ridge


class Ridge(Baseline):
    """Translate by ridge regression both ways, the penalty chosen by leave-one-out error.

    y = x W + b for each direction; see `amodal.fewmatch.ridge.fit_ridge`. The strongest simple
    answer where latents are linear in one another.

    Example:
        >>> import numpy as np
        >>> image = np.random.default_rng(0).normal(size=(40, 3))
        >>> text = 2 * image[::-1, :2] + 1
        >>> matches = {"image": [0, 1, 2, 3, 4], "text": [39, 38, 37, 36, 35]}
        >>> model = Ridge().fit({"image": image, "text": text}, matches=matches)
        >>> bool(np.abs(model.translate(image[:1], "image", "text") - text[39]).max() < 0.01)
        True
    """

    def _fit_map(self, x: Tensor, y: Tensor, things: Things) -> Map:
        return fit_ridge(x, y, things=things)
