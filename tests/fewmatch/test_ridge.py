"""Ridge: against brute-force leaving out, scikit-learn, and the awkward sizes of few matches."""

import math
import warnings

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge, RidgeCV

from amodal.errors import InputError
from amodal.fewmatch.ridge import fit_ridge
from amodal.fewmatch.shrinkage import PENALTIES


def draw(things: int, dim_x: int, dim_y: int, *, seed: int = 0, noise: float = 0.5):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(things, dim_x, generator=generator, dtype=torch.float64) + 3
    weight = torch.randn(dim_x, dim_y, generator=generator, dtype=torch.float64)
    return x, x @ weight + noise * torch.randn(things, dim_y, generator=generator).double() - 2


def brute_force(x: torch.Tensor, y: torch.Tensor, penalty: float) -> np.ndarray:
    rows = []
    for left_out in range(len(x)):
        kept = [row for row in range(len(x)) if row != left_out]
        model = Ridge(alpha=penalty).fit(x[kept].numpy(), y[kept].numpy())
        rows.append(model.predict(x[[left_out]].numpy()).reshape(-1))
    return np.stack(rows)


@pytest.mark.parametrize(("things", "dim_x"), [(30, 4), (6, 6), (5, 20), (3, 2), (2, 7)])
def test_leave_one_out_predictions_equal_brute_force(things: int, dim_x: int) -> None:
    x, y = draw(things, dim_x, 3)
    fitted = fit_ridge(x, y, penalties=[0.03])
    expected = brute_force(x, y, float(fitted.penalty[0]))
    np.testing.assert_allclose(fitted.loo_predictions.numpy(), expected, rtol=1e-7, atol=1e-7)
    error = np.square(expected - y.numpy()).mean(0)
    np.testing.assert_allclose(fitted.loo_error.numpy(), error, rtol=1e-6)


@pytest.mark.parametrize("dim_x", [1, 3, 8, 30])
def test_rows_of_one_thing_are_left_out_together_as_by_brute_force(dim_x: int) -> None:
    x, y = draw(14, dim_x, 2)
    things = np.array([0, 1, 1, 2, 0, 3, 4, 4, 4, 5, 6, 6, 7, 1])
    fitted = fit_ridge(x, y, penalties=[0.03], groups=[slice(0, 1)], things=things)
    model = Ridge(alpha=float(fitted.penalty[0]))
    for thing in np.unique(things):
        out = things == thing
        model.fit(x[~out].numpy(), y[~out].numpy())
        expected = model.predict(x[out].numpy())
        np.testing.assert_allclose(fitted.loo_predictions[out].numpy(), expected, atol=1e-7)


def test_fellows_of_a_row_do_not_choose_the_penalty() -> None:
    x, y = draw(12, 30, 2, noise=3.0)
    rng = torch.Generator().manual_seed(4)
    five = x.repeat_interleave(5, 0)
    near = five + 0.1 * torch.randn(five.shape, generator=rng).double()
    answers, things = y.repeat_interleave(5, 0), np.arange(12).repeat(5)
    by_row, by_thing = fit_ridge(near, answers), fit_ridge(near, answers, things=things)
    truth = fit_ridge(x, y).penalty / 1.0
    assert float(by_row.penalty[0]) < 0.1 * float(truth[0])
    assert float(by_thing.penalty[0]) > 0.5 * float(truth[0])
    alone = fit_ridge(near, answers, things=np.arange(60))
    torch.testing.assert_close(alone.weight, by_row.weight)
    # With one thing alone nothing would be left: then by rows.
    single = fit_ridge(near, answers, things=np.zeros(60, dtype=np.int64))
    torch.testing.assert_close(single.weight, by_row.weight)


