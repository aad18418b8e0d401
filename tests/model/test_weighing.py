"""How much unmatched rows may say is chosen by held-out matches, where these are enough."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import amodal
from amodal import Workspace
from amodal.cli.fit import summary
from amodal.latents import MatchTable
from amodal.model.plan import Trial
from amodal.model.presets import PRESETS
from amodal.model.weighing import JUDGES, weighed_trials

LOSSES = {"translation": 1.0, "demi_cycle": 0.1, "cycle": 1.0}


def table(things: int) -> MatchTable:
    return MatchTable(("image", "text"), np.stack([np.arange(things)] * 2, 1))


def trial(things: int, factors: tuple[float, ...]) -> Trial:
    return Trial(LOSSES, np.arange(things), members=3, unmatched_weights=factors)


def settled(trials, scores, *, folds=4):
    """The trials settled by made-up scores by the weight of the cycle; and the runs trained."""
    seen = []

    def trained(runs):
        seen.extend(runs)
        return SimpleNamespace(score={r.group: scores[r.losses.get("cycle", 0.0)] for r in runs})

    return weighed_trials(table(200), trials, folds=folds, trained=trained), seen


def test_the_factor_with_the_best_held_out_score_is_taken_trial_by_trial() -> None:
    trials = [trial(150, (1.0, 0.1, 0.0)), trial(50, (1.0,)), trial(200, (1.0, 0.0))]
    found, runs = settled(trials, {1.0: 3.0, 0.1: 1.0, 0.0: 2.0})
    assert [each.unmatched_weights for each in found] == [(0.1,), (1.0,), (0.0,)]
    assert found[0].losses == pytest.approx({"translation": 1.0, "demi_cycle": 0.01, "cycle": 0.1})
    assert (found[1].losses, found[2].losses) == (LOSSES, {"translation": 1.0})
    assert [each.members for each in found] == [3, 3, 3]
    # Two folds for each of five factors, each judged by its own held-out matches.
    assert len(runs) == 5 * JUDGES
    assert all(len(run.held_out) for run in runs)
    assert len({run.group for run in runs}) == 5


def test_a_smaller_factor_must_be_better_by_more_than_chance() -> None:
    level, _ = settled([trial(150, (1.0, 0.1, 0.0))], {1.0: -4.75, 0.1: -4.76, 0.0: -4.70})
    assert level[0].unmatched_weights == (1.0,)
    better, _ = settled([trial(150, (1.0, 0.1, 0.0))], {1.0: -0.78, 0.1: -0.92, 0.0: -0.93})
    assert better[0].unmatched_weights == (0.1,)


def test_one_factor_is_taken_as_it_is_and_without_folds_the_first() -> None:
    found, runs = settled([trial(150, (1.0,))], {})
    assert (found[0].losses, runs) == (LOSSES, [])
    found, runs = settled([trial(150, (1.0, 0.0))], {}, folds=1)
    assert (found[0].losses, runs) == (LOSSES, [])


def test_few_matches_and_losses_that_were_asked_for_are_not_weighed() -> None:
    preset = PRESETS["default"]
    assert Trial.of(preset, np.arange(100), seed=0).unmatched_weights == (1.0,)
    assert Trial.of(preset, np.arange(101), seed=0).unmatched_weights == (1.0, 0.1, 0.0)
    asked = Trial.of(preset, np.arange(101), seed=0, losses={"cycle": 2.0})
    assert (asked.losses, asked.unmatched_weights) == ({"cycle": 2.0}, (1.0,))


def test_a_run_keeps_what_was_chosen_and_no_checkpoint(tmp_path, monkeypatch) -> None:
    few = replace(PRESETS["default"], unmatched_weights=(0.1, 0.0))
    monkeypatch.setitem(PRESETS, "default", few)
    hidden = np.random.default_rng(0).normal(size=(300, 2))
    latents = {"image": hidden, "text": np.tanh(hidden)}
    matches = {name: np.arange(120) for name in latents}
    quick = Workspace(steps=20, members=1, align=False, kernel=False)
    model = quick.fit(latents, matches=matches, folder=tmp_path / "run")
    assert model.unmatched_weight_ in (0.1, 0.0)
    assert not list((tmp_path / "run").glob("checkpoint*"))
    assert amodal.load(tmp_path / "run").unmatched_weight_ == model.unmatched_weight_
    told = summary(model, {"image": 300, "text": 300}, 1.0).splitlines()[1]
    assert told.startswith(
        "demi-cycles and cycles weigh 0.1 times"
        if model.unmatched_weight_
        else "unmatched rows teach nothing here"
    )
    asked = quick.set_params(losses=LOSSES, steps=2).fit(latents, matches=matches)
    assert asked.unmatched_weight_ == 1


def test_nothing_is_tried_where_nothing_is_trained(monkeypatch) -> None:
    def fail(*_, **__):
        raise AssertionError("tried")

    monkeypatch.setattr("amodal.model.fitting.weighed_trials", fail)
    hidden = np.random.default_rng(0).normal(size=(130, 2))
    latents = {"image": hidden, "text": hidden @ np.ones((2, 3))}
    Workspace(steps=0).fit(latents, matches={name: np.arange(130) for name in latents})
