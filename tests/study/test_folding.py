"""Folding loses nothing, and makes latents ever harder to read."""

import numpy as np
import pytest
import torch

from amodal.errors import InputError
from amodal.fewmatch.ridge import fit_ridge
from amodal.study.folding import fold, folding_of, unfold


def rows(count: int = 400) -> torch.Tensor:
    return torch.randn(count, 12, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("strength", [0.0, 0.2, 0.4])
def test_folding_is_undone(strength: float) -> None:
    spec, folded = fold(rows(), strength)
    assert (spec.dim, folded.shape) == (12, (400, 12))
    torch.testing.assert_close(unfold(folded, strength), rows(), atol=1e-4, rtol=1e-4)
    # Turns only: every row keeps its length.
    torch.testing.assert_close(folded.norm(dim=1), rows().norm(dim=1), atol=1e-4, rtol=1e-4)


def test_ridge_reads_less_the_more_is_folded() -> None:
    errors = []
    for strength in (0.0, 0.1, 0.3, 0.8):
        _, folded = fold(rows(), strength)
        fitted = fit_ridge(folded[:200], rows()[:200])
        errors.append(float((fitted(folded[200:]) - rows()[200:]).square().mean()))
    assert errors[0] < 1e-6
    assert np.all(np.diff(errors) > 0.02)


def test_names_say_how_strong() -> None:
    assert folding_of("folded-0.25") == 0.25
    assert folding_of("default") is None
    with pytest.raises(InputError, match="expected folded-S with a number S"):
        folding_of("folded-much")
    with pytest.raises(InputError, match="divisible by 4, got 11"):
        fold(torch.zeros(2, 11), 0.1)
