"""The saving factor on curves whose factor is known."""

import numpy as np
import pytest

from amodal.errors import InputError
from amodal.study.factor import Curve, falling, saving_factor, times_as_many

MATCHES = np.array([20.0, 50, 100, 200, 500, 1000, 2000, 5000, 10_000])


def power_law(factor: float = 1.0, *, slope: float = 0.6, floor: float = 0.0) -> np.ndarray:
    """Loss of a method that makes one match do the work of `factor`."""
    return 3 * (factor * MATCHES) ** -slope + floor


def noisy(losses: np.ndarray, rng, *, seeds: int = 5, spread: float = 0.1) -> Curve:
    """Seeds that differ as a whole, and at each number."""
    shared = spread * rng.normal(size=(1, seeds))
    own = spread * rng.normal(size=(len(losses), seeds))
    return Curve(MATCHES, losses[:, None] * np.exp(shared + own))


@pytest.mark.parametrize("factor", [0.5, 1.0, 4.0, 7.0])
def test_known_factor_is_found_at_every_level(factor: float) -> None:
    slow, fast = (Curve(MATCHES, power_law(f)[:, None]) for f in (1.0, factor))
    for level in np.geomspace(0.05, 0.12, 5):
        found = saving_factor(slow, fast, level)
        assert found.value == pytest.approx(factor)
        assert found.sign == ""
        assert found.reference_matches == pytest.approx(factor * (found.method_matches or 0))


def test_interpolation_is_linear_between_logarithms() -> None:
    reference = Curve(np.array([100.0, 10_000.0]), np.array([[1.0], [0.01]]))
    method = Curve(np.array([10.0, 1000.0]), np.array([[1.0], [0.01]]))
    found = saving_factor(reference, method, 0.1)
    assert (found.reference_matches, found.method_matches) == (
        pytest.approx(1000),
        pytest.approx(100),
    )


def test_levels_beyond_a_curve_give_bounds_and_no_extrapolation() -> None:
    slow, fast = (Curve(MATCHES, power_law(f)[:, None]) for f in (1.0, 10.0))
    lowest = float(power_law()[-1])
    beyond = saving_factor(slow, fast, lowest / 1.5)
    assert (beyond.sign, beyond.reference_matches) == (">=", None)
    assert beyond.value == pytest.approx(10_000 / (beyond.method_matches or 0))
    assert beyond.value < 10
    before = saving_factor(slow, fast, float(power_law()[2]))  # 100 matches against 10
    assert (before.sign, before.value) == (">=", pytest.approx(5))
    turned = saving_factor(fast, slow, lowest / 1.5)
    assert (turned.sign, turned.value) == ("<=", pytest.approx(1 / beyond.value))
    neither = saving_factor(slow, fast, lowest / 1000)
    assert (neither.sign, neither.value, str(neither)) == ("?", None, "unknown")


def test_times_as_many_does_not_grow_where_the_own_curve_is_flat() -> None:
    """From 20 matches on the method has .02; the reference has it from 5,623 on."""
    numbers = np.array([20.0, 100, 1000, 10_000])
    reference = Curve(numbers, np.array([[0.2], [0.1], [0.04], [0.0159]]))
    method = Curve(numbers[:3], np.array([[0.02], [0.02], [0.02]]))
    found = [times_as_many(reference, method, at) for at in numbers[:3]]
    needed = found[0].reference_matches
    assert needed == pytest.approx(5623, rel=0.01)
    assert [each.value for each in found] == [pytest.approx(needed / at) for at in numbers[:3]]
    assert [each.level for each in found] == [pytest.approx(0.02)] * 3


def test_each_draw_has_a_level_of_its_own() -> None:
    """Seeds that are better as a whole are so for both curves: the factor is the same for all."""
    shared = np.exp(np.array([[-0.5, 0.0, 0.5]]))
    slow, fast = (Curve(MATCHES, power_law(f)[:, None] * shared) for f in (1.0, 4.0))
    for at in MATCHES[:-4]:
        found = times_as_many(slow, fast, at)
        assert (found.low, found.value, found.high) == (pytest.approx(4),) * 3


