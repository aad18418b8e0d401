"""`Workspace` and the baselines as scikit-learn expects estimators to be."""

import numpy as np
import pytest
import sklearn.utils.estimator_checks as checks
import torch
from plain_data import draw_plain, quick, same_rows
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from amodal import Workspace
from amodal.baselines import (
    ASIF,
    CCA,
    CSA,
    Contrastive,
    CycleTranslators,
    KernelRidge,
    MultimodalVAE,
    Procrustes,
    Ridge,
    SOTAlign,
    SpectralCCA,
    TransportCCA,
    WassersteinProcrustes,
)
from amodal.errors import InputError, NotFittedError

BASELINES = [Ridge, CCA, Procrustes, KernelRidge, TransportCCA]
APPLY = [
    checks.check_parameters_default_constructible,
    checks.check_get_params_invariance,
    checks.check_set_params,
    checks.check_no_attributes_set_in_init,
    checks.check_estimator_repr,
    checks.check_estimator_cloneable,
]
"""Those that need no arrays X and y."""


@pytest.mark.parametrize("check", APPLY, ids=lambda check: check.__name__)
@pytest.mark.parametrize("method", [Workspace, *BASELINES])
def test_checks_of_settings(method: type, check) -> None:
    check(method.__name__, method())


def test_a_clone_keeps_every_setting() -> None:
    model = clone(TransportCCA(principal=7).set_params(principal=None))
    assert model.get_params() == {"settings": None, "principal": None}
    assert clone(CCA(components=2, penalty=3.0)).get_params()["penalty"] == 3.0
    assert repr(clone(Ridge(principal=4))) == "Ridge(principal=4)"


TUNED = (
    ASIF,
    CSA,
    Contrastive,
    CycleTranslators,
    MultimodalVAE,
    SOTAlign,
    SpectralCCA,
    WassersteinProcrustes,
)


@pytest.mark.parametrize("method", TUNED)
def test_principal_coordinates_of_tuned_baselines_are_a_setting_like_any_other(method) -> None:
    assert clone(method(principal=3)).get_params()["principal"] == 3
    with pytest.raises(InputError, match="principal is 0, expected None or at least 1"):
        method(principal=0).fit(draw_plain(), matches=same_rows(10))
    assert method().set_params(principal=None).principal is None


def test_principal_set_later_is_the_same_as_set_at_once() -> None:
    given = draw_plain(), same_rows(10)
    first = CSA(principal=2).fit(given[0], matches=given[1])
    later = CSA().set_params(principal=2).fit(given[0], matches=given[1])
    rows = {"sound": given[0]["sound"]}
    np.testing.assert_array_equal(first.embed(rows), later.embed(rows))


@pytest.fixture(scope="module", params=[Ridge, TransportCCA, Workspace], ids=lambda m: m.__name__)
def fitted(request):
    model = quick(steps=0) if request.param is Workspace else request.param()
    return model.fit(draw_plain(), matches=same_rows(40))


def test_transform_gives_each_modality_its_states(fitted) -> None:
    data = draw_plain(50, seed=3)
    data["smell"] = data["smell"][:20]
    states = fitted.transform(data)
    assert {name: len(rows) for name, rows in states.items()} == {"sound": 50, "smell": 20}
    np.testing.assert_array_equal(states["smell"], fitted.embed({"smell": data["smell"]}))
    tensors = fitted.transform({"sound": torch.from_numpy(data["sound"])})
    assert isinstance(tensors["sound"], torch.Tensor)
    again = clone(fitted).fit_transform(draw_plain(), matches=same_rows(40))
    np.testing.assert_allclose(again["sound"], fitted.transform(draw_plain())["sound"], atol=1e-5)


def test_score_is_the_share_explained_of_held_out_matches(fitted) -> None:
    held_out = draw_plain(200, seed=5)
    expected = []
    for source, target in (("sound", "smell"), ("smell", "sound")):
        truth = held_out[target]
        left = np.square(fitted.translate(held_out[source], source, target) - truth).sum()
        expected.append(1 - left / np.square(truth - truth.mean(0)).sum())
    found = fitted.score(held_out, matches=same_rows(200))
    assert found == pytest.approx(np.mean(expected), abs=1e-4)
    assert 0.5 < found < 1
    wrong = {"sound": list(range(200)), "smell": list(range(200))[::-1]}
    assert fitted.score(held_out, matches=wrong) < 0
    with pytest.raises(InputError, match="needs two or more matches"):
        fitted.score(held_out, matches=same_rows(1))


def test_modalities_are_known_after_the_fit(fitted) -> None:
    assert fitted.modalities_ == ("sound", "smell")
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        _ = clone(fitted).modalities_


def test_a_grid_of_settings_is_a_loop() -> None:
    data, held_out = draw_plain(), draw_plain(100, seed=6)
    scores = {
        settings["principal"]: Ridge()
        .set_params(**settings)
        .fit(data, matches=same_rows(30))
        .score(held_out, matches=same_rows(100))
        for settings in ParameterGrid({"principal": [1, 3]})
    }
    assert scores[3] > scores[1]
