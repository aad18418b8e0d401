"""Symmetric InfoNCE between the states of the two sides of each match."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from amodal.typing import Bool, Float, Int64

LARGEST = 80.0
"""Up to this scale no exponential of a score is too small or too large for 32 bits."""


def same_thing(things: Int64[Tensor, "run thing"]) -> Bool[Tensor, "run thing thing"]:
    """Which pairs of a batch are the same thing, and so are no wrong answers.

    One image with two captions is two matches of one thing, also where a third modality is
    compared. The diagonal is left out: it is the right answer.

    Example:
        >>> same_thing(torch.tensor([[4, 4, 1]]))[0].int().tolist()
        [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """
    same = things[:, :, None] == things[:, None, :]
    return same & ~torch.eye(things.shape[1], dtype=torch.bool)


def contrastive(
    first: Float[Tensor, "run thing state"],
    second: Float[Tensor, "run thing state"],
    *,
    scale: Float[Tensor, " run"],
    counted: Float[Tensor, "run thing"] | None = None,
    same: Bool[Tensor, "run thing thing"] | None = None,
) -> Float[Tensor, " run"]:
    """The mean cross-entropy of finding each thing's other side among the batch, both ways.

    With s_ij = scale * cos(z_i, z'_j): the mean over i of
    (logsumexp_j s_ij - s_ii + logsumexp_j s_ji - s_ii) / 2, over things that count.

    Radford et al. 2021, "Learning transferable visual models from natural language supervision"
    (CLIP, arXiv 2103.00020), whose scale starts at 1 / 0.07.

    No score is beyond the scale, so that one table of exponentials, without any maximum taken off,
    serves both ways, and the gradient too.

    Args:
        first: states encoded from one modality.
        second: states of the same things from the other.
        scale: what the cosines are multiplied with, for each run.
        counted: 1 where the thing is seen in both modalities, else 0; all where left out.
        same: pairs that are the same thing though not the same match; never wrong answers.
    """
    one, other = F.normalize(first, dim=-1), F.normalize(second, dim=-1)
    share = torch.full(first.shape[:2], 1 / max(1, first.shape[1]))
    if counted is not None:
        share = counted / counted.sum(1, keepdim=True).clamp_min(1)
    wrong = _no_rivals(counted, same)
    if float(scale.detach().max()) <= LARGEST:
        return _OneTable.apply(one, other, scale, share, wrong)
    scores = (one * scale[:, None, None]) @ other.transpose(1, 2)
    right = scores.diagonal(dim1=1, dim2=2)
    if wrong is not None:
        scores = scores.masked_fill(wrong, -torch.inf)
    return (((scores.logsumexp(2) + scores.logsumexp(1)) / 2 - right) * share).sum(1)


class _OneTable(torch.autograd.Function):
    """The loss between unit vectors x and y, and its gradient, from one table of exponentials.

    With t_ij = exp(s_ij), its row sums r and column sums c, and the share p_i of each
    thing: dL/ds_ij = t_ij (p_i / 2r_i + p_j / 2c_j) - p_i [i = j]. The sums over j with which this
    reaches x, and those over i for y, are products of the table with weighted states. Left to
    autograd, a table more would be written and read for every operation.
    """

    @staticmethod
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any,
        one: Float[Tensor, "run thing state"],
        other: Float[Tensor, "run thing state"],
        scale: Float[Tensor, " run"],
        share: Float[Tensor, "run thing"],
        wrong: Bool[Tensor, "run thing thing"] | None,
    ) -> Float[Tensor, " run"]:
        factor = (scale / math.log(2))[:, None, None]
        # Powers of two: torch's exponential takes four times as long.
        table = torch.bmm(one * factor, other.transpose(1, 2)).exp2_()
        if wrong is not None:
            table.masked_fill_(wrong, 0)
        rows, columns = table.sum(2), table.sum(1)
        right = (one * other).sum(-1) * scale[:, None]
        ctx.save_for_backward(one, other, scale, share, table, rows, columns)
        return (((rows.log() + columns.log()) / 2 - right) * share).sum(1)

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]
        ctx: Any, upstream: Float[Tensor, " run"]
    ) -> tuple[Tensor | None, ...]:
        one, other, scale, share, table, rows, columns = ctx.saved_tensors
        of_row, of_column = ((share / (2 * sums))[..., None] for sums in (rows, columns))
        share = share[..., None]

        def pulled(table: Tensor, far: Tensor, own: Tensor, its: Tensor) -> Tensor:
            far_sum, weighted = (table @ torch.cat([far, far * its], -1)).chunk(2, -1)
            return own * far_sum + weighted - share * far

        for_one = pulled(table, other, of_row, of_column)
        for_other = pulled(table.transpose(1, 2), one, of_column, of_row)
        for_scale = (one * for_one).sum((1, 2)) * upstream
        factor = (scale * upstream)[:, None, None]
        return for_one * factor, for_other * factor, for_scale, None, None


def _no_rivals(
    counted: Float[Tensor, "run thing"] | None, same: Bool[Tensor, "run thing thing"] | None
) -> Bool[Tensor, "run thing thing"] | None:
    """The pairs off the diagonal that no sum may hold; None where there are none."""
    if counted is None:
        return same
    absent = counted[:, :, None] * counted[:, None, :] == 0
    wrong = absent if same is None else absent | same
    return wrong & ~torch.eye(counted.shape[1], dtype=torch.bool)
