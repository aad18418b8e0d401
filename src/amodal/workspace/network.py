"""Encoders, decoders and fusion, for all runs of a population at once."""

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.workspace.architecture import Architecture
from amodal.workspace.population import Weights

Dropout = Callable[[Tensor], Tensor]


def encode(
    weights: Weights,
    architecture: Architecture,
    name: str,
    latents: Float[Tensor, "run batch dim"],
    *,
    dropout: Dropout | None = None,
) -> Float[Tensor, "run batch state"]:
    """One modality's contribution to the state, e_m(x): a linear path plus a small network."""
    return _apply(weights, architecture, f"{name}.encoder", latents, dropout)


def decode(
    weights: Weights,
    architecture: Architecture,
    name: str,
    states: Float[Tensor, "run batch state"],
    *,
    dropout: Dropout | None = None,
) -> Float[Tensor, "run batch dim"]:
    """What one modality reads from the state, g_m(z), before the heads: logits, not latents."""
    return _apply(weights, architecture, f"{name}.decoder", states, dropout)


def fuse(
    contributions: Mapping[str, Float[Tensor, "run batch state"]],
    architecture: Architecture,
    *,
    present: Mapping[str, Float[Tensor, "run batch"]] | None = None,
) -> Float[Tensor, "run batch state"]:
    """The workspace state z = bound(sum over modalities of a_m e_m(x_m)), the a_m adding up to 1.

    Each row weighs the modalities that it has alike; with a single one, a_m = 1.

    Args:
        contributions: e_m(x_m) of each modality.
        architecture: says whether the state is bounded by tanh.
        present: 1 where a row has the modality, 0 where not; all present when left out.
    """
    if present is None:
        total = torch.stack(list(contributions.values())).mean(0)
    else:
        count = torch.stack([present[name] for name in contributions]).sum(0).clamp_min(1)
        total = sum(
            (part * (present[name] / count)[..., None] for name, part in contributions.items()),
            start=torch.zeros(()),
        )
    return bound(total, architecture)


def bound(state: Tensor, architecture: Architecture) -> Tensor:
    """tanh where the architecture asks for it."""
    return torch.tanh(state) if architecture.bounded else state


def apply_heads(raw: Float[Tensor, "*lead dim"], spec: LatentSpec) -> Float[Tensor, "*lead dim"]:
    """Turn a decoder's raw numbers into latents: softmax, unit vectors, or as they are.

    Example:
        >>> from amodal.specification import Block
        >>> spec = LatentSpec((Block("kind", "categorical", 2), Block("turn", "circular", 2)))
        >>> apply_heads(torch.tensor([[0.0, 0.0, 3.0, 4.0]]), spec).tolist()
        [[0.5, 0.5, 0.6000000238418579, 0.800000011920929]]
    """
    if all(block.kind == "continuous" for block in spec.blocks):
        return raw
    parts = []
    for block, columns in spec.parts():
        part = raw[..., columns]
        if block.kind == "categorical":
            part = part.log_softmax(-1).exp()  # a softmax over few classes is far slower
        elif block.kind == "circular":
            part = F.normalize(part, dim=-1, eps=1e-6)
        parts.append(part)
    return torch.cat(parts, -1)


def _apply(
    weights: Weights, architecture: Architecture, prefix: str, x: Tensor, dropout: Dropout | None
) -> Tensor:
    """x L + out(act(... act(x W0 + b0) ...)) + bias, for every run by one product a layer.

    The network beside the linear path computes in the type of its weights, which may be a short
    one; the sum and the linear path stay as they are.
    """
    total = weights[f"{prefix}.bias"]
    if architecture.linear:
        total = torch.baddbmm(total, x, weights[f"{prefix}.linear"])
    if architecture.hidden:
        # ReLU's gradient needs its output only, so that it can take the place of its input.
        activation = F.silu if architecture.activation == "silu" else torch.relu_
        out = weights[f"{prefix}.out"]
        x = x.to(out.dtype)
        for layer in range(architecture.layers):
            bias, weight = weights[f"{prefix}.bias{layer}"], weights[f"{prefix}.weight{layer}"]
            x = activation(torch.baddbmm(bias, x, weight))
            x = dropout(x) if dropout is not None else x
        if out.dtype != total.dtype:
            return total + torch.bmm(x, out)
        total = torch.baddbmm(total, x, out)
    return total
