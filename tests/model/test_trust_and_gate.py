"""Never worse than ridge on held-out matches; and an uncertainty that means what it says."""

import numpy as np
import pytest
import torch
from plain_data import draw_plain, quick, same_rows

from amodal import MatchTable, Workspace
from amodal.fewmatch.ridge import fit_ridge
from amodal.latents import Normalisation
from amodal.model.fitting import fit_population
from amodal.model.plan import Trial
from amodal.model.presets import Preset
from amodal.model.trust import trust_of
from amodal.training import TrainingSettings
from amodal.workspace import Architecture


def test_without_steps_the_workspace_is_ridge_on_the_same_matches() -> None:
    data = draw_plain()
    model = quick(steps=0).fit(data, matches=same_rows(20))
    rows = {n: torch.from_numpy(v).float() for n, v in data.items()}
    scaled = {n: model.normalisation_[n].apply(v) for n, v in rows.items()}
    ridge = fit_ridge(scaled["sound"][:20], scaled["smell"][:20])
    expected = model.normalisation_["smell"].invert(ridge(scaled["sound"]))
    found = model.translate(rows["sound"], "sound", "smell")
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_training_on_noise_keeps_the_start() -> None:
    """Matches that mean nothing: whatever training makes of them is worse, and is not kept."""
    rng = np.random.default_rng(0)
    data = {"sound": rng.normal(size=(200, 5)), "smell": rng.normal(size=(200, 4))}
    settings = {"losses": {"translation": 1.0}, "learning_rate": 2e-2}
    matches = same_rows(24)
    model = quick(steps=50, **settings).fit(data, matches=matches)
    start = quick(steps=0, **settings).fit(data, matches=matches)
    [gate] = model.gate_
    assert gate["score"] <= gate["start_score"]
    last = [r["held_out"] for r in model.history_ if r["step"] == 50 and r["held_out"] is not None]
    assert np.mean(last) > gate["start_score"]
    assert gate["step"] == 0
    # Nothing is learnt from training, so that members and start answer alike.
    torch.testing.assert_close(model.ensemble_.members.matrix, start.ensemble_.members.matrix)


def test_training_that_helps_is_kept() -> None:
    data = draw_plain(400, noise=0.02)
    data["sound"] = np.sign(data["sound"]) * np.abs(data["sound"]) ** 3
    model = quick(steps=150, learning_rate=1e-2).fit(data, matches=same_rows(150))
    [gate] = model.gate_
    assert gate["step"] > 0
    assert gate["score"] < gate["start_score"]


def trials(typed, *things: int) -> list:
    names = ("sight", "touch")
    rows = {n: torch.from_numpy(typed.latents[n].rows) for n in names}
    latents = {n: Normalisation.fit(r, typed.spaces[n]).apply(r) for n, r in rows.items()}
    table = MatchTable(names, np.stack([np.arange(40)] * 2, 1))
    preset = Preset(folds=2, members=1, training=TrainingSettings(steps=20, evaluate_every=10))
    architecture = Architecture({n: typed.spaces[n] for n in names}, state=9, hidden=8)
    planned = [
        Trial(losses={"translation": 1.0, "cycle": 1.0}, things=np.arange(n), seed=n)
        for n in things
    ]
    return fit_population(preset, architecture, latents, table, trials=planned)


def test_trials_do_not_see_each_other(typed) -> None:
    together, alone = trials(typed, 30, 5), (*trials(typed, 30), *trials(typed, 5))
    for found, expected in zip(together, alone, strict=True):
        torch.testing.assert_close(
            found.ensemble.members.matrix, expected.ensemble.members.matrix, atol=1e-5, rtol=0
        )
        assert [g["step"] for g in found.gate] == [g["step"] for g in expected.gate]
    # Five matches cannot be judged: their start is kept, also beside a trial that trains.
    assert together[1].gate == [{"step": 0, "score": None, "start_score": None}]
    assert together[1].trust == {}


