"""Symmetric InfoNCE between the states of the two sides of each match."""

import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.typing import Bool, Float, Int64

LARGEST = 40.0
"""Up to this scale no exponential of a score is too small for 32 bits."""


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

    No score is above the scale. So it is taken off all of them, in place of each sum's own maximum,
    and one table of exponentials serves both ways.

    Args:
        first: states encoded from one modality.
        second: states of the same things from the other.
        scale: what the cosines are multiplied with, for each run.
        counted: 1 where the thing is seen in both modalities, else 0; all where left out.
        same: pairs that are the same thing though not the same match; never wrong answers.
    """
    factor = scale[:, None, None]
    scaled, other = F.normalize(first, dim=-1) * factor, F.normalize(second, dim=-1)
    scores = torch.baddbmm(-factor, scaled, other.transpose(1, 2))
    right = scores.diagonal(dim1=1, dim2=2)
    wrong = _no_rivals(counted, same)
    if wrong is not None:
        scores = scores.masked_fill(wrong, -torch.inf)
    loss = _rivals(scores, scale) / 2 - right
    if counted is None:
        return loss.mean(1)
    return (loss * counted).sum(1) / counted.sum(1).clamp_min(1)


def _rivals(
    scores: Float[Tensor, "run thing thing"], scale: Float[Tensor, " run"]
) -> Float[Tensor, "run thing"]:
    """logsumexp over rows plus that over columns, of scores between -2 * scale and 0."""
    if float(scale.detach().max()) > LARGEST:
        return scores.logsumexp(2) + scores.logsumexp(1)
    weights = scores.exp()
    return weights.sum(2).log() + weights.sum(1).log()


def _no_rivals(
    counted: Float[Tensor, "run thing"] | None, same: Bool[Tensor, "run thing thing"] | None
) -> Bool[Tensor, "run thing thing"] | None:
    """The pairs off the diagonal that no sum may hold; None where there are none."""
    if counted is None:
        return same
    absent = counted[:, :, None] * counted[:, None, :] == 0
    wrong = absent if same is None else absent | same
    return wrong & ~torch.eye(counted.shape[1], dtype=torch.bool)
