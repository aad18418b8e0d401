"""What one training step computes: states and decodings, each made once and shared by losses."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from amodal.latents import Batch
from amodal.typing import Float
from amodal.workspace import Architecture, Weights, apply_heads, bound, decode, encode, fuse
from amodal.workspace.architecture import LOG_SCALE
from amodal.workspace.network import Dropout

Subset = tuple[str, ...]
Part = tuple[str, int]
"""What some of the rows of a network's input are, and how many."""
PartsDropout = Callable[[Sequence[Part]], Dropout]
"""From the parts that a network's rows consist of to the dropout of its hidden layers."""


@dataclass
class Step:
    """States and decodings of one batch. Decodings are raw: before the heads."""

    architecture: Architecture
    batch: Batch
    log_scale: Float[Tensor, " run"]
    """Logarithm of the learnt scale of contrastive cosines."""
    matched: dict[str, Float[Tensor, "run thing state"]] = field(default_factory=dict)
    """The state of each matched thing from one modality alone."""
    translated: dict[tuple[str, str], Float[Tensor, "run thing dim"]] = field(default_factory=dict)
    """(source, target): matched things of `source`, decoded as `target`."""
    restored: dict[str, Float[Tensor, "run batch dim"]] = field(default_factory=dict)
    """Unmatched rows, encoded and decoded in their own modality."""
    returned: dict[tuple[str, str], Float[Tensor, "run batch dim"]] = field(default_factory=dict)
    """(source, way): unmatched rows of `source`, through `way`, back in `source`."""
    broadcast: dict[tuple[Subset, str], Float[Tensor, "run thing dim"]] = field(
        default_factory=dict
    )
    """(subset, target): matched things seen through several modalities, decoded as `target`."""
    rebroadcast: dict[tuple[Subset, str], Float[Tensor, "run thing dim"]] = field(
        default_factory=dict
    )
    """(subset, target): the same through the modalities outside the subset, and back in it."""


def compute_step(
    weights: Weights,
    architecture: Architecture,
    batch: Batch,
    *,
    needs: Collection[str],
    cycle_flow: float = 1.0,
    dropout: PartsDropout | None = None,
) -> Step:
    """Encode every modality once, decode every modality once on all that must be decoded.

    Args:
        weights: views of a population's matrix.
        architecture: of the population.
        batch: the latents of this step.
        needs: which fields of `Step` the active losses read.
        cycle_flow: share of a cycle's gradient that reaches its first half.
        dropout: makes what is applied to hidden layers, from the parts of a network's rows.
    """
    step = Step(architecture, batch, weights[LOG_SCALE][:, 0, 0])
    names = architecture.names
    alone = _encode_all(weights, architecture, batch, dropout)
    step.matched = {name: bound(alone[name][0], architecture) for name in names}
    jobs: dict[str, dict[tuple, Tensor]] = {name: {} for name in names}
    if "translated" in needs:
        for source in names:
            for target in names:
                if source != target:
                    jobs[target]["translated", source] = step.matched[source]
    unmatched = {name: bound(alone[name][1], architecture) for name in batch.unmatched}
    for source in unmatched:
        if "restored" in needs:
            jobs[source]["restored", source] = unmatched[source]
        if "returned" in needs:
            for way in names:
                if way != source:
                    jobs[way]["outward", source] = unmatched[source]
    subsets = _subsets(names) if "broadcast" in needs else []
    for subset in subsets:
        state = _fused(alone, architecture, batch, subset)
        for target in names:
            jobs[target]["broadcast", subset] = state
    decoded = _decode_all(weights, architecture, jobs, dropout)
    for target, results in decoded.items():
        for (kind, origin), raw in results.items():
            if kind == "translated":
                step.translated[origin, target] = raw
            elif kind == "restored":
                step.restored[target] = raw
            elif kind == "broadcast":
                step.broadcast[origin, target] = raw
    if "returned" in needs:
        step.returned = _return(weights, architecture, decoded, cycle_flow, dropout)
    for subset in subsets:
        _rebroadcast(weights, step, subset, dropout)
    return step


