"""What the likeness of two modalities is made of, by where held-out matches stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from amodal.fewmatch.alignment_choice import within_error
from amodal.latents import evenly
from amodal.model.aligning import spread_out
from amodal.model.judging import Judged
from amodal.model.residuals import residuals_of
from amodal.model.retrieval_vectors import (
    AlignedDirections,
    likeness_of,
    mixed_in,
    parts_of,
    weighed,
)
from amodal.model.trial_runs import TrialRuns
from amodal.typing import Float, Int64

Pair = tuple[str, str]
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the alignment's cosine, that are tried."""
BESIDE = 1_000
"""Unmatched rows that a held-out match has to be found among, at most."""
FEW_RESIDUALS = 0.5
"""Things for each column, below which the metric that they give flatters held-out matches: all of
them taught the runs whose answers it is learnt from, so that it forgets what sets each of them
apart, and not what sets unmatched rows apart. Then plain cosines stand for the translations'."""
MOST_QUERIES = 1_000
"""Held-out matches of a fold that are looked for, at most."""


@dataclass(frozen=True)
class Chosen:
    """What makes up the likeness of two modalities beside their translations."""

    directions: bool = True
    """Whether the shared directions take part."""
    share: float = 0.0
    """Of the cosine in an alignment's directions."""


def choose_likeness(
    trial: TrialRuns, judged: Judged, *, pair: Pair, free: Mapping[str, np.ndarray]
) -> Chosen:
    """The largest share of an alignment's cosine that held-out matches do not speak against, and
    whether the shared directions help beside it.

    Each fold's answerers search its held-out matches among one another and unmatched rows, both
    ways: see `most_within_error`. With few matches for each column (`FEW_RESIDUALS`) translations
    are compared by plain cosines here, though not afterwards.

    Args:
        trial: who answers.
        judged: what held-out matches said of the translations.
        pair: the two modalities.
        free: rows of each modality that are in no match.
    """
    logarithms = [
        _log_ranks(trial, index, judged, pair, held[evenly(len(held), MOST_QUERIES)], free)
        for index, run in trial.folds.items()
        # The alignment must have a match of the two left to learn from.
        if len(held := trial.pairs(run.held_out, pair)) and len(trial.pairs(run.things, pair))
    ]
    return most_within_error(torch.cat(logarithms, 2)) if logarithms else Chosen()


def most_within_error(logarithms: Float[Tensor, "directions share rank"]) -> Chosen:
    """The largest of `SHARES` whose mean logarithm of the rank is within an error of the lowest.

    The error is that of `within_error`; a match's two searches count as two. The alignment has
    fewer settings than the networks: where a handful of matches cannot tell, it is the safer one.
    Where all shares find the same, nothing speaks for it.

    Args:
        logarithms: with the shared directions, and, where that was tried, without; each share.

    Example:
        >>> ranks = [[1.0, 2.0], [0.9, 2.1], [1.2, 1.8], [3, 3], [3, 3]]
        >>> most_within_error(torch.tensor([ranks])).share
        0.5
    """
    every = logarithms.flatten(0, 1)
    if (every == every[0]).all():
        return Chosen()
    within = within_error(every).view(logarithms.shape[:2]).any(0)
    place = int(within.nonzero().max())
    return Chosen(bool(logarithms[:, place].mean(1).argmin() == 0), SHARES[place])


def _log_ranks(
    trial: TrialRuns,
    index: int,
    judged: Judged,
    pair: Pair,
    held: np.ndarray,
    free: Mapping[str, np.ndarray],
) -> Float[Tensor, "directions share rank"]:
    """log(1 + wrong answers before the right one), for each likeness, each thing and way."""
    run, forms = trial.runs[index], trial.forms
    latents, table = trial.latents, trial.table
    ensemble = trial.ensemble(index, judged.shares)
    # Where the fit will have no metric, there is none here.
    both = (pair, (pair[1], pair[0]))
    trusted = {way: judged.shares[way] for way in both if way in judged.trust}
    residuals = residuals_of(judged, trusted, forms.specs, thing=trial.thing, without=run.held_out)
    first, second = (latents[name] for name in pair)
    likeness = likeness_of(ensemble, first, second, names=pair, residuals=residuals)
    if any(own.count < FEW_RESIDUALS * own.off.shape[1] for own in residuals.values()):
        one, two = (torch.ones(rows.shape[1]) for rows in (first, second))
        likeness = replace(likeness, first_metric=one, second_metric=two)
    found = None
    if forms.aligner is not None:
        found = AlignedDirections.of(forms.aligned(run.things), pair, 0.0)
    numbers = {
        name: np.concatenate([table.column(name)[held], spread_out(free[name], BESIDE)])
        for name in pair
    }
    thing = torch.from_numpy(trial.thing[held])
    sides = []
    for name, other in both:
        rows = latents[name][torch.from_numpy(numbers[name])]
        in_first = name == pair[0]
        parts = parts_of(ensemble, rows, name=name, other=other, likeness=likeness, first=in_first)
        sides.append((parts, rows))
    weights = (likeness.weight, torch.tensor(0.0)) if trusted else (likeness.weight,)
    logarithms = [
        _by_share([(weighed(parts, weight), rows) for parts, rows in sides], found, thing)
        for weight in weights
    ]
    return torch.stack(logarithms)


def _by_share(
    sides: Sequence[tuple[Tensor, Tensor]],
    aligned: AlignedDirections | None,
    thing: Int64[Tensor, " held"],
) -> Float[Tensor, "share rank"]:
    """By each share of an alignment; without one, by none.

    Args:
        sides: vectors, and the rows that they are of, of both modalities.
        aligned: the directions.
        thing: of each held-out match.
    """
    found = []
    for share in SHARES if aligned is not None else SHARES[:1]:
        first, second = (vectors for vectors, _ in sides)
        if aligned is not None:
            some = replace(aligned, share=torch.tensor(share))
            first, second = (
                mixed_in(vectors, rows, some, first=place == 0)
                for place, (vectors, rows) in enumerate(sides)
            )
        found.append(torch.cat([_ranks(first, second, thing), _ranks(second, first, thing)]))
    return torch.stack(found)


def _ranks(
    queries: Tensor, catalogue: Tensor, thing: Int64[Tensor, " held"]
) -> Float[Tensor, " thing"]:
    """The logarithm of the right answers' ranks for the first queries, the mean over the rows of
    each thing; ties count against them, other rows of the same thing do not."""
    likeness = queries[: len(thing)] @ catalogue.T
    above = likeness >= likeness.diagonal()[:, None]
    above[:, : len(thing)] &= thing[:, None] != thing[None]
    _, own, count = thing.unique(return_inverse=True, return_counts=True)
    found = (1 + above.sum(1)).double().log()
    return torch.zeros(len(count)).double().index_add(0, own, found) / count
