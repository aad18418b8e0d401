"""Ridge regression from few matches, in closed form, its penalty chosen by leaving one out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.typing import Float

# Multiples of the mean squared singular value of x, so that the grid fits any scale of latents:
# from hardly any shrinking to almost the mean alone, four to a decade.
PENALTIES: tuple[float, ...] = tuple(10.0 ** (step / 4) for step in range(-24, 17))


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


@dataclass(frozen=True)
class Shrunk:
    """Centred answers shrunk along the singular directions of what is given (float64)."""

    slopes: Float[Tensor, "rank dim_y"]
    """S / (S^2 + penalty) U^T y."""
    penalty: Float[Tensor, " dim_y"]
    """The penalty chosen for each column."""
    residuals: Float[Tensor, "thing dim_y"]
    """y minus its leave-one-out prediction."""


@dataclass(frozen=True)
class _Decomposition:
    left: Float[Tensor, "thing rank"]
    squared: Float[Tensor, " rank"]
    projected: Float[Tensor, "rank dim_y"]
    outside: Float[Tensor, "thing dim_y"]
    free_leverage: Float[Tensor, " thing"]


def fit_ridge(
    x: Float[Tensor, "thing dim_x"],
    y: Float[Tensor, "answer dim_y"],
    *,
    penalties: Sequence[float] = PENALTIES,
    groups: Sequence[slice] | None = None,
) -> RidgeMap:
    r"""Fit y from x by ridge regression, every penalty judged by exact leave-one-out error.

    Minimises ||y - x W - b||^2 + penalty ||W||^2, b unpenalised. With the centred x = U S V^T and
    H = 1/n + U S^2 / (S^2 + penalty) U^T, the error of thing i when it is left out is
    (y - H y)_i / (1 - H_ii): one decomposition serves all penalties and all things
    (Allen 1974, PRESS, doi:10.1080/00401706.1974.10489157).

    All computation is in float64; the result has the type of `x`. With as many dimensions as
    things or more, the thin decomposition is that of the dual form. One thing gives its own y as
    the constant answer, and a leave-one-out prediction of 0 (nothing is known without it).

    Args:
        x: what is given, one row a thing.
        y: what is to be told, row for row (as many answers as things).
        penalties: the grid, in multiples of the mean squared singular value of the centred x.
        groups: slices of columns of y that choose their own penalty; all columns together by
            default. Columns that no slice covers form one more group.

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
    shrunk = shrink(left, singular, centred_y, penalties=penalties, groups=groups)
    weight = right.T @ shrunk.slopes
    return RidgeMap(
        weight=weight.to(x.dtype),
        bias=(y.double().mean(0) - x.double().mean(0) @ weight).to(x.dtype),
        penalty=shrunk.penalty.to(x.dtype),
        loo_error=shrunk.residuals.square().mean(0).to(x.dtype),
        loo_predictions=(y.double() - shrunk.residuals).to(x.dtype),
    )


def shrink(
    left: Float[Tensor, "thing rank"],
    singular: Float[Tensor, " rank"],
    centred_y: Float[Tensor, "thing dim_y"],
    *,
    penalties: Sequence[float] = PENALTIES,
    groups: Sequence[slice] | None = None,
) -> Shrunk:
    """Choose the penalties of ridge regression, given the decomposition of the centred x.

    The part of `fit_ridge` that other closed forms share: the square roots of the eigenvalues of
    a centred kernel may stand for the singular values.

    Args:
        left: the left singular vectors of the centred x, of its non-zero singular values only.
        singular: these singular values.
        centred_y: the centred answers.
        penalties: as in `fit_ridge`.
        groups: as in `fit_ridge`.
    """
    parts = _decompose(left, singular, centred_y)
    dim = centred_y.shape[1]
    if len(singular) == 0:
        nothing = centred_y.new_full((dim,), math.inf)
        return Shrunk(parts.projected, nothing, _residuals(parts, torch.ones_like(nothing)))
    grid = torch.as_tensor(penalties, dtype=torch.float64) * singular.square().mean()
    errors = [_residuals(parts, value[None]).square().mean(0) for value in grid]
    penalty = grid[_choose(torch.stack(errors), _all_groups(groups, dim))]
    slopes = singular[:, None] / (parts.squared[:, None] + penalty) * parts.projected
    return Shrunk(slopes, penalty, _residuals(parts, penalty))


def _decompose(
    left: Float[Tensor, "thing rank"],
    singular: Float[Tensor, " rank"],
    centred_y: Float[Tensor, "thing dim_y"],
) -> _Decomposition:
    projected = left.T @ centred_y
    free = 1 - 1 / len(left) - left.square().sum(1)
    return _Decomposition(
        left=left,
        squared=singular.square(),
        projected=projected,
        outside=centred_y - left @ projected,
        free_leverage=free.clamp(min=0),
    )


def _residuals(
    parts: _Decomposition, penalty: Float[Tensor, " columns"]
) -> Float[Tensor, "thing dim_y"]:
    """y minus its leave-one-out prediction, for one penalty a column or one for all."""
    # Written with what the penalty leaves, S^2 -> penalty / (S^2 + penalty), not with 1 - (...),
    # which would lose all digits where things are no more than dimensions.
    remains = penalty / (parts.squared[:, None] + penalty)
    numerator = parts.outside + parts.left @ (remains * parts.projected)
    return numerator / (parts.free_leverage[:, None] + parts.left.square() @ remains)


def _choose(errors: Float[Tensor, "penalty dim_y"], groups: list[list[int]]) -> Tensor:
    """The index of the penalty of each column: the lowest error summed over its group."""
    chosen = torch.zeros(errors.shape[1], dtype=torch.long)
    for columns in groups:
        chosen[columns] = errors[:, columns].sum(1).argmin()
    return chosen


def _all_groups(groups: Sequence[slice] | None, dim: int) -> list[list[int]]:
    named = [list(range(dim))[columns] for columns in groups or ()]
    flat = [column for columns in named for column in columns]
    if len(set(flat)) != len(flat):
        raise InputError("the groups of columns overlap: give each column to one group at most")
    rest = [column for column in range(dim) if column not in set(flat)]
    return [columns for columns in [*named, rest] if columns]


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
