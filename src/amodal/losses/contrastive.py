"""Symmetric InfoNCE between the states of the two sides of each match."""

import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.typing import Bool, Float, Int64


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
    counted: Float[Tensor, "run thing"],
    same: Bool[Tensor, "run thing thing"],
    scale: Float[Tensor, " run"],
) -> Float[Tensor, " run"]:
    """The mean cross-entropy of finding each thing's other side among the batch, both ways.

    With s_ij = scale * cos(z_i, z'_j): the mean over i of
    (logsumexp_j s_ij - s_ii + logsumexp_j s_ji - s_ii) / 2, over things that count.

    Radford et al. 2021, "Learning transferable visual models from natural language supervision"
    (CLIP, arXiv 2103.00020), whose scale starts at 1 / 0.07.

    Args:
        first: states encoded from one modality.
        second: states of the same things from the other.
        counted: 1 where the thing is seen in both modalities, else 0.
        same: pairs that are the same thing though not the same match; never wrong answers.
        scale: what the cosines are multiplied with, for each run.
    """
    cosine = torch.bmm(F.normalize(first, dim=-1), F.normalize(second, dim=-1).transpose(1, 2))
    scores = cosine * scale[:, None, None]
    absent = counted[:, :, None] * counted[:, None, :] == 0
    scores = scores.masked_fill((absent | same) & ~_diagonal(scores), -1e9)
    right = scores.diagonal(dim1=1, dim2=2)
    loss = (scores.logsumexp(2) + scores.logsumexp(1)) / 2 - right
    return (loss * counted).sum(1) / counted.sum(1).clamp_min(1)


def _diagonal(scores: Tensor) -> Tensor:
    return torch.eye(scores.shape[1], dtype=torch.bool)