@pytest.fixture(scope="module")
def uncertain():
    """A fit, and held-back things of which the last hundred lie far outside what it saw."""
    data = draw_plain(500, noise=0.1)
    model = Workspace(steps=60, members=2, folds=3).fit(data, matches=same_rows(60))
    rng, mixing = np.random.default_rng(5), np.random.default_rng(77)
    hidden = rng.normal(size=(300, 3))
    hidden[200:] *= 4
    sound = np.tanh(hidden @ mixing.normal(size=(3, 5)) / 3) * 4
    smell = hidden @ mixing.normal(size=(3, 4)) + 2
    sound, smell = (a + 0.1 * rng.normal(size=a.shape) for a in (sound, smell))
    answer, doubt = model.translate(sound, "sound", "smell", uncertainty=True)
    scale = model.normalisation_["smell"].scale.numpy()
    actual = np.sqrt(np.square((answer - smell) / scale).mean(1))
    return doubt, actual


def test_doubt_is_calibrated_on_things_like_those_seen(uncertain) -> None:
    doubt, actual = uncertain
    expected, found = (np.sqrt(np.square(v[:200]).mean()) for v in (doubt, actual))
    assert 1 / 1.5 < expected / found < 1.5


def test_doubt_grows_with_the_error(uncertain) -> None:
    doubt, actual = uncertain
    assert doubt[200:].mean() > doubt[:200].mean()
    order = [np.argsort(np.argsort(v)) for v in (doubt, actual)]
    assert np.corrcoef(*order)[0, 1] > 0.2


def trust_by_hand(things: int):
    """Two members whose distance says how wrong they are: error^2 = 0.5 + 2 disagreement."""
    rng = np.random.default_rng(0)
    distance = rng.uniform(0, 2, things)
    members = np.stack([distance, -distance])[..., None]
    truth = np.sqrt(0.5 + 2 * distance**2)[:, None]
    given = (torch.from_numpy(v).float() for v in (members, truth))
    members, truth = given
    cycle = torch.zeros(things)
    return trust_of(members.mean(0), members, cycle, truth), distance, truth


def test_the_law_of_the_errors_is_found() -> None:
    trust, distance, truth = trust_by_hand(200)
    np.testing.assert_allclose(trust.coefficients, [0.5, 2, 0], atol=1e-3)
    expected = trust.expected_error(torch.from_numpy(distance**2).float(), torch.zeros(200))
    torch.testing.assert_close(expected, truth[:, 0], atol=1e-3, rtol=1e-3)
    assert trust.matches == 200


def test_members_who_say_what_is_given_say_nothing_of_its_error() -> None:
    truth = torch.linspace(-1, 1, 40)[:, None]
    given = torch.zeros(40, 1)
    members = given + 1e-6 * truth  # float32's rounding of a mean
    trust = trust_of(given, members[None], torch.zeros(40), truth)
    assert trust.coefficients == pytest.approx((float(truth.square().mean()), 0, 0))


def test_constant_columns_explain_nothing_and_hide_nothing() -> None:
    rng = torch.Generator().manual_seed(0)
    truth = torch.cat([torch.full((40, 19), 2.0), torch.randn(40, 1, generator=rng)], 1)
    answers = torch.cat([truth[:, :19] + 1e-7, 0.5 * truth[:, 19:]], 1)
    trust = trust_of(answers, answers[None], torch.zeros(40), truth)
    assert trust.explained[:19] == (0.0,) * 19
    assert 0.7 < trust.explained[19] < 0.8
    assert trust.of_all == pytest.approx(trust.explained[19], abs=1e-3)


def test_with_few_matches_every_row_gets_the_mean_error() -> None:
    trust, _, truth = trust_by_hand(12)
    assert trust.coefficients == pytest.approx((float(truth.square().mean()), 0, 0))
    assert trust.typical == pytest.approx(float(truth.square().mean().sqrt()))
    again = type(trust).from_json(trust.to_json())
    assert again == trust
