"""The settings of alignments and of their maps, chosen by matches that are held out in turn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.fewmatch.alignment import Alignment, AlignmentSettings, align
from amodal.fewmatch.moments import linear_map
from amodal.latents import MatchTable, separate_pairs, separate_things
from amodal.typing import Bool, Float

FOLDS = 4
FEWEST_TO_CHOOSE = 24
"""With fewer things the folds hardly tell settings apart: `UNCHOSEN` are taken."""
VIEWS = 3
"""Alignments that are averaged at most: each errs in its own way."""
JUDGED_ROWS = 1_000
"""Unmatched rows of a modality in the plans of a fold, which only judges."""
HELD_OUT = 400
"""Held-out matches of a pair that are ranked in a fold, at most."""
MAP_PENALTY = 0.3
MAP_PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Of the linear maps: translations want less shrinking than directions that are to be compared."""
UNCHOSEN = (
    AlignmentSettings(),
    AlignmentSettings(exponent=1.5),
    AlignmentSettings(exponent=0.5),
)
"""Trust in the large directions as it served most sets, more, and less."""
CANDIDATES = (
    AlignmentSettings(exponent=1.5),
    AlignmentSettings(),
    AlignmentSettings(exponent=0.5),
    AlignmentSettings(penalty=0.3),
    AlignmentSettings(exponent=0.5, penalty=0.3),
    AlignmentSettings(exponent=1.5, share=0.0),
    AlignmentSettings(share=0.0),
    AlignmentSettings(exponent=0.5, share=0.0),
    AlignmentSettings(penalty=0.1, share=0.0),
    AlignmentSettings(exponent=0.5, penalty=0.1, share=0.0),
    AlignmentSettings(exponent=0.0, share=0.0),
)
"""From much trust in the unmatched rows to plain canonical correlations of whitened ones."""


@dataclass(frozen=True)
class Choice:
    """The alignments that are averaged, the best first."""

    views: tuple[AlignmentSettings, ...]
    map_penalties: tuple[float, ...]
    """Of each: the penalty of `linear_map` that tells held-out matches best, in squared error."""


def choose_settings(
    rows: Mapping[str, Float[Tensor, "_ _"]],
    deviations: Mapping[str, Float[Tensor, " _"]],
    table: MatchTable,
    *,
    candidates: Sequence[AlignmentSettings] = (),
) -> Choice:
    """Take the candidates that rank held-out matches best: see `best_within_error`.

    Args:
        rows: standardised principal coordinates of each modality, float64.
        deviations: the deviation of each of them before they were standardised.
        table: the matches; every fourth thing is held out in turn.
        candidates: of which the best are taken, or all, with `MAP_PENALTY`, where matches are too
            few to choose; by default `CANDIDATES`, or else `UNCHOSEN`.
    """
    if separate_things(table).max(initial=-1) + 1 < FEWEST_TO_CHOOSE:
        taken = tuple(candidates or UNCHOSEN)
        return Choice(taken, (MAP_PENALTY,) * len(taken))
    candidates = candidates or CANDIDATES
    judged = [_judge(scaled(rows, deviations, c.exponent), table, c) for c in candidates]
    best = best_within_error(torch.stack([ranks for ranks, _ in judged]))
    return Choice(
        tuple(candidates[place] for place in best), tuple(judged[place][1] for place in best)
    )


def best_within_error(logarithms: Float[Tensor, "candidate rank"]) -> list[int]:
    """The best candidates, `VIEWS` at most, of those that are `within_error` of the lowest.

    A mean of alignments is steadier than one of them, unless one is better than the others.

    Example:
        >>> best_within_error(torch.tensor([[1.0, 2.0, 1.0], [1.5, 1.0, 1.4], [2.0, 3.0, 2.0]]))
        [1, 0]
    """
    kept = within_error(logarithms)
    order = logarithms.mean(1).argsort(stable=True).tolist()
    return [place for place in order if kept[place]][:VIEWS]


