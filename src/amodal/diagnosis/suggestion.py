"""Which things to match next, from the rows of one modality alone.

The rows of the other modalities are not looked at: clustering two modalities together would read
matches that nobody has given.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from amodal.errors import ExistsError, InputError
from amodal.fewmatch.coverage import covering_rows
from amodal.files import atomic_path
from amodal.latents import Latents, Normalisation, as_checked
from amodal.typing import Int64

CANDIDATES = 2000
"""Unmatched rows that are compared, evenly drawn; more where more are asked for."""
MOST = 2000
"""Suggested at once, at most: choosing takes memory of the square, and time of the cube."""


def suggest(
    latents: Any,
    count: int,
    *,
    matched: Int64[np.ndarray, " some"] | Sequence[int] = (),
    seed: int = 0,
) -> Int64[np.ndarray, " chosen"]:
    """Rows of one modality that are worth a person's time: see `covering_rows`.

    Args:
        latents: rows of one modality, an array or `Latents`; only some are read of many.
        count: how many to suggest.
        matched: rows that have a match already.
        seed: of the draw of candidates.

    Returns:
        Row numbers, the most useful first: the first ten of fifty are a good ten.

    Raises:
        InputError: unusable rows, or fewer unmatched ones than were asked for.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(300, 3))
        >>> suggest(rows, 5, matched=[0, 1]).shape
        (5,)
    """
    total, taken = len(latents), np.unique(np.asarray(matched, dtype=np.int64))
    if len(taken) and not 0 <= int(taken[0]) <= int(taken[-1]) < total:
        raise InputError(f"matched rows must be from 0 to {total - 1}, got {taken[[0, -1]]}")
    free = np.setdiff1d(np.arange(total), taken)
    if not 1 <= count <= len(free):
        raise InputError(
            f"{count} suggestions were asked for, expected 1 to {len(free)}: so many of {total} "
            "rows have no match yet"
        )
    if count > MOST:
        raise InputError(
            f"{count} suggestions were asked for, expected {MOST} at most: match these first, or "
            "draw the rest at random"
        )
    if seed < 0:
        raise InputError(f"seed is {seed}, expected a whole number of at least 0")
    generator = np.random.default_rng(seed)
    drawn = np.sort(generator.permutation(free)[: max(CANDIDATES, 2 * count)])
    known = np.sort(generator.permutation(taken)[:CANDIDATES])
    order = np.concatenate([drawn, known])
    rows = _normalised(latents, order)
    return order[covering_rows(rows, count, known=np.arange(len(drawn), len(order)))]


def _normalised(latents: Any, order: np.ndarray) -> torch.Tensor:
    """Some rows, in the units of the store's normalisation, or else in their own."""
    if isinstance(latents, Latents):
        some = latents.take(order)
    elif isinstance(latents, torch.Tensor):
        some = latents[torch.from_numpy(order)]
    else:
        some = np.asarray(latents)[order]
    given = as_checked("suggested", some)
    return (given.normalisation or Normalisation.fit(given.rows, given.spec)).apply(given.rows)


def write_suggestions(
    path: Path, items: Sequence[str], modality: str, modalities: Sequence[str]
) -> None:
    """A CSV file as `amodal fit --matches` reads it, its other columns empty, to be filled in.

    Args:
        path: of the file.
        items: the chosen ones, by name or row number.
        modality: which they are of.
        modalities: all of them, a column each.

    Raises:
        ExistsError: there is such a file: it may hold a person's work.
    """
    if path.exists():
        raise ExistsError(f"{path} already exists: choose another file, or remove it first")
    with atomic_path(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as to:
        writer = csv.writer(to, lineterminator="\n")
        writer.writerow(modalities)
        writer.writerows(
            [item if name == modality else "" for name in modalities] for item in items
        )
