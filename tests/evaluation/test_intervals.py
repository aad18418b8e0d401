"""Intervals: hand-computed values, and the share of intervals that hold the true mean."""

import json

import numpy as np
import pytest

from amodal.errors import InputError
from amodal.evaluation.intervals import bootstrap_interval, mean_interval, paired_difference


def test_hand_computed_student_interval() -> None:
    interval = mean_interval([1.0, 2.0, 3.0])
    # t(0.975, 2) = 4.302653; s = 1; sqrt(3) = 1.732051
    assert (interval.mean, interval.runs) == (2.0, 3)
    assert interval.high == pytest.approx(2 + 4.302653 / 1.732051, rel=1e-6)
    assert interval.low == pytest.approx(2 - 4.302653 / 1.732051, rel=1e-6)


@pytest.mark.parametrize("runs", [3, 5, 10])
def test_student_interval_covers_the_mean_as_often_as_it_says(runs: int) -> None:
    draws = np.random.default_rng(runs).normal(7, 2, size=(2000, runs))
    intervals = [mean_interval(values) for values in draws]
    share = np.mean([interval.low <= 7 <= interval.high for interval in intervals])
    # Binomial: 0.95 plus or minus 3 standard errors of 2,000 draws.
    assert abs(share - 0.95) < 0.015


def test_bootstrap_interval_covers_the_mean_of_skewed_samples() -> None:
    draws = np.random.default_rng(5).exponential(1.0, size=(200, 60))
    intervals = [bootstrap_interval(values, resamples=200) for values in draws]
    share = np.mean([interval.low <= 1 <= interval.high for interval in intervals])
    assert 0.87 < share < 0.99


def test_bootstrap_is_seeded() -> None:
    values = np.random.default_rng(6).normal(size=30)
    assert bootstrap_interval(values, seed=1) == bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) != bootstrap_interval(values, seed=2)


def test_paired_difference_is_sharper_than_separate_intervals() -> None:
    generator = np.random.default_rng(4)
    shared = generator.normal(0, 10, size=8)
    first, second = shared + 1 + generator.normal(0, 0.1, 8), shared
    difference, alone = paired_difference(first, second), mean_interval(first)
    assert difference.low > 0.8
    assert difference.high < 1.2
    assert alone.high - alone.low > 5


def test_one_run_has_no_interval_and_is_written_as_valid_json() -> None:
    interval = mean_interval([0.25])
    assert (str(interval), interval.low, interval.high) == ("0.25", None, None)
    assert json.loads(json.dumps(interval.to_json(), allow_nan=False))["low"] is None
    assert str(mean_interval([1.0, 2.0, 3.0])) == "2 ± 2.5"


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="finite numbers, one for each run"):
        mean_interval([])
    with pytest.raises(InputError, match="finite numbers, one for each run"):
        bootstrap_interval([1.0, float("nan")])
    with pytest.raises(InputError, match="got 2 and 3 values"):
        paired_difference([1, 2], [1, 2, 3])
    with pytest.raises(InputError, match="expected a share between 0 and 1"):
        mean_interval([1.0, 2.0], level=95.0)
