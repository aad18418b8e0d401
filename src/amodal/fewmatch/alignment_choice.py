"""The settings of an alignment, chosen by matches that are held out in turn."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.fewmatch.alignment import Alignment, AlignmentSettings, align
from amodal.latents import MatchTable
from amodal.typing import Float

FOLDS = 4
FEWEST_TO_CHOOSE = 24
"""With fewer matches the folds hardly tell settings apart: the first candidate is taken."""
HELD_OUT = 400
"""Held-out matches of a pair that are ranked in a fold, at most."""
CANDIDATES = (
    AlignmentSettings(),
    AlignmentSettings(exponent=0.5),
    AlignmentSettings(share=0.0),
    AlignmentSettings(exponent=0.5, share=0.0),
    AlignmentSettings(penalty=0.1, share=0.0),
    AlignmentSettings(exponent=0.5, penalty=0.1, share=0.0),
    AlignmentSettings(exponent=0.0, share=0.0),
)
"""From much trust in the unmatched rows to plain canonical correlations of whitened ones."""


def choose_settings(
    rows: Mapping[str, Float[Tensor, "_ _"]],
    deviations: Mapping[str, Float[Tensor, " _"]],
    table: MatchTable,
    *,
    candidates: Sequence[AlignmentSettings] = CANDIDATES,
) -> AlignmentSettings:
    """Take the candidate that ranks held-out matches best: lowest mean logarithm of the rank.

    Args:
        rows: standardised principal coordinates of each modality, float64.
        deviations: the deviation of each of them before they were standardised.
        table: the matches; every fourth thing is held out in turn.
        candidates: the first is taken where matches are too few to choose.
    """
    if len(table.rows) < FEWEST_TO_CHOOSE or len(candidates) == 1:
        return candidates[0]
    scores = [_score(scaled(rows, deviations, c.exponent), table, c) for c in candidates]
    return candidates[int(np.argmin(scores))]


def scaled(
    rows: Mapping[str, Tensor], deviations: Mapping[str, Tensor], exponent: float
) -> dict[str, Float[Tensor, "_ _"]]:
    """Standardised coordinates times deviation^exponent.

    Example:
        >>> scaled({"a": torch.ones(1, 2)}, {"a": torch.tensor([3.0, 2.0])}, 1.0)["a"].tolist()
        [[3.0, 2.0]]
    """
    return {name: values * deviations[name] ** exponent for name, values in rows.items()}


def _score(rows: Mapping[str, Tensor], table: MatchTable, settings: AlignmentSettings) -> float:
    things, logarithms = np.arange(len(table.rows)), []
    for fold in range(FOLDS):
        held_out = things % FOLDS == fold
        own = MatchTable(table.names, table.rows[~held_out])
        if not any(len(own.together(*pair)) for pair in combinations(rows, 2)):
            continue
        found = align(rows, table, settings=settings, things=things[~held_out])
        left = MatchTable(table.names, table.rows[held_out])
        logarithms += [
            _log_ranks(found, rows, left.together(first, second)[:HELD_OUT], (first, second))
            for first, second in combinations(rows, 2)
        ]
    return float(torch.cat(logarithms).mean())


def _log_ranks(
    found: Alignment, rows: Mapping[str, Tensor], pairs: np.ndarray, names: tuple[str, str]
) -> Float[Tensor, " ranks"]:
    """The logarithm of the right answer's rank among held-out things, both ways."""
    first, second = (
        F.normalize(rows[name][pairs[:, place]] @ found.directions.weights[name], dim=1)
        for place, name in enumerate(names)
    )
    likeness = first @ second.T
    right = likeness.diagonal()
    ranks = [(likeness >= right[:, None]).sum(1), (likeness >= right).sum(0)]
    return torch.cat(ranks).double().log()
