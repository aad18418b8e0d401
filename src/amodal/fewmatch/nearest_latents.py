"""Plain predictions of numbers, brought to the nearest latents that a space allows."""

import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.specification import LatentSpec
from amodal.typing import Float


def nearest_latents(answer: Float[Tensor, "row dim"], spec: LatentSpec) -> Float[Tensor, "row dim"]:
    """Plain predictions as latents: the nearest probabilities, unit vectors.

    Example:
        >>> from amodal.specification import Block
        >>> spec = LatentSpec((Block("kind", "categorical", 2), Block("turn", "circular", 2)))
        >>> nearest_latents(torch.tensor([[1.5, 0.1, 3.0, 4.0]]), spec).tolist()
        [[1.0, 0.0, 0.6000000238418579, 0.800000011920929]]
    """
    parts = []
    for block, columns in spec.parts():
        part = answer[:, columns]
        if block.kind == "categorical":
            part = nearest_probabilities(part)
        elif block.kind == "circular":
            part = F.normalize(part, dim=-1, eps=1e-6)
        parts.append(part)
    return torch.cat(parts, 1)


def nearest_probabilities(rows: Float[Tensor, "row dim"]) -> Float[Tensor, "row dim"]:
    """The nearest point, in squares, whose numbers are >= 0 and add up to 1 (Duchi et al. 2008)."""
    ordered = rows.sort(1, descending=True).values
    count = torch.arange(1, rows.shape[1] + 1)
    over = (ordered.cumsum(1) - 1) / count
    kept = (ordered > over).sum(1, keepdim=True)
    return (rows - over.gather(1, kept - 1)).clamp_min(0)