@pytest.mark.parametrize(("things", "dim_x"), [(40, 5), (12, 30)])
def test_penalty_and_slopes_equal_scikit_learn(things: int, dim_x: int) -> None:
    x, y = draw(things, dim_x, 4, noise=3.0)
    fitted = fit_ridge(x, y)
    centred = x - x.mean(0)
    rank = min(things - 1, dim_x)
    grid = np.array(PENALTIES) * float(centred.square().sum()) / rank
    model = RidgeCV(alphas=grid).fit(x.numpy(), y.numpy())
    np.testing.assert_allclose(fitted.penalty.numpy(), model.alpha_, rtol=1e-9)
    np.testing.assert_allclose(fitted.weight.numpy(), model.coef_.T, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(fitted(x).numpy(), model.predict(x.numpy()), rtol=1e-7, atol=1e-7)


def test_groups_choose_their_own_penalty_as_if_alone() -> None:
    x, easy = draw(25, 6, 2, noise=0.01)
    noise = torch.randn(25, 3, generator=torch.Generator().manual_seed(9)).double() * 50
    together = fit_ridge(x, torch.cat([easy, noise], 1), groups=[slice(0, 2)])
    alone, rest = fit_ridge(x, easy), fit_ridge(x, noise)
    torch.testing.assert_close(together.weight[:, :2], alone.weight)
    torch.testing.assert_close(together.weight[:, 2:], rest.weight)
    assert together.penalty[0] < together.penalty[4]


def test_scale_of_x_does_not_change_predictions() -> None:
    x, y = draw(15, 8, 3)
    first, second = fit_ridge(x, y), fit_ridge(x * 1e4, y)
    torch.testing.assert_close(first(x), second(x * 1e4))


def test_float32_goes_in_and_out_with_double_accuracy_within() -> None:
    x, y = draw(20, 50, 3)
    single, double = fit_ridge(x.float(), y.float()), fit_ridge(x.float().double(), y)
    assert single.weight.dtype == single.loo_predictions.dtype == torch.float32
    torch.testing.assert_close(single.weight.double(), double.weight, rtol=1e-4, atol=1e-4)


def test_one_thing_gives_its_own_answer() -> None:
    fitted = fit_ridge(torch.ones(1, 3), torch.tensor([[2.0, 5.0]]))
    assert fitted(torch.randn(4, 3)).tolist() == [[2.0, 5.0]] * 4
    assert math.isinf(fitted.penalty[0])


def test_constant_columns_and_identical_things_give_the_mean() -> None:
    y = torch.tensor([[1.0], [2.0], [6.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = fit_ridge(torch.full((3, 4), 7.3), y)
    torch.testing.assert_close(fitted(torch.zeros(1, 4)), torch.tensor([[3.0]]))
    torch.testing.assert_close(fitted.loo_predictions, torch.tensor([[4.0], [3.5], [1.5]]))


def test_duplicated_things_stay_finite() -> None:
    x, y = draw(4, 10, 2)
    fitted = fit_ridge(x.repeat(3, 1), y.repeat(3, 1))
    assert all(torch.isfinite(part).all() for part in (fitted.weight, fitted.loo_predictions))
    constant = torch.cat([x, torch.ones(4, 2)], 1)
    torch.testing.assert_close(fit_ridge(constant, y).weight[-2:], torch.zeros(2, 2).double())


def test_bad_input_is_refused() -> None:
    x, y = torch.randn(4, 2), torch.randn(4, 1)
    with pytest.raises(InputError, match="same number of rows of x and y, at least 1, got 4 and 3"):
        fit_ridge(x, y[:3])
    with pytest.raises(InputError, match="row 2 of x holds NaN"):
        fit_ridge(torch.where(torch.arange(4)[:, None] == 2, math.nan, x), y)
    with pytest.raises(InputError, match="at least one penalty"):
        fit_ridge(x, y, penalties=[0.0])
    with pytest.raises(InputError, match="groups of columns overlap"):
        fit_ridge(x, torch.randn(4, 3), groups=[slice(0, 2), slice(1, 3)])
