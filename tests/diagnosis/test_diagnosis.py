"""A diagnosis is right about what many further things then show, and plain about what is wrong."""

from dataclasses import replace

import numpy as np
import pytest

import amodal
from amodal.diagnosis import diagnose
from amodal.diagnosis.verdict import FAIL, PASS, WARN
from amodal.errors import NotFittedError, NotFoundError

RNG = np.random.default_rng(77)
TO_SOUND, TO_SMELL = RNG.normal(size=(3, 5)), RNG.normal(size=(3, 4))
QUICK = {"steps": 5, "members": 1, "folds": 3}


def draw(things: int, *, seed: int = 0, noise: float = 0.1) -> dict[str, np.ndarray]:
    """Two views of hidden things."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(things, 3))
    views = {"sound": np.tanh(hidden @ TO_SOUND / 3) * 4, "smell": hidden @ TO_SMELL + 2}
    return {n: a + noise * rng.normal(size=a.shape) for n, a in views.items()}


def fit(data, matches: int = 60, **changed) -> amodal.Workspace:
    rows = {name: list(range(matches)) for name in data}
    return amodal.Workspace(**(QUICK | changed)).fit(data, matches=rows)


@pytest.fixture(scope="module")
def model():
    return fit(draw(500))


def test_a_good_run_passes(model) -> None:
    found = diagnose(model)
    assert found.verdict.level == PASS
    assert [v.level for v in found.verdicts] == [PASS, PASS]
    for each in found.directions:
        assert each.explained.low > 0.8
        assert each.search[-1].gallery == "unmatched"
        assert each.search[-1].pool == 441
        assert each.search[-1].ours[10].low > 0.8


def test_intervals_hold_what_many_other_things_show(model) -> None:
    """The variance explained on 2,000 things that no fit has seen lies near the interval."""
    others = draw(2000, seed=9)
    for each in diagnose(model).directions:
        answers = model.translate(others[each.source], each.source, each.target)
        scale = model.normalisation_[each.target].scale.numpy()
        truth = others[each.target] / scale
        missed = np.square(answers / scale - truth).sum()
        real = 1 - missed / np.square(truth - truth.mean(0)).sum()
        # Folds learn from three quarters of the matches: a little worse than the model itself.
        assert each.explained.low - 0.02 < real < each.explained.high + 0.04


@pytest.mark.slow
def test_expected_errors_are_the_real_ones_on_many_things() -> None:
    """Unequal noise, so that there is something to doubt; 3,000 things besides the matches."""
    data = draw(500, noise=0.5)
    model, others = fit(data, matches=100), draw(3000, seed=5, noise=0.5)
    rng = np.random.default_rng(1)
    others["sound"][1500:] *= rng.uniform(1.5, 3, size=(1500, 1))  # the like of it was never seen
    for source, target in (("sound", "smell"), ("smell", "sound")):
        answer, doubt = model.translate(others[source], source, target, uncertainty=True)
        scale = model.normalisation_[target].scale.numpy()
        real = np.sqrt(np.square((answer - others[target]) / scale).mean(1))
        usual = slice(0, 1500)
        ratio = np.sqrt(np.square(doubt[usual]).mean() / np.square(real[usual]).mean())
        [found] = [d for d in diagnose(model).directions if d.source == source]
        assert 0.75 < ratio < 1.33
        assert 0.75 < found.calibration.ratio.mean < 1.33
    answer, doubt = model.translate(others["sound"], "sound", "smell", uncertainty=True)
    real = np.square((answer - others["smell"]) / model.normalisation_["smell"].scale.numpy())
    ranks = [np.argsort(np.argsort(v)) for v in (doubt, real.mean(1))]
    assert np.corrcoef(*ranks)[0, 1] > 0.2


def test_noise_fails() -> None:
    rng = np.random.default_rng(0)
    data = {"sound": rng.normal(size=(400, 5)), "smell": rng.normal(size=(400, 4))}
    found = diagnose(fit(data, matches=40, steps=0))
    assert found.verdict.level == FAIL
    assert "cannot be told from the mean" in found.verdict.reason


def test_half_known_things_are_worth_a_warning() -> None:
    data = draw(400)
    rng = np.random.default_rng(3)
    data["smell"] = np.concatenate([data["smell"][:, :1], rng.normal(size=(400, 3))], 1)
    diagnosis = diagnose(fit(data, steps=0))
    found = diagnosis.verdicts[[each.target for each in diagnosis.directions].index("smell")]
    assert found.level == WARN
    assert "the gist only" in found.reason


def test_few_held_out_things_do_not_pass() -> None:
    found = diagnose(fit(draw(300), matches=12, steps=0))
    assert found.verdict.level == WARN
    assert "12 things were held out" in found.verdict.reason
    assert "too few to see" in found.directions[0].forecast.silent


@pytest.mark.filterwarnings("ignore::amodal.errors.Notice")
def test_nothing_held_out_is_said() -> None:
    found = diagnose(fit(draw(100), matches=5))
    assert found.verdict.level == WARN
    assert "no matches were held out" in str(found)


def test_what_cannot_be_diagnosed_is_explained(model, tmp_path) -> None:
    with pytest.raises(NotFittedError, match="not fitted yet"):
        diagnose(amodal.Workspace())
    model.save(tmp_path / "run")
    old = amodal.load(tmp_path / "run")
    old.evidence_ = {}
    with pytest.raises(NotFoundError, match="fit it again"):
        diagnose(old)


def test_the_page_and_the_json_tell_the_same(model) -> None:
    found = diagnose(model)
    page, plain = str(found), found.to_json()
    assert page.startswith("PASS all directions: sound to smell, smell to sound")
    for each in plain["directions"]:
        assert f"{each['source']} to {each['target']}: PASS" in page
        assert f"{each['explained']['mean']:.0%}" in page
    assert plain["verdict"]["level"] == "PASS"
    assert page == str(diagnose(model))


def test_the_page_names_no_training_where_there_was_none() -> None:
    found = diagnose(fit(draw(200), matches=30, steps=0))
    assert not found.trained
    page = str(found)
    assert "answered by" in page
    assert "ridge regression 100%" in page
    assert "trained members" not in page
    assert "members kept their start" in page
    assert "made no difference" not in page


def test_the_page_says_when_unmatched_rows_weigh_less(model) -> None:
    diagnosis = diagnose(model)
    assert "of their weights" not in str(diagnosis)
    light, without = (str(replace(diagnosis, unmatched_weight=w)) for w in (0.1, 0.0))
    assert "demi-cycles and cycles at 0.1 of their weights" in light
    assert "training, with unmatched rows," in light
    assert "training, on matches alone," in without
    assert "with unmatched rows" not in without
