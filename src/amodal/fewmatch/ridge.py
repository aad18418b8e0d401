"""Ridge regression from few matches, in closed form, its penalty chosen by leaving one out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.fewmatch.shrinkage import PENALTIES, shrink
from amodal.typing import Float, Int64


@dataclass(frozen=True)
class RidgeMap:
    """A fitted affine map y = x weight + bias, with what leaving one thing out said about it."""

    weight: Float[Tensor, "dim_x dim_y"]
    """Slopes."""
    bias: Float[Tensor, " dim_y"]
    """Intercepts."""
    penalty: Float[Tensor, " dim_y"]
    """The penalty on the squared slopes of each column; infinite where only the mean is used."""
    loo_error: Float[Tensor, " dim_y"]
    """Mean squared leave-one-out error of each column."""
    loo_predictions: Float[Tensor, "thing dim_y"]
    """What the map fitted on all other things says of each thing."""

    def __call__(self, x: Float[Tensor, "row dim_x"]) -> Float[Tensor, "row dim_y"]:
        """Predict y for rows of x."""
        return x @ self.weight + self.bias


def fit_ridge(
    x: Float[Tensor, "thing dim_x"],
    y: Float[Tensor, "answer dim_y"],
    *,
    penalties: Sequence[float] = PENALTIES,
    groups: Sequence[slice] | None = None,
    things: Int64[np.ndarray, " thing"] | None = None,
) -> RidgeMap:
    r"""Fit y from x by ridge regression, every penalty judged by exact leave-one-out error.

    Minimises ||y - x W - b||^2 + penalty ||W||^2, b unpenalised. With the centred x = U S V^T and
    H = 1/n + U S^2 / (S^2 + penalty) U^T, the error of thing i when it is left out is
    (y - H y)_i / (1 - H_ii): one decomposition serves all penalties and all things
    (Allen 1974, PRESS, doi:10.1080/00401706.1974.10489157). Rows of one thing, as captions of a
    picture are, are left out together: (I - H_gg)^(-1) (y - H y)_g. A caption whose fellows stay is
    told by them, and hardly shrinking would seem best.

    All computation is in float64; the result has the type of `x`. With as many dimensions as
    things or more, the thin decomposition is that of the dual form. One thing gives its own y as
    the constant answer, and a leave-one-out prediction of 0 (nothing is known without it).

    Args:
        x: what is given, one row a thing.
        y: what is to be told, row for row (as many answers as things).
        penalties: the grid, in multiples of the mean squared singular value of the centred x.
        groups: slices of columns of y that choose their own penalty; all columns together by
            default. Columns that no slice covers form one more group.
        things: the number of each row's thing; each row is a thing by default.

    Returns:
        The map, with the penalty chosen, leave-one-out errors and predictions.

    Raises:
        InputError: no rows, unequal rows, numbers that are not finite, unusable penalties.

    Example:
        >>> x = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
        >>> fitted = fit_ridge(x, 2 * x + 1)
        >>> fitted(torch.tensor([[10.0]])).round(decimals=2)
        tensor([[21.]])
    """
    _check(x, y, penalties)
    if len(x) == 1:
        return _single(x, y)
    centred_x, centred_y = x.double() - x.double().mean(0), y.double() - y.double().mean(0)
    left, singular, right = torch.linalg.svd(centred_x, full_matrices=False)
    # Directions of rounding size carry nothing; their left vectors need not even be centred.
    kept = singular > max(x.shape) * torch.finfo(torch.float64).eps * x.double().abs().max()
    left, singular, right = left[:, kept], singular[kept], right[kept]
    shrunk = shrink(left, singular, centred_y, penalties=penalties, groups=groups, things=things)
    weight = right.T @ shrunk.slopes
    return RidgeMap(
        weight=weight.to(x.dtype),
        bias=(y.double().mean(0) - x.double().mean(0) @ weight).to(x.dtype),
        penalty=shrunk.penalty.to(x.dtype),
        loo_error=shrunk.residuals.square().mean(0).to(x.dtype),
        loo_predictions=(y.double() - shrunk.residuals).to(x.dtype),
    )


def _single(x: Float[Tensor, "one dim_x"], y: Float[Tensor, "one dim_y"]) -> RidgeMap:
    answer = y[0].to(x.dtype)
    return RidgeMap(
        weight=x.new_zeros(x.shape[1], y.shape[1]),
        bias=answer,
        penalty=torch.full_like(answer, math.inf),
        loo_error=answer.square(),
        loo_predictions=torch.zeros_like(answer)[None],
    )


def _check(x: Tensor, y: Tensor, penalties: Sequence[float]) -> None:
    if len(x) != len(y) or len(x) == 0:
        raise InputError(
            f"ridge needs the same number of rows of x and y, at least 1, got {len(x)} and {len(y)}"
        )
    for name, rows in (("x", x), ("y", y)):
        finite = torch.isfinite(rows).all(1)
        if not finite.all():
            first = int((~finite).nonzero()[0])
            raise InputError(f"row {first} of {name} holds NaN or infinite numbers: leave it out")
    if not len(penalties) or not all(0 < value < math.inf for value in penalties):
        raise InputError("ridge needs at least one penalty, all of them positive and finite")
