"""Normalisation: unit variance where there is something, nothing blown up where there is not."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amodal.latents import Normalisation
from amodal.specification import Block, LatentSpec


def rows_of(deviations: list[float], *, seed: int = 0, rows: int = 500) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, len(deviations), generator=generator) * torch.tensor(deviations) + 3


def test_living_dimensions_get_mean_0_and_deviation_1() -> None:
    rows = rows_of([1.0, 0.2, 5.0, 4.0])
    done = Normalisation.fit(rows, LatentSpec.continuous(4)).apply(rows)
    # 0.2 is below a tenth of 5: dead.
    torch.testing.assert_close(done.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(done.std(0)[[0, 2]], torch.ones(2), atol=1e-5, rtol=0)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(1e-8, 1e3), min_size=1, max_size=6), st.floats(1e-3, 1e3))
def test_no_dimension_outgrows_its_block(deviations: list, unit: float) -> None:
    rows = rows_of([d * unit for d in deviations])
    spec = LatentSpec.continuous(len(deviations))
    before, after = rows.std(0), Normalisation.fit(rows, spec).apply(rows).std(0)
    assert (after <= 1 + 1e-4).all()
    alive = before >= 0.1 * before.max()
    units_of_their_own = before.max() ** 2 > 0.89 * before.square().sum()
    if before.max() > 1e-5 * rows.abs().max() and not units_of_their_own:
        # Dead dimensions keep their size relative to the largest: they are never scaled up.
        expected = torch.where(alive, torch.ones(()), before / before.max())
        torch.testing.assert_close(after, expected, atol=1e-3, rtol=1e-3)


def test_columns_in_units_of_their_own_are_scaled_each_by_itself() -> None:
    rows = rows_of([30_000.0, 12.0, 0.1, 0.0])  # an income, an age, a rate, and a constant
    done = Normalisation.fit(rows, LatentSpec.continuous(4)).apply(rows)
    torch.testing.assert_close(done.std(0), torch.tensor([1.0, 1.0, 1.0, 0.0]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("rows", [torch.full((50, 2), 0.1), rows_of([1e-7, 0.0]), torch.ones(1, 2)])
def test_blocks_without_anything_alive_are_not_scaled(rows: torch.Tensor) -> None:
    fitted = Normalisation.fit(rows, LatentSpec.continuous(2))
    assert fitted.scale.tolist() == [1, 1]
    assert fitted.apply(rows).std(0, correction=0).max() < 1e-5


def test_a_small_block_is_measured_by_itself_and_others_stay() -> None:
    spec = LatentSpec(
        (
            Block("large", "continuous", 1),
            Block("kind", "categorical", 2),
            Block("turn", "circular", 2),
            Block("small", "continuous", 1),
        )
    )
    rows = torch.cat([rows_of([100.0]), torch.eye(2).repeat(250, 2), rows_of([0.01])], 1)
    done = Normalisation.fit(rows, spec).apply(rows)
    torch.testing.assert_close(done.std(0)[[0, 5]], torch.ones(2), atol=1e-4, rtol=0)
    assert torch.equal(done[:, 1:5], rows[:, 1:5])


def test_inverse_and_json() -> None:
    rows = rows_of([1.0, 0.001])
    fitted = Normalisation.fit(rows, LatentSpec.continuous(2))
    torch.testing.assert_close(fitted.invert(fitted.apply(rows)), rows)
    again = Normalisation.from_json(fitted.to_json())
    assert torch.equal(again.shift, fitted.shift)
    assert torch.equal(again.scale, fitted.scale)


def test_large_offsets_do_not_hide_small_deviations() -> None:
    rows = rows_of([0.5], rows=2000) + 1000
    done = Normalisation.fit(rows, LatentSpec.continuous(1)).apply(rows)
    assert float(done.std()) == pytest.approx(1, abs=1e-3)
    assert np.isfinite(done.numpy()).all()


def test_principal_coordinates_keep_their_variances_and_come_back() -> None:
    rows = rows_of([5.0, 2.0, 1.0, 0.01])
    turn = torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(1)))[0]
    found = Normalisation.principal(rows @ turn, 3)
    inside = found.apply(rows @ turn)
    assert inside.shape == (500, 3)
    assert float(inside.square().mean()) == pytest.approx(1, abs=0.01)
    deviations = inside.std(0)
    assert float(deviations[0] / deviations[1]) == pytest.approx(2.5, rel=0.1)
    torch.testing.assert_close(found.invert(inside), rows @ turn, atol=0.1, rtol=0)
    known = Normalisation.from_json(found.to_json(), found.basis)
    torch.testing.assert_close(known.apply(rows @ turn), inside)


def test_principal_coordinates_of_constant_rows_are_nought() -> None:
    found = Normalisation.principal(torch.full((9, 5), 3.0), 2)
    assert bool((found.apply(torch.full((2, 5), 3.0)) == 0).all())
