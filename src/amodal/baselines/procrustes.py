"""Orthogonal Procrustes baseline: one space is the other, turned and scaled."""

import torch
from torch import Tensor

from amodal.baselines.base import Baseline, Map, Things


class Procrustes(Baseline):
    r"""Translate by the rotation that brings the matches of two modalities together.

    With the centred matches X, Y and X^T Y = U S V^T: y = s (x - mean) U V^T + mean, where
    s = sum(S) / ||X U||^2 (Schönemann 1966, doi:10.1007/BF02289451). Directions that the matches
    do not determine, and those that the smaller space lacks, are mapped to the mean. It has the
    fewest freedoms, and so does best with a handful of matches of alike spaces.

    Example:
        >>> import numpy as np
        >>> first = np.random.default_rng(0).normal(size=(30, 2))
        >>> second = 3 * first @ np.array([[0.0, 1.0], [-1.0, 0.0]])
        >>> model = Procrustes().fit(
        ...     {"a": first, "b": second}, matches={"a": [0, 1, 2, 3], "b": [0, 1, 2, 3]}
        ... )
        >>> bool(np.abs(model.translate(first, "a", "b") - second).max() < 1e-4)
        True
    """

    def _fit_map(self, x: Tensor, y: Tensor, things: Things) -> Map:
        centre_x, centre_y = x.mean(0), y.mean(0)
        left, singular, right = torch.linalg.svd(
            (x - centre_x).T @ (y - centre_y), full_matrices=False
        )
        # At most things - 1 directions are seen; the rest of the decomposition is arbitrary.
        kept = singular > 1e-9 * (x.norm() * y.norm() + 1e-300)
        left, singular, right = left[:, kept], singular[kept], right[kept]
        spread = ((x - centre_x) @ left).square().sum()
        scale = singular.sum() / torch.where(spread > 0, spread, 1.0)
        turn = scale * left @ right
        return lambda rows: (rows - centre_x) @ turn + centre_y
