"""Pseudo-matches: nearer to the truth than the translations that they come from."""

import pytest
import torch

from amodal.fewmatch.pseudo_matches import misfit, partners


def bent(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of one modality, and their true translations: the points of a spiral."""
    along = torch.rand(count, generator=torch.Generator().manual_seed(seed)).sort().values
    turn = 6 * along
    return along[:, None], torch.stack([turn.cos() * along, turn.sin() * along], 1)


def told(truth: torch.Tensor, seed: int, error: float) -> torch.Tensor:
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(seed))
    return truth + error**0.5 * noise


def test_the_other_modality_corrects_what_lies_where_it_has_no_rows() -> None:
    (first, truth), (true_back, second) = bent(400, 0), bent(300, 1)
    errors = 0.02, 0.02
    there, back = told(truth, 2, errors[0]), told(true_back, 3, errors[1])
    cost = misfit((first, second), (there, back), errors=errors)
    found = partners((first, second), cost, temperature=3.0)
    assert found[0].shape == truth.shape
    assert float((found[0] - truth).square().mean()) < 0.6 * errors[0]
    assert float((found[1] - true_back).square().mean()) < 0.6 * errors[1]


def test_misfit_counts_both_ways_in_units_of_their_errors() -> None:
    rows = torch.tensor([[0.0], [3.0]]), torch.tensor([[1.0, 0.0]])
    answers = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([[1.0]])
    cost = misfit(rows, answers, errors=(2.0, 0.5))
    assert cost.tolist() == [[pytest.approx(4 / 2 + 1 / 0.5)], [pytest.approx(1 / 2 + 4 / 0.5)]]


def test_errors_of_nothing_make_no_infinite_costs() -> None:
    rows = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [1.0]])
    cost = misfit(rows, rows, errors=(0.0, 0.0))
    assert cost.isfinite().all()
    assert partners(rows, cost, temperature=3.0)[0].flatten().tolist() == [0.0, 1.0]
