"""Intervals, calibration and forecasts on numbers whose answer is known."""

import numpy as np
import pytest

from amodal.diagnosis.calibration import calibration
from amodal.diagnosis.forecast import forecast
from amodal.diagnosis.resampling import across_learners, interval, ratio, resample, share_interval
from amodal.diagnosis.verdict import PASS, WARN, Verdict, of_run


def test_intervals_cover_a_known_mean() -> None:
    """Of 200 samples of 30, about 95 % hold the true ratio."""
    rng, held = np.random.default_rng(0), 0
    weights = resample(np.arange(30))
    for _ in range(200):
        found = ratio(rng.exponential(2, 30), rng.exponential(1, 30), weights, things=30)
        held += found.low <= 2 <= found.high
    assert 0.88 <= held / 200 <= 1


def test_repeated_things_widen_the_interval() -> None:
    values, ones = np.repeat(np.random.default_rng(0).normal(size=20), 5), np.ones(100)
    apart = ratio(values, ones, resample(np.arange(100)), things=100)
    together = ratio(values, ones, resample(np.repeat(np.arange(20), 5)), things=20)
    assert together.high - together.low > 1.8 * (apart.high - apart.low)


def fold_errors(rng: np.random.Generator, count: int = 32, folds: int = 4) -> np.ndarray:
    """Squared errors of least squares on every row, learnt from the other folds."""
    given, truth = rng.normal(size=(count, 5)), rng.normal(size=count)
    part, errors = np.arange(count) % folds, np.empty(count)
    for fold in range(folds):
        held = part == fold
        weights = np.linalg.lstsq(given[~held], truth[~held], rcond=None)[0]
        errors[held] = np.square(truth[held] - given[held] @ weights)
    return errors


def test_intervals_over_folds_hold_what_other_draws_show() -> None:
    """Without the widening, too few intervals hold the mean error of all draws."""
    rng = np.random.default_rng(0)
    drawn = [fold_errors(rng) for _ in range(400)]
    truth, weights = np.mean(drawn), resample(np.arange(32))
    held = {}
    for wider in (1.0, across_learners(4)):
        found = [ratio(e, np.ones(32), weights, things=32, wider=wider) for e in drawn[:200]]
        held[wider] = sum(each.low <= truth <= each.high for each in found) / 200
    assert held[1.0] < 0.88
    assert held[across_learners(4)] >= 0.9


def test_what_was_always_found_may_always_be_found() -> None:
    for things in range(2, 120):
        assert share_interval(1.0, things).high == 1
        assert share_interval(0.0, things).low == 0


def test_one_thing_has_no_interval() -> None:
    assert interval(np.array([1.0, 1.0]), 1).low is None


def expect(expected: np.ndarray, real: np.ndarray):
    weights = resample(np.arange(len(expected)))
    return calibration(expected, real**2, weights, things=len(expected))


def test_too_sure_and_doubt_that_means_nothing_are_seen() -> None:
    rng = np.random.default_rng(0)
    expected, real = rng.uniform(1, 2, 60), rng.uniform(2, 4, 60)
    found = expect(expected, real)
    assert found.ratio.mean == pytest.approx(0.5, abs=0.05)
    assert found.ratio.high < 0.6
    assert found.correlation.low < 0 < found.correlation.high
    assert [each.matches for each in found.bins] == [12] * 5
    assert [each.expected for each in found.bins] == sorted(each.expected for each in found.bins)


def test_constant_doubt_has_no_correlation() -> None:
    real = np.random.default_rng(0).uniform(1, 2, 25)
    assert expect(np.repeat([1.4, 1.5, 1.6, 1.5, 1.4], 5), real).correlation is None


SIZES = np.array([20, 30, 45, 60])


def look_ahead(means: np.ndarray, *, matches: int = 80, things: int = 80, seed: int = 0):
    noise = np.random.default_rng(seed).gamma(4, 1 / 4, size=(1, things))
    curve = means[:, None] * noise
    weights = resample(np.arange(things))
    return forecast(SIZES, curve, weights, things=things, matches=matches)


def test_a_floor_and_a_fall_are_told_apart() -> None:
    falling = look_ahead(1 / SIZES)
    flat = look_ahead(np.full(4, 0.3))
    for found, truth in ((falling, {2: 0.5, 4: 0.25}), (flat, {2: 1.0, 4: 1.0})):
        for times, share in found.times.items():
            assert share.low - 0.03 <= truth[times] <= share.high + 0.03
    assert falling.times[2].mean < 0.8
    assert flat.times[2].mean > 0.97


def test_errors_that_rise_promise_nothing() -> None:
    assert look_ahead(np.array([0.1, 0.2, 0.3, 0.4])).times[4].mean == pytest.approx(1)


def test_steep_falls_and_few_things_say_nothing() -> None:
    assert "steeply" in look_ahead(np.array([1.0, 0.3, 0.05, 0.01])).silent
    assert "too few" in look_ahead(1 / SIZES, things=12).silent
    assert "no error" in look_ahead(np.zeros(4)).silent


def test_curves_of_some_of_the_matches_are_enough() -> None:
    curve = np.repeat(1 / SIZES, 40).reshape(4, 40)
    curve[:, 20:] = np.nan
    found = forecast(SIZES, curve, resample(np.arange(40)), things=40, matches=80)
    assert found.times[2].mean < 0.8
    assert found.errors == pytest.approx(1 / SIZES)


def test_a_run_is_as_good_as_its_worst_direction() -> None:
    found = of_run([("a to b", Verdict(PASS, "")), ("b to a", Verdict(WARN, "weak"))])
    assert (found.level, found.reason) == (WARN, "b to a: weak")
    assert of_run([]).level == WARN