def _encode_all(
    weights: Weights, architecture: Architecture, batch: Batch, dropout: PartsDropout | None
) -> dict[str, tuple[Tensor, ...]]:
    """Each modality's matched and unmatched contributions, by one call."""
    result = {}
    for name in architecture.names:
        parts = {"matched": batch.matched[name]}
        if batch.unmatched:
            parts["unmatched"] = batch.unmatched[name]
        drop = _dropout_of(parts, f"{name} encoder", dropout)
        joined = encode(
            weights, architecture, name, torch.cat(list(parts.values()), 1), dropout=drop
        )
        result[name] = joined.split([part.shape[1] for part in parts.values()], dim=1)
    return result


def _dropout_of(
    parts: dict[Any, Tensor], network: str, dropout: PartsDropout | None
) -> Dropout | None:
    """The dropout of a network whose rows are `parts` end to end; None without dropout."""
    if dropout is None:
        return None
    return dropout([(f"{network} {name}", rows.shape[1]) for name, rows in parts.items()])


def _decode_all(
    weights: Weights,
    architecture: Architecture,
    jobs: dict[str, dict[tuple, Tensor]],
    dropout: PartsDropout | None,
) -> dict[str, dict[tuple, Tensor]]:
    """Run each modality's decoder once on all the states that wait for it."""
    result = {}
    for name, waiting in jobs.items():
        if waiting:
            joined = torch.cat(list(waiting.values()), 1)
            drop = _dropout_of(waiting, f"{name} decoder", dropout)
            raw = decode(weights, architecture, name, joined, dropout=drop)
            parts = raw.split([state.shape[1] for state in waiting.values()], dim=1)
            result[name] = dict(zip(waiting, parts, strict=True))
    return result


def _return(
    weights: Weights,
    architecture: Architecture,
    decoded: dict[str, dict[tuple, Tensor]],
    cycle_flow: float,
    dropout: PartsDropout | None,
) -> dict[tuple[str, str], Tensor]:
    """Second half of the cycles: re-encode what was decoded elsewhere, decode at home.

    With all gradients through the whole cycle the first half learns to hide what the other
    modality does not say (a picture's texture, say) in small deviations of what it does say. With
    none (back-translation, Sennrich et al. 2016, arXiv 1511.06709) it only makes the examples:
    imperfect latents of the other modality, with the perfect ones to return to.
    """
    jobs: dict[str, dict[tuple, Tensor]] = {name: {} for name in architecture.names}
    for way, results in decoded.items():
        abroad = {origin: raw for (kind, origin), raw in results.items() if kind == "outward"}
        if not abroad:
            continue
        latents = apply_heads(torch.cat(list(abroad.values()), 1), architecture.specs[way])
        latents = cycle_flow * latents + (1 - cycle_flow) * latents.detach()
        drop = _dropout_of(abroad, f"{way} encoder outward", dropout)
        again = encode(weights, architecture, way, latents, dropout=drop)
        sizes = [raw.shape[1] for raw in abroad.values()]
        for source, state in zip(abroad, bound(again, architecture).split(sizes, 1), strict=True):
            jobs[source]["returned", way] = state
    home = _decode_all(weights, architecture, jobs, dropout)
    return {(name, way): raw for name in home for (_, way), raw in home[name].items()}


def _subsets(names: tuple[str, ...]) -> list[Subset]:
    """Sets of at least two modalities; single ones are what the other losses are about."""
    return [s for size in range(2, len(names) + 1) for s in combinations(names, size)]


def _fused(
    alone: dict[str, tuple[Tensor, ...]], architecture: Architecture, batch: Batch, subset: Subset
) -> Tensor:
    return fuse({name: alone[name][0] for name in subset}, architecture, present=batch.present)


def _rebroadcast(
    weights: Weights, step: Step, subset: Subset, dropout: PartsDropout | None
) -> None:
    """Decode the modalities outside `subset`, encode them again, decode those inside."""
    architecture = step.architecture
    absent = [name for name in architecture.names if name not in subset]
    if not absent:
        return
    again = {}
    for name in absent:
        latents = apply_heads(step.broadcast[subset, name], architecture.specs[name])
        drop = _dropout_of({subset: latents}, f"{name} encoder", dropout)
        again[name] = encode(weights, architecture, name, latents, dropout=drop)
    state = fuse(again, architecture)
    for name in subset:
        drop = _dropout_of({subset: state}, f"{name} decoder back", dropout)
        raw = decode(weights, architecture, name, state, dropout=drop)
        step.rebroadcast[subset, name] = raw
