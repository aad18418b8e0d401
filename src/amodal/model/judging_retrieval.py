"""How much of the likeness is an alignment's, by where held-out matches stand."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from amodal.model.aligning import spread_out
from amodal.model.judging import Judged, trust_without
from amodal.model.retrieval_vectors import (
    AlignedDirections,
    mixed_in,
    retrieval_vectors,
    shared_directions,
)
from amodal.model.trial_runs import TrialRuns
from amodal.typing import Float, Int64

Pair = tuple[str, str]
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the alignment's cosine, that are tried."""
BESIDE = 1_000
"""Unmatched rows that a held-out match has to be found among, at most."""


def aligned_share(
    trial: TrialRuns, judged: Judged, *, pair: Pair, free: Mapping[str, np.ndarray]
) -> float:
    """The largest share of an alignment's cosine that held-out matches do not speak against.

    Each fold's answerers search its held-out matches among one another and unmatched rows, both
    ways: see `most_within_error`.

    Args:
        trial: who answers.
        judged: what held-out matches said of the translations.
        pair: the two modalities.
        free: rows of each modality that are in no match.
    """
    logarithms = [
        _log_ranks(trial, index, judged, pair, held, free)
        for index, run in trial.folds.items()
        # The alignment must have a match of the two left to learn from.
        if len(held := trial.pairs(run.held_out, pair)) and len(trial.pairs(run.things, pair))
    ]
    return most_within_error(torch.cat(logarithms, 1)) if logarithms else 0.0


def most_within_error(logarithms: Float[Tensor, "share rank"]) -> float:
    """The largest of `SHARES` whose mean logarithm of the rank is within an error of the lowest.

    The error is the standard error of the difference from the share with the lowest mean, after
    the rule of one standard error (Breiman et al. 1984, Classification and Regression Trees,
    section 3.4.3); a match's two searches count as two. The alignment has fewer settings than the
    networks: where a handful of matches cannot tell, it is the safer one. Where all shares find
    the same, nothing speaks for it.

    Example:
        >>> most_within_error(torch.tensor([[1.0, 2.0], [0.9, 2.1], [1.2, 1.8], [3, 3], [3, 3]]))
        0.5
    """
    best = logarithms[logarithms.mean(1).argmin()]
    off = logarithms - best
    if not off.any():
        return 0.0
    error = off.std(1, correction=0) / off.shape[1] ** 0.5
    within = off.mean(1) <= error
    return max(share for share, kept in zip(SHARES, within.tolist(), strict=True) if kept)


def _log_ranks(
    trial: TrialRuns,
    index: int,
    judged: Judged,
    pair: Pair,
    held: np.ndarray,
    free: Mapping[str, np.ndarray],
) -> Float[Tensor, "share rank"]:
    """log(1 + wrong answers before the right one), for each share and each search."""
    run, forms = trial.runs[index], trial.forms
    latents, table = trial.latents, trial.table
    ensemble = trial.ensemble(index, judged.shares)
    shared = shared_directions(ensemble, *(latents[name] for name in pair), names=pair)
    found = AlignedDirections.of(forms.aligned(run.things), pair, 0.0)
    # Where the fit will weigh no columns, nothing is weighed here.
    both = (pair, (pair[1], pair[0]))
    weighed = {way: judged.shares[way] for way in both if way in judged.trust}
    trust = trust_without(judged, weighed, forms.specs, things=run.held_out)
    sides = []
    for place, name in enumerate(pair):
        numbers = np.concatenate([table.column(name)[held], spread_out(free[name], BESIDE)])
        rows = latents[name][torch.from_numpy(numbers)]
        sides.append(
            (
                retrieval_vectors(
                    ensemble,
                    rows,
                    name=name,
                    other=pair[1 - place],
                    trust=trust,
                    shared=shared,
                    aligned=None,
                    first=place == 0,
                ),
                rows,
            )
        )
    logarithms, thing = [], torch.from_numpy(trial.thing[held])
    for share in SHARES:
        some = replace(found, share=torch.tensor(share))
        first, second = (
            mixed_in(vectors, rows, some, first=place == 0)
            for place, (vectors, rows) in enumerate(sides)
        )
        logarithms.append(torch.cat([_ranks(first, second, thing), _ranks(second, first, thing)]))
    return torch.stack(logarithms)


def _ranks(
    queries: Tensor, catalogue: Tensor, thing: Int64[Tensor, " held"]
) -> Float[Tensor, " held"]:
    """The logarithm of the right answers' ranks for the first queries; ties count against them,
    other rows of the same thing do not."""
    likeness = queries[: len(thing)] @ catalogue.T
    above = likeness >= likeness.diagonal()[:, None]
    above[:, : len(thing)] &= thing[:, None] != thing[None]
    return (1 + above.sum(1)).double().log()
