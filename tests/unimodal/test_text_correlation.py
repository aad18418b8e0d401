"""Canonical correlations between two speakers' phrases."""

import numpy as np
import pytest
from sklearn.cross_decomposition import CCA

from amodal.errors import InputError
from amodal.unimodal.text_correlation import canonical_directions
from amodal.unimodal.text_network import mixed


def bags_of(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    numbers = [np.flatnonzero(row) for row in table]
    starts = np.cumsum([0, *[len(part) for part in numbers[:-1]]])
    return np.concatenate(numbers).astype(np.int64), starts.astype(np.int64)


@pytest.fixture(scope="module")
def speakers() -> tuple[np.ndarray, np.ndarray]:
    """Two independent noisy views of two hidden coins, and two words about nothing."""
    random = np.random.default_rng(0)
    coins = random.random((20_000, 2)) < 0.5

    def speak() -> np.ndarray:
        slips = random.random(coins.shape) < [0.02, 0.2]
        return np.concatenate([coins ^ slips, random.random((len(coins), 2)) < 0.5], 1)

    return speak(), speak()


def test_the_surest_word_comes_first_and_wording_has_no_part(speakers):
    found = canonical_directions(*map(bags_of, speakers), phrases=4, dim=3)
    # Two slips in a hundred on either side leave a correlation of (1 - 2 * 0.02) ** 2.
    assert found.correlations[:2] == pytest.approx([0.96**2, 0.6**2], abs=0.02)
    assert abs(found.correlations[2]) < 0.02
    assert np.abs(found.weights[:, 0]).argmax() == 0
    assert np.abs(found.weights[2:, :2]).max() < 0.05


def test_directions_have_mean_0_and_variance_1_and_do_not_correlate(speakers):
    found = canonical_directions(*map(bags_of, speakers), phrases=4, dim=3)
    values = np.concatenate(speakers) @ found.weights + found.offset
    assert np.abs(values.mean(0)).max() < 1e-6
    assert np.abs(np.cov(values.T) - np.eye(3)).max() < 1e-2


def test_correlations_agree_with_an_independent_solver(speakers):
    found = canonical_directions(*map(bags_of, speakers), phrases=4, dim=2)
    x, y = (table.astype(float) for table in speakers)
    slow = CCA(n_components=2, scale=False, max_iter=5000).fit(x, y)
    first, second = slow.transform(x, y)
    for index in range(2):
        independent = np.corrcoef(first[:, index], second[:, index])[0, 1]
        assert found.correlations[index] == pytest.approx(independent, abs=0.02)


def test_more_directions_than_phrases_are_refused(speakers):
    with pytest.raises(InputError, match="5 directions need at least as many phrases"):
        canonical_directions(*map(bags_of, speakers), phrases=4, dim=5)


@pytest.mark.parametrize("dim", [1, 2, 8, 12, 32, 40, 44])
def test_mixing_turns_and_spreads_evenly(dim: int):
    matrix = mixed(dim)
    assert np.allclose(matrix @ matrix.T, np.eye(dim))
    unequal = np.diag(np.arange(1.0, dim + 1))
    assert np.allclose(np.diag(matrix.T @ unequal @ matrix), (dim + 1) / 2)


def test_sizes_without_a_hadamard_matrix_are_left_alone():
    assert (mixed(11) == np.eye(11)).all()
    assert (mixed(36) == np.eye(36)).all()
