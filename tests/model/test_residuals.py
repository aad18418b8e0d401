"""The metric in which held-out answers and true rows are compared."""

import numpy as np
import pytest
import scipy.linalg
import torch

from amodal.evaluation.retrieval import retrieval_both_ways
from amodal.model.residuals import LEAST_WEIGHT, Residuals, measured, metric


def drawn(dim: int = 8, count: int = 400, *, seed: int = 0):
    """Rows, and answers to them that are right in half of the directions, lost in the others."""
    draw = np.random.default_rng(seed)
    turn = np.linalg.qr(draw.normal(size=(dim, dim)))[0]
    # What cannot be predicted varies the most, in no column of its own.
    sizes = np.r_[np.ones(dim // 2), np.full(dim - dim // 2, 5.0)]
    hidden = draw.normal(size=(count, dim)) * sizes
    told = hidden * (sizes < 2) + 0.1 * draw.normal(size=hidden.shape)
    return torch.from_numpy(hidden @ turn).float(), torch.from_numpy(told @ turn).float()


def recall(rows: torch.Tensor, answers: torch.Tensor) -> float:
    return retrieval_both_ways(answers.numpy(), rows.numpy())["mean"]["recall@1"]


def of(rows: torch.Tensor, answers: torch.Tensor, count: int = 0) -> Residuals:
    return Residuals(answers - rows, rows - rows.mean(0), count or len(rows))


def test_it_is_the_formula() -> None:
    rows, answers = drawn()
    rows = rows - rows.mean(0)
    found = metric(rows, of(rows[:50], answers[:50]))
    x, off = rows.double().numpy(), (answers - rows)[:50].double().numpy()
    c, truth = x.T @ x / 400, x[:50] - x[:50].mean(0)
    b = np.linalg.inv(scipy.linalg.sqrtm(c + 8 / 50 * np.trace(c) / 8 * np.eye(8)))
    r = (off @ b).T @ (off @ b) / 50
    kept = (50 / 58) ** 2
    q = np.linalg.eigh(kept * r + (1 - kept) * np.diag(np.diag(r)))[1]
    sizes = [np.square(values @ b @ q).mean(0) for values in (truth, off, x)]
    there = np.minimum(sizes[2], 4 * sizes[0])
    weights = there * np.maximum(1 - sizes[1] / sizes[0], 0) + LEAST_WEIGHT * sizes[2]
    np.testing.assert_allclose(
        found @ found.T, b @ q @ np.diag(weights) @ q.T @ b, rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize("seed", range(3))
def test_what_nobody_can_predict_does_not_hide_what_one_can(seed: int) -> None:
    rows, answers = drawn(seed=seed)
    found = metric(rows[:200], of(rows[:200], answers[:200]))
    plain = recall(rows[200:], answers[200:])
    assert plain < 0.15
    assert recall(rows[200:] @ found, answers[200:] @ found) > 0.6


def test_what_did_not_vary_among_held_out_matches_counts_little() -> None:
    rows, answers = drawn()
    rows[:, 0] = answers[:, 0] = 0.0
    rows[100:110, 0] = answers[100:110, 0] = 1.0  # Nothing held out says how well that is told.
    found = metric(rows - rows.mean(0), of(rows[:100], answers[:100]))
    sizes = found.norm(dim=1)
    assert sizes[0] < sizes[1:].median()


def test_a_column_that_nobody_predicts_counts_little_however_it_varied() -> None:
    """All rows vary more in it than the few that were held out: none of that is explained."""
    rows = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0))
    rows[:200, 0] *= 0.5
    answers = rows * torch.tensor([0.0, 1.0, 1.0])
    found = metric(rows - rows.mean(0), of(rows[:200], answers[:200]))
    sizes = found.square().sum(1)
    assert sizes[0] < 0.1 * sizes[1:].min()


def test_few_matches_and_constant_columns_give_finite_numbers() -> None:
    rows, answers = drawn()
    rows[:, 3] = answers[:, 3] = 0.0
    assert bool(metric(rows, of(rows[:2], answers[:2])).isfinite().all())
    nothing = torch.zeros(2, 8)
    assert bool(metric(nothing, of(nothing, nothing)).isfinite().all())


def test_very_wide_spaces_are_weighed_column_by_column(monkeypatch) -> None:
    monkeypatch.setattr("amodal.model.residuals.WIDEST", 7)
    rows, answers = drawn()
    rows[:, 0] = 9 * torch.randn(400, generator=torch.Generator().manual_seed(1))
    answers[:, 0] = 0.0
    found = metric(rows, of(rows[:200], answers[:200]))
    assert found.shape == (8,)
    assert found[0] < found[1:].min()
    assert torch.equal(measured(rows, found), rows * found)


def test_captions_of_one_thing_count_once() -> None:
    rows, answers = drawn()
    once, five = of(rows[:20], answers[:20]), of(rows[:20], answers[:20], count=4)
    assert not torch.allclose(metric(rows, once), metric(rows, five), rtol=0.05)


def test_without_held_out_matches_there_is_no_metric() -> None:
    assert torch.equal(metric(drawn()[0], None), torch.ones(8))


def test_unexplained_is_a_share() -> None:
    off, truth = torch.full((10, 3), 0.5), torch.ones(10, 3)
    assert Residuals(off, truth, 10).unexplained == pytest.approx(0.25)
    assert Residuals(off, truth / 10, 10).unexplained == 1.0
    assert Residuals(off, truth * 0, 10).unexplained == 1.0
