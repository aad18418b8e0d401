"""What is said of rows that hold less than their owner may think."""

import warnings

import numpy as np
import pytest
import torch

from amodal.errors import Notice
from amodal.latents.remarks import remark_on_rows

ROWS = np.random.default_rng(0).normal(size=(50, 3))


def said(given, rows=None) -> str:
    """All remarks on one modality."""
    rows = torch.as_tensor(np.asarray(given), dtype=torch.float32) if rows is None else rows
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        remark_on_rows("touch", given, rows)
    assert all(each.category is Notice for each in caught)
    return "; ".join(str(each.message) for each in caught)


def test_usual_rows_need_no_remark() -> None:
    assert said(ROWS) == ""
    assert said(ROWS.astype(np.float32) + np.float32(1e6)) == ""  # as their owner has them
    assert said(np.concatenate([ROWS, np.ones((50, 1))], 1)) == ""  # one column of ones
    assert said(ROWS[:1]) == ""
    assert said(torch.from_numpy(ROWS).requires_grad_(), torch.from_numpy(ROWS).float()) == ""
    assert said(torch.from_numpy(ROWS).bfloat16(), torch.from_numpy(ROWS).float()) == ""


@pytest.mark.parametrize("kind", [np.float64, np.int64])
def test_numbers_that_float32_cannot_tell_apart(kind: type) -> None:
    stamps = ROWS.copy()
    stamps[:, 1] = 1_700_000_000 + np.arange(50)
    told = said((1000 * stamps if kind is np.int64 else stamps).astype(kind))
    assert "'touch': column 1 lies near 1.7e+" in told
    assert "subtract the column's mean" in told
    assert "column 1 lies" in said(torch.from_numpy(stamps))
    assert said(stamps - stamps.mean(0)) == ""


def test_rows_that_are_all_alike() -> None:
    assert said(np.tile(ROWS[:1], (50, 1))) == (
        "modality 'touch': all 50 rows are alike, so that nothing can be told from them"
    )
