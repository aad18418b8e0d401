"""How far decoded numbers are from latents: the modality's own loss L_m."""

import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.specification import LatentSpec
from amodal.typing import Float


def latent_error(
    raw: Float[Tensor, "run batch dim"],
    target: Float[Tensor, "run batch dim"],
    spec: LatentSpec,
    *,
    smoothing: float = 0.0,
) -> Float[Tensor, "run batch"]:
    """The loss of each row: its blocks' errors, weighted by their share of the columns.

    L(o, x) = sum over blocks b of (d_b / d) * l_b, where l_b is the mean squared error over the
    block's columns (continuous), the mean squared error between unit vectors (circular), or the
    cross-entropy in nats against the target probabilities (categorical).

    Args:
        raw: a decoder's output before the heads.
        target: latents, categorical blocks as probabilities.
        spec: the latent space.
        smoothing: mixes the target probabilities with the uniform ones, so that a few matches
            do not drive the logits to infinity.

    Example:
        >>> spec = LatentSpec.continuous(2)
        >>> latent_error(torch.tensor([[[1.0, 0.0]]]), torch.zeros(1, 1, 2), spec).item()
        0.5
    """
    total = torch.zeros(())
    for block, columns in spec.parts():
        part, goal = raw[..., columns], target[..., columns]
        if block.kind == "categorical":
            goal = goal * (1 - smoothing) + smoothing / block.size
            error = -(goal * part.log_softmax(-1)).sum(-1)
        elif block.kind == "circular":
            error = (F.normalize(part, dim=-1, eps=1e-6) - goal).square().mean(-1)
        else:
            error = (part - goal).square().mean(-1)
        total = total + error * (block.size / spec.dim)
    return total


def mean_over(
    errors: Float[Tensor, "run batch"], counted: Float[Tensor, "run batch"] | None = None
) -> Float[Tensor, " run"]:
    """Each run's mean over its rows; with `counted` (1 or 0 a row), over those that count.

    A run in which no row counts gets 0, not NaN: the loss then says nothing about it.
    """
    if counted is None:
        return errors.mean(1)
    return (errors * counted).sum(1) / counted.sum(1).clamp_min(1)
