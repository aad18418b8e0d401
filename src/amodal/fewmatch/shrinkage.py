"""Shrinking along singular directions, by the penalty of the lowest leave-one-out error."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.typing import Float, Int64

_BATCH = 1_000_000
"""Numbers that are computed at once, at most."""
# Multiples of the mean squared singular value of x, so that the grid fits any scale of latents:
# from hardly any shrinking to almost the mean alone, four to a decade.
PENALTIES: tuple[float, ...] = tuple(10.0 ** (step / 4) for step in range(-24, 17))


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
    together: list[Int64[Tensor, "_ _"]]
    """Rows that are left out together, groups of one size after another; single ones are not here.
    """


def shrink(
    left: Float[Tensor, "thing rank"],
    singular: Float[Tensor, " rank"],
    centred_y: Float[Tensor, "thing dim_y"],
    *,
    penalties: Sequence[float] = PENALTIES,
    groups: Sequence[slice] | None = None,
    things: Int64[np.ndarray, " thing"] | None = None,
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
        things: as in `fit_ridge`.

    Example:
        >>> left = torch.tensor([[-0.5], [0.5], [-0.5], [0.5]]).double()
        >>> shrunk = shrink(left, torch.ones(1).double(), 6 * left, penalties=[0.5, 0.1])
        >>> float(shrunk.penalty), round(float(shrunk.slopes), 3)
        (0.1, 5.455)
    """
    parts = _decompose(left, singular, centred_y, _together(things))
    dim = centred_y.shape[1]
    if len(singular) == 0:
        nothing = centred_y.new_full((dim,), math.inf)
        return Shrunk(parts.projected, nothing, _residuals(parts, torch.ones_like(nothing)))
    grid = torch.as_tensor(penalties, dtype=torch.float64) * singular.square().mean()
    # Small problems all at once: one call for each penalty would be most of their time.
    at_once = max(1, _BATCH // centred_y.numel())
    errors = [_residuals(parts, some[:, None]).square().mean(1) for some in grid.split(at_once)]
    penalty = grid[_choose(torch.cat(errors), column_groups(groups, dim))]
    slopes = singular[:, None] / (parts.squared[:, None] + penalty) * parts.projected
    return Shrunk(slopes, penalty, _residuals(parts, penalty))


def _decompose(
    left: Float[Tensor, "thing rank"],
    singular: Float[Tensor, " rank"],
    centred_y: Float[Tensor, "thing dim_y"],
    together: list[Int64[Tensor, "_ _"]],
) -> _Decomposition:
    projected = left.T @ centred_y
    free = 1 - 1 / len(left) - left.square().sum(1)
    return _Decomposition(
        left=left,
        squared=singular.square(),
        projected=projected,
        outside=centred_y - left @ projected,
        free_leverage=free.clamp(min=0),
        together=together,
    )


def _together(things: Int64[np.ndarray, " thing"] | None) -> list[Int64[Tensor, "_ _"]]:
    """Rows of the things that have several, by their number."""
    if things is None:
        return []
    sizes = np.bincount(things)
    if np.count_nonzero(sizes) < 2:
        return []  # Without the only thing nothing would be left.
    order, begins = np.argsort(things, kind="stable"), np.cumsum(sizes) - sizes
    found = []
    for size in np.unique(sizes[sizes > 1]):
        places = begins[sizes == size][:, None] + np.arange(size)
        found.append(torch.from_numpy(order[places]))
    return found


def _residuals(
    parts: _Decomposition, penalty: Float[Tensor, "*trial columns"]
) -> Float[Tensor, "*trial thing dim_y"]:
    """y minus its leave-one-out prediction, for one penalty a column or one for all."""
    # Written with what the penalty leaves, S^2 -> penalty / (S^2 + penalty), not with 1 - (...),
    # which would lose all digits where things are no more than dimensions.
    penalty = penalty[..., None, :]
    remains = penalty / (parts.squared[:, None] + penalty)
    off = parts.outside + parts.left @ (remains * parts.projected)
    found = off / (parts.free_leverage[:, None] + parts.left.square() @ remains)
    for rows in parts.together:
        _leave_out(parts, penalty[..., 0, :], off, found, rows)
    return found


def _leave_out(
    parts: _Decomposition, penalty: Tensor, off: Tensor, found: Tensor, rows: Tensor
) -> None:
    """Groups of rows left out together, into `found`: e_g = (I - H_gg)^(-1) (y - H y)_g."""
    # H_gg = U diag(c) U^T, U the group's rows beside a constant: where a thing has more rows than
    # there are directions, the smaller system is solved (Woodbury's identity).
    left = parts.left[rows]
    constant = left.new_full((*rows.shape, 1), len(parts.left) ** -0.5)
    basis = torch.cat([constant, left], 2)
    large = rows.shape[1] > basis.shape[2]
    one = torch.eye(min(rows.shape[1], basis.shape[2]), dtype=left.dtype)
    outside = (basis.mT @ basis) if large else one - basis @ basis.mT
    trials = zip(
        penalty.reshape(-1, penalty.shape[-1]),
        off.view(-1, *off.shape[-2:]),
        found.view(-1, *off.shape[-2:]),
        strict=True,
    )
    for own, before, after in trials:
        for value in own.unique():
            columns = (own == value).expand(before.shape[1]).nonzero()[:, 0]
            right = before[rows][..., columns]
            if large:
                # 1 / c of the constant is 1, of a direction 1 + penalty / S^2.
                inverse = 1 + torch.cat([value.new_zeros(1), value / parts.squared])
                inner = torch.diag(inverse + 1e-12) - outside
                solved = right + basis @ torch.linalg.solve(inner, basis.mT @ right)
            else:
                free = outside + (left * (value / (parts.squared + value))) @ left.mT
                solved = torch.linalg.solve(free + 1e-12 * one, right)
            after[rows[..., None], columns] = solved


def _choose(errors: Float[Tensor, "penalty dim_y"], groups: list[list[int]]) -> Tensor:
    """The index of the penalty of each column: the lowest error summed over its group."""
    chosen = torch.zeros(errors.shape[1], dtype=torch.long)
    for columns in groups:
        chosen[columns] = errors[:, columns].sum(1).argmin()
    return chosen


def column_groups(groups: Sequence[slice] | None, dim: int) -> list[list[int]]:
    """Columns by group; those that no slice covers form one more.

    Raises:
        InputError: two groups share a column.

    Example:
        >>> column_groups([slice(0, 2)], 4)
        [[0, 1], [2, 3]]
    """
    named = [list(range(dim))[columns] for columns in groups or ()]
    flat = [column for columns in named for column in columns]
    if len(set(flat)) != len(flat):
        raise InputError("the groups of columns overlap: give each column to one group at most")
    rest = [column for column in range(dim) if column not in set(flat)]
    return [columns for columns in [*named, rest] if columns]