def test_curves_are_compared_on_the_seeds_that_they_share() -> None:
    losses = power_law()[:, None] * np.array([[1.0, 2.0, 3.0]])
    first = Curve(MATCHES, losses, seeds=(0, 1, 4))
    second = Curve(MATCHES, losses[:, [0, 2, 1]] / [[1.0, 1.0, 9.0]], seeds=(0, 4, 7))
    found = saving_factor(first, second, 0.3)
    assert found.value == pytest.approx(1)
    assert (found.low, found.high) == (pytest.approx(1), pytest.approx(1))
    with pytest.raises(InputError, match="2 seeds, expected 3"):
        Curve(MATCHES, losses, seeds=(0, 1))


def test_bounds_are_printed_as_bounds() -> None:
    slow, fast = (Curve(MATCHES, power_law(f)[:, None]) for f in (1.0, 10.0))
    assert str(saving_factor(slow, fast, float(power_law()[2]))).startswith("≥ 5")


def test_a_curve_that_rises_by_noise_is_made_to_fall() -> None:
    bumpy = power_law().copy()
    bumpy[4] *= 1.8
    found = saving_factor(Curve(MATCHES, bumpy[:, None]), Curve(MATCHES, bumpy[:, None]), 0.06)
    assert found.value == pytest.approx(1)


def test_falling_is_isotonic_regression() -> None:
    from sklearn.isotonic import isotonic_regression

    heights = np.random.default_rng(0).normal(size=(20, 9)).cumsum(1) - np.arange(9) * 0.3
    expected = [isotonic_regression(row, increasing=False) for row in heights]
    np.testing.assert_allclose(falling(heights), expected, atol=1e-12)


@pytest.mark.parametrize(("seeds", "least"), [(5, 0.92), (3, 0.90), (12, 0.92)])
def test_the_interval_covers_the_true_factor(seeds: int, least: float) -> None:
    rng = np.random.default_rng(seeds)
    covered, widths = [], []
    for _ in range(200):
        slow, fast = (noisy(power_law(f), rng, seeds=seeds) for f in (1.0, 4.0))
        found = saving_factor(slow, fast, 0.08, resamples=500)
        low, high = found.low or 0.0, np.inf if found.high is None else found.high
        covered.append(low <= 4 <= high)
        widths.append(high / max(low, 1e-9))
    assert least <= np.mean(covered) <= 1
    if seeds >= 5:  # not by being endless
        assert np.median(widths) < 4


def test_draws_beyond_a_curve_leave_the_interval_open() -> None:
    rng = np.random.default_rng(0)
    slow, fast = (noisy(power_law(f), rng) for f in (1.0, 4.0))
    found = saving_factor(slow, fast, float(power_law()[-1]))
    assert found.high is None
    assert found.low is not None


def test_one_seed_has_no_interval() -> None:
    curve = Curve(MATCHES, power_law()[:, None])
    found = saving_factor(curve, curve, 0.08)
    assert (found.low, found.high) == (None, None)


def test_curve_takes_the_seeds_that_all_numbers_have() -> None:
    rows = [
        {"matches": n, "seed": s, "loss": (s + 1) / n}
        for n in (100, 10)
        for s in (0, 1, 2)
        if (n, s) != (10, 1)
    ]
    curve = Curve.of(rows, "loss")
    assert curve.matches.tolist() == [10, 100]
    assert curve.losses.tolist() == [[0.1, 0.3], [0.01, 0.03]]
    assert curve.level_at(10) == pytest.approx(np.sqrt(0.1 * 0.3))


def test_unusable_curves_are_refused() -> None:
    with pytest.raises(InputError, match="must grow, got"):
        Curve(np.array([10.0, 10.0]), np.ones((2, 1)))
    with pytest.raises(InputError, match="positive and finite"):
        Curve(np.array([10.0, 20.0]), np.array([[1.0], [0.0]]))
    with pytest.raises(InputError, match="no run has a figure called 'loss'"):
        Curve.of([{"matches": 3, "seed": 0}], "loss")
    with pytest.raises(InputError, match="expected a positive loss"):
        saving_factor(
            Curve(np.array([10.0]), np.ones((1, 1))), Curve(np.array([10.0]), np.ones((1, 1))), 0
        )
