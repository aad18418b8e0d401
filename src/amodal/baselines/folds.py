"""Settings of a baseline, chosen by matches that are held out in turn."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, TypeVar

import torch
from torch import Tensor

from amodal.baselines.base import unit_rows
from amodal.fewmatch.alignment_choice import FEWEST_TO_CHOOSE, FOLDS, HELD_OUT
from amodal.latents import MatchTable, separate_pairs, separate_things
from amodal.typing import Float, Int64

Embed = Callable[[Float[Tensor, "row dim"], str], Float[Tensor, "row shared"]]
"""Rows of a modality -> the same rows in the shared space, to be compared by cosine."""
Settings = TypeVar("Settings")


def choose_by_folds(
    settings: Settings,
    grid: Mapping[str, Sequence[Any]],
    table: MatchTable,
    fitted: Callable[[Settings, MatchTable], Embed],
    *,
    rows_of: Callable[[Settings], Mapping[str, Tensor]],
) -> Settings:
    """Change one setting after another to what ranks held-out matches best.

    The score is the mean logarithm of the right answer's rank among held-out things, both ways.

    Args:
        settings: where to begin, a frozen dataclass; kept where there are too few matches to
            choose by.
        grid: the values to try of some of its fields, in the order in which they are
            chosen; of equally good ones the first is kept.
        table: the matches; every fourth thing is held out in turn, with all of its rows.
        fitted: settings, and the matches to learn from -> how rows are embedded.
        rows_of: settings -> the rows of each modality that `fitted` embeds.
    """
    if len(table) < FEWEST_TO_CHOOSE:
        return settings
    known: dict[Settings, float] = {}
    for field, values in grid.items():
        tried = [replace(settings, **{field: value}) for value in values]  # pyright: ignore[reportArgumentType]
        for each in tried:
            if each not in known:
                known[each] = _score(each, table, fitted, rows_of(each))
        settings = min(tried, key=known.__getitem__)
    return settings


def folds(table: MatchTable) -> Iterator[tuple[MatchTable, MatchTable]]:
    """The matches to learn from, and those that are held out, `FOLDS` times.

    Example:
        >>> import numpy as np
        >>> table = MatchTable(("a", "b"), np.arange(10).reshape(5, 2))
        >>> [len(held_out) for _, held_out in folds(table)]
        [2, 1, 1, 1]
    """
    # By things: of two captions of a picture the one would teach where the other is.
    fold = separate_things(table) % FOLDS
    for left in range(FOLDS):
        own = table.choose(fold != left)
        if any(len(own.together(*pair)) for pair in combinations(table.names, 2)):
            yield own, table.choose(fold == left)


def _score(settings: Any, table: MatchTable, fitted: Any, rows: Mapping[str, Tensor]) -> float:
    found = []
    for own, held_out in folds(table):
        embed = fitted(settings, own)
        for first, second in combinations(table.names, 2):
            pairs = held_out.together(first, second)[:HELD_OUT]
            if len(pairs):
                one = unit_rows(embed(rows[first][pairs[:, 0]], first))
                other = unit_rows(embed(rows[second][pairs[:, 1]], second))
                thing = torch.from_numpy(separate_pairs(pairs))
                found += [log_ranks(one @ other.T, thing), log_ranks(other @ one.T, thing)]
    return float(torch.cat(found).mean()) if found else 0.0


def log_ranks(
    likeness: Float[Tensor, "row row"], thing: Int64[Tensor, " row"]
) -> Float[Tensor, " row"]:
    """The logarithm of the rank at which each row finds its own; ties count by half, other rows of
    the same thing do not.

    Example:
        >>> log_ranks(torch.eye(2), torch.arange(2)).tolist()
        [0.0, 0.0]
    """
    own = likeness.diagonal()[:, None]
    wrong = thing[:, None] != thing[None]
    above = ((likeness > own) & wrong).sum(1)
    tied = ((likeness == own) & wrong).sum(1)
    return (1 + above + tied / 2).log()