def within_error(logarithms: Float[Tensor, "candidate rank"]) -> Bool[Tensor, " candidate"]:
    """Which candidates held-out matches cannot tell from the one with the lowest mean.

    Their own mean is within the standard error of the difference from it (the rule of one standard
    error: Breiman et al. 1984, Classification and Regression Trees, section 3.4.3).

    Example:
        >>> within_error(torch.tensor([[1.0, 2.0, 1.0], [1.5, 1.0, 1.4], [2.0, 3.0, 2.0]])).tolist()
        [True, True, False]
    """
    off = logarithms - logarithms[logarithms.mean(1).argmin()]
    return off.mean(1) <= off.std(1, correction=0) / off.shape[1] ** 0.5


def scaled(
    rows: Mapping[str, Tensor], deviations: Mapping[str, Tensor], exponent: float
) -> dict[str, Float[Tensor, "_ _"]]:
    """Standardised coordinates times deviation^exponent.

    Example:
        >>> scaled({"a": torch.ones(1, 2)}, {"a": torch.tensor([3.0, 2.0])}, 1.0)["a"].tolist()
        [[3.0, 2.0]]
    """
    return {name: values * deviations[name] ** exponent for name, values in rows.items()}


def _judge(
    rows: Mapping[str, Tensor], table: MatchTable, settings: AlignmentSettings
) -> tuple[Float[Tensor, " rank"], float]:
    """Logarithms of the ranks of held-out answers, and the best penalty of the maps."""
    logarithms, errors = [], torch.zeros(len(MAP_PENALTIES), dtype=torch.float64)
    for found, left in _folds(rows, table, settings):
        for first, second in permutations(rows, 2):
            pairs = left.together(first, second)[:HELD_OUT]
            if len(pairs):
                logarithms.append(_log_ranks(found, rows, pairs, (first, second)))
                errors += _map_errors(found, rows, pairs, (first, second))
    if not logarithms:
        return torch.zeros(1).double(), MAP_PENALTY
    return torch.cat(logarithms), MAP_PENALTIES[int(errors.argmin())]


def _map_errors(
    found: Alignment, rows: Mapping[str, Tensor], pairs: np.ndarray, names: tuple[str, str]
) -> Float[Tensor, " penalty"]:
    """Squared errors of the linear map for each penalty, in shares of the target's variance."""
    x, y = (rows[name][pairs[:, place]] for place, name in enumerate(names))
    maps = (linear_map(found.moments, *names, penalty=penalty) for penalty in MAP_PENALTIES)
    errors = torch.stack([(y - x @ weight).square().sum() for weight in maps])
    return errors / rows[names[1]].square().sum(1).mean().clamp(min=1e-30)


def _folds(
    rows: Mapping[str, Tensor], table: MatchTable, settings: AlignmentSettings
) -> Iterator[tuple[Alignment, MatchTable]]:
    """An alignment on the things of the other folds, and the matches that it has not seen."""
    part_of = separate_things(table) % FOLDS
    for fold in range(FOLDS):
        held_out = part_of == fold
        own = table.choose(~held_out)
        if any(len(own.together(*pair)) for pair in combinations(rows, 2)):
            learnt = np.flatnonzero(~held_out)
            found = align(rows, table, settings=settings, things=learnt, most=JUDGED_ROWS)
            yield found, table.choose(held_out)


def _log_ranks(
    found: Alignment, rows: Mapping[str, Tensor], pairs: np.ndarray, names: tuple[str, str]
) -> Float[Tensor, " ranks"]:
    """The logarithm of the right answer's rank among rows of held-out things of the second
    modality; those of the thing itself are not wrong."""
    first, second = (
        F.normalize(rows[name][pairs[:, place]] @ found.directions.weights[name], dim=1)
        for place, name in enumerate(names)
    )
    likeness = first @ second.T
    thing = separate_pairs(pairs)
    wrong = torch.from_numpy(thing[:, None] != thing[None])
    above = (likeness >= likeness.diagonal()[:, None]) & wrong
    return (1 + above.sum(1)).double().log()
