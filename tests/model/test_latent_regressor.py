"""`LatentRegressor`: scikit-learn's own checks, and its tools at work on few matched rows."""

import numpy as np
import pytest
import torch
from plain_data import draw_plain
from sklearn.base import clone, is_regressor
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from amodal import LatentRegressor, MatchedKFold, Workspace
from amodal.baselines import Procrustes, Ridge, TransportCCA
from amodal.errors import InputError

QUICK = Workspace(steps=0, members=1, folds=2)


@pytest.mark.filterwarnings("ignore::amodal.errors.Notice")
@parametrize_with_checks([LatentRegressor(Ridge())])
def test_checks_of_scikit_learn(estimator, check) -> None:
    run(estimator, check)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::amodal.errors.Notice")
@parametrize_with_checks([LatentRegressor(QUICK)])
def test_checks_of_scikit_learn_with_a_workspace(estimator, check) -> None:
    run(estimator, check)


def run(estimator, check) -> None:
    if check.func.__name__ == "check_array_api_input":
        pytest.skip("of arrays of other libraries, which are not claimed")
    check(estimator)


@pytest.fixture(scope="module")
def things():
    """X, y, and y known for the first 30 of 200 things only."""
    data = draw_plain(200)
    known = data["smell"].copy()
    known[30:] = np.nan
    return data["sound"], data["smell"], known


@pytest.mark.parametrize("kind", [torch.int64, torch.bfloat16])
def test_torch_rows_of_any_kind(kind) -> None:
    X, y = torch.arange(40)[:, None].to(kind), torch.arange(40)[:, None] / 7
    model = LatentRegressor(Ridge()).fit(X, y)
    expected = torch.arange(5)[:, None] / 7
    torch.testing.assert_close(model.predict(X[:5]).float(), expected, atol=0.05, rtol=0)
    assert model.score(X, y) > 0.99


def test_rows_of_nan_are_things_that_one_side_lacks(things) -> None:
    X, y, known = things
    model = LatentRegressor(QUICK).fit(X, known)
    assert model.model_.matches_ == 30
    direct = clone(QUICK).fit(
        {"X": X, "y": y[:30]}, matches={"X": np.arange(30), "y": np.arange(30)}
    )
    np.testing.assert_allclose(model.predict(X), direct.translate(X, "X", "y"), atol=1e-5)
    np.testing.assert_allclose(model.transform(X), direct.embed({"X": X}), atol=1e-5)
    assert model.score(X, y) > 0.7
    assert model.score(X, known) == pytest.approx(model.score(X[:30], y[:30]))
    assert list(model.get_feature_names_out())[:1] == ["latentregressor0"]


def test_unmatched_rows_of_both_sides_take_part(things) -> None:
    X, y, _ = things
    absent, seen = X.copy(), y.copy()
    absent[100:], seen[30:100] = np.nan, np.nan
    model = LatentRegressor(TransportCCA()).fit(absent, seen)
    direct = TransportCCA().fit(
        {"X": X[:100], "y": np.concatenate([y[:30], y[100:]])},
        matches={"X": np.arange(30), "y": np.arange(30)},
    )
    np.testing.assert_allclose(model.predict(X), direct.translate(X, "X", "y"), atol=1e-5)
    answer = model.predict(absent)
    assert np.isnan(answer[100:]).all()
    np.testing.assert_allclose(answer[:100], model.predict(X)[:100], atol=1e-5)
    assert np.isnan(model.predict(absent[100:])).all()


def test_torch_in_torch_out(things) -> None:
    X, y, known = things
    model = LatentRegressor(Ridge()).fit(torch.from_numpy(X), torch.from_numpy(known))
    answer = model.predict(torch.from_numpy(X).float())
    assert isinstance(answer, torch.Tensor)
    assert answer.dtype == torch.float32
    np.testing.assert_allclose(answer.numpy(), model.predict(X), atol=1e-4)
    assert model.score(torch.from_numpy(X), torch.from_numpy(y)) > 0.7


def test_in_a_pipeline_and_a_grid_search(things) -> None:
    X, y, known = things
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LatentRegressor()),
        {"latentregressor__model": [Ridge(principal=1), Ridge(), Procrustes()]},
        cv=KFold(3, shuffle=True, random_state=0),
        error_score="raise",
    ).fit(X, known)
    assert repr(search.best_params_["latentregressor__model"]) == "Ridge()"
    assert search.score(X[30:], y[30:]) > 0.7
    nested = GridSearchCV(LatentRegressor(Ridge()), {"model__principal": [1, 5]}, cv=2).fit(X, y)
    assert nested.best_params_ == {"model__principal": 5}


def test_only_matched_rows_are_held_out(things) -> None:
    X, _, known = things
    held_out = []
    for train, test in MatchedKFold(4).split(X, torch.from_numpy(known)):
        assert not set(train) & set(test)
        assert set(range(30, 200)) <= set(train)
        held_out += test.tolist()
    assert sorted(held_out) == list(range(30))
    scores = cross_val_score(LatentRegressor(Ridge()), X, known, cv=MatchedKFold(4))
    assert (scores > 0.5).all()
    with pytest.raises(InputError, match="n_splits is 31, expected 2 to 30"):
        next(MatchedKFold(31).split(X, known))
    with pytest.raises(InputError, match=r"no row is seen in both X and y.*MatchedKFold"):
        LatentRegressor(Ridge()).fit(X[30:], known[30:])


def test_one_target_comes_back_flat(things) -> None:
    X, y, _ = things
    model = LatentRegressor(Ridge()).fit(X, y[:, 0])
    assert model.predict(X).shape == (200,)
    assert is_regressor(model)


def test_what_cannot_be_told_apart_is_refused(things) -> None:
    X, y, known = things
    part = known.copy()
    part[3, 1] = np.nan
    with pytest.raises(InputError, match="row 3 of y is NaN in part: expected a row of numbers"):
        LatentRegressor(Ridge()).fit(X, part)
    with pytest.raises(InputError, match="takes no weights"):
        LatentRegressor(Ridge()).fit(X, known).score(X, y, sample_weight=np.ones(200))
    assert np.isnan(LatentRegressor(Ridge()).fit(X, known).score(X[30:], known[30:]))
