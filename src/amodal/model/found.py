"""Where the right row of each held-out match stands, ranked as `Workspace.rank` does.

By the first member's folds: the run that ranks has not seen the match that it is asked for. Two
galleries: the rows of all held-out matches, of which the run knows those of other folds; and the
right row among unmatched ones, of which it knows none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from amodal.latents import evenly
from amodal.model.aligning import free_rows
from amodal.model.blending import ANSWERERS, KERNEL, START
from amodal.model.inference import Ensemble
from amodal.model.judging import Direction, Judged
from amodal.model.judging_retrieval import Chosen
from amodal.model.residuals import Residuals, residuals_of
from amodal.model.retrieval_vectors import AlignedDirections, likeness_of, retrieval_vectors
from amodal.model.trial_runs import TrialRuns
from amodal.training import Run
from amodal.typing import Float

OURS, CLOSED = "ours", "closed"
MATCHES, UNMATCHED = "matches", "unmatched"
WIDE = 1000
"""Rows of the gallery of unmatched rows at most, the right one among them."""
FEWEST_UNMATCHED = 99
"""With fewer unmatched rows there is no such gallery."""
MOST_QUERIES = 1000
"""Held-out matches that are looked for at most."""


@dataclass
class Ranks:
    """Ranks of all directions, and the sizes of the galleries."""

    found: dict[tuple[Direction, str, str], Float[Tensor, " match"]] = field(default_factory=dict)
    pools: dict[Direction, list[int]] = field(default_factory=dict)


def ranks_of(trial: TrialRuns, judged: Judged, likeness: Mapping[Direction, Chosen]) -> Ranks:
    """Rank for every direction, by the fitted shares and by the best closed form alone.

    Args:
        trial: who answered.
        judged: what held-out matches said of the translations.
        likeness: what that of each pair is made of.
    """
    ranks = Ranks()
    for pair in combinations(trial.table.names, 2):
        both = (pair, _back(pair))
        if not all(direction in judged.held for direction in both):
            continue
        for who, chosen in ((OURS, None), (CLOSED, _simple(judged, both))):
            if who == OURS or chosen is not None:
                # The closed form compares as ours does, but for the alignment, which is ours.
                made_of = likeness[pair]
                made_of = made_of if who == OURS else replace(made_of, share=0.0)
                _rank_pair(trial, judged, pair, who, chosen, made_of, ranks)
    return ranks


def _back(way: Direction) -> Direction:
    return way[1], way[0]


def _simple(judged: Judged, both: tuple[Direction, Direction]) -> str | None:
    """The closed form of least error in both directions together."""
    sums = {
        name: sum(judged.errors[direction][name] for direction in both)
        for name in (START, KERNEL)
        if all(name in judged.errors[direction] for direction in both)
    }
    return min(sums, key=lambda name: sums[name], default=None)


def _rank_pair(
    trial: TrialRuns,
    judged: Judged,
    pair: Direction,
    who: str,
    chosen: str | None,
    made_of: Chosen,
    ranks: Ranks,
) -> None:
    shares = {way: _shares(judged, way, chosen) for way in (pair, _back(pair))}
    galleries = {way: _galleries(trial, judged, way) for way in shares}
    for way in shares:
        count = len(judged.held[way].things)
        ranks.pools[way] = [len(galleries[way][0]), len(galleries[way][1])]
        for gallery in (MATCHES, UNMATCHED):
            ranks.found[way, who, gallery] = torch.full((count,), torch.nan)
    for index, run in trial.folds.items():
        ensemble = trial.ensemble(index, shares)
        aligned = None
        if made_of.share:
            own = trial.forms.aligned(run.things)
            aligned = AlignedDirections.of(own, pair, made_of.share)
        residuals = residuals_of(
            judged, shares, trial.forms.specs, thing=trial.thing, without=run.held_out
        )
        vectors = _Vectors(trial, ensemble, pair, residuals, made_of.directions, aligned)
        for way in shares:
            _rank_fold(trial, judged, way, who, run, vectors, galleries[way], ranks)


def _rank_fold(
    trial: TrialRuns,
    judged: Judged,
    way: Direction,
    who: str,
    run: Run,
    vectors: "_Vectors",
    galleries: tuple[np.ndarray, np.ndarray],
    ranks: Ranks,
) -> None:
    """One fold's ranks, in both galleries."""
    order = np.array(judged.held[way].things)
    every = -(-len(order) // MOST_QUERIES)
    asked = np.flatnonzero(np.isin(order, trial.pairs(run.held_out, way)))
    asked = asked[asked % every == 0]
    if not len(asked):
        return
    source, target = (trial.table.column(name) for name in way)
    queries = vectors(way, source[order[asked]])
    known, unmatched = (vectors(_back(way), rows) for rows in galleries)
    label = trial.thing[order]
    same = torch.from_numpy(label[asked][:, None] == label[None])
    scores = queries @ known.T
    ranks.found[way, who, MATCHES][asked] = _rank(scores, same)
    if len(unmatched):
        own = (queries * vectors(_back(way), target[order[asked]])).sum(1, keepdim=True)
        wide = torch.cat([own, queries @ unmatched.T], 1)
        first = torch.zeros(wide.shape, dtype=torch.bool)
        first[:, 0] = True
        ranks.found[way, who, UNMATCHED][asked] = _rank(wide, first)


def _rank(scores: Float[Tensor, "query row"], right: Tensor) -> Float[Tensor, " query"]:
    """1 + wrong rows above the best right one + half of those level with it."""
    best = scores.masked_fill(~right, -torch.inf).amax(1, keepdim=True)
    wrong = scores.masked_fill(right, -torch.inf)
    return 1 + (wrong > best).sum(1) + (wrong == best).sum(1) / 2


def _galleries(trial: TrialRuns, judged: Judged, way: Direction) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the target: of the held-out matches, match for match; and unmatched ones."""
    column = trial.table.column(way[1])
    known = column[judged.held[way].things]
    free = free_rows(trial.latents, trial.table, way[1], None)
    if len(free) < FEWEST_UNMATCHED:
        return known, free[:0]
    spaced = np.linspace(0, len(free) - 1, min(len(free), WIDE - 1)).astype(np.int64)
    return known, free[spaced]


@dataclass
class _Vectors:
    """Retrieval vectors of some rows of one modality, to be compared with the other's."""

    trial: TrialRuns
    ensemble: Ensemble
    pair: Direction
    residuals: Mapping[Direction, Residuals]
    directions: bool
    aligned: AlignedDirections | None

    def __post_init__(self) -> None:
        latents = self.trial.latents
        first, second = (latents[n][evenly(len(latents[n]), 2 * WIDE)] for n in self.pair)
        self.likeness = likeness_of(
            self.ensemble,
            first,
            second,
            names=self.pair,
            residuals=self.residuals,
            directions=self.directions,
        )

    def __call__(self, way: Direction, rows: np.ndarray) -> Float[Tensor, "row vector"]:
        return retrieval_vectors(
            self.ensemble,
            self.trial.latents[way[0]][torch.from_numpy(rows)],
            name=way[0],
            other=way[1],
            likeness=self.likeness,
            aligned=self.aligned,
            first=way == self.pair,
        )


def _shares(judged: Judged, way: Direction, chosen: str | None) -> Float[Tensor, "answerer dim"]:
    """Those of the fit, or all of them one closed form's."""
    if chosen is None:
        return judged.shares[way]
    shares = torch.zeros_like(judged.shares[way])
    shares[ANSWERERS.index(chosen)] = 1
    return shares
