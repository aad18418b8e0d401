"""What is worth saying of rows that can be used, but hold less than their owner may think."""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.errors import Notice
from amodal.latents.latents import Latents
from amodal.typing import Float

SAMPLED = 10_000
"""Rows that are looked at, evenly spaced, at most."""
COARSE = 100 * float(np.finfo(np.float32).eps)
"""Deviations below this share of a column's numbers come out of float32 as a few steps."""

NOISE = 1e-13
"""And below this share they are rounding already."""


def remark_on_rows(name: str, given: Any, rows: Float[Tensor, "row dim"]) -> None:
    """Say so where all rows are alike, or become alike by being kept as float32.

    Args:
        name: the modality.
        given: what was handed over.
        rows: the same as float32.

    Warns:
        Notice: of the modality, and of the first such column.

    Example:
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     remark_on_rows("touch", None, torch.ones(9, 2))
        >>> print(caught[0].message)
        modality 'touch': all 9 rows are alike, so that nothing can be told from them
    """
    step = max(1, len(rows) // SAMPLED)
    lost = _lost(given, step)
    if lost is not None:
        column, centre, deviation = lost
        _warn(
            f"modality {name!r}: column {column} lies near {centre:.3g} and varies by "
            f"{deviation:.2g} only, which float32, in which latents are kept, does not resolve: "
            "subtract the column's mean before passing it on"
        )
    elif len(rows) > 1 and bool((rows == rows[:1]).all()):
        _warn(
            f"modality {name!r}: all {len(rows):,} rows are alike, so that nothing can be told "
            "from them"
        )


def _lost(given: Any, step: int) -> tuple[int, float, float] | None:
    """The first column whose differences float32 does not resolve: number, mean and deviation."""
    if given is None or isinstance(given, Latents):
        return None
    if isinstance(given, Tensor):
        if given.dtype not in (torch.float64, torch.int32, torch.int64):
            return None
        some = given[::step].detach().cpu().numpy()
    else:
        some = np.asarray(given[::step])
    if some.dtype == np.float32 or some.dtype.itemsize < 4:
        return None
    values = some.astype(np.float64)
    deviation = values.std(0)
    largest = np.abs(values).max(0)
    coarse = (deviation > NOISE * largest) & (deviation < COARSE * largest)
    if not coarse.any():
        return None
    column = int(np.flatnonzero(coarse)[0])
    return column, float(values[:, column].mean()), float(deviation[column])


def _warn(message: str) -> None:
    warnings.warn(message, Notice, stacklevel=4)
