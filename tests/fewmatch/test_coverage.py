"""Chosen rows cover, and are those that a plain, slow reading of the criterion chooses."""

import numpy as np
import pytest
import torch

from amodal.errors import InputError
from amodal.fewmatch.coverage import NOISE, covering_rows


def slowly(rows: np.ndarray, count: int) -> list[int]:
    """Try every row: the posterior variance by solving, from the definition."""
    distances = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    length = np.median(distances[np.triu_indices(len(rows), 1)])
    kernel = np.exp(-(distances**2) / (2 * length**2))
    chosen: list[int] = []
    for _ in range(count):
        left = {}
        for row in set(range(len(rows))) - set(chosen):
            at = [*chosen, row]
            inverse = np.linalg.inv(kernel[np.ix_(at, at)] + NOISE * np.eye(len(at)))
            variance = 1 - np.einsum("ij,jk,ik->i", kernel[:, at], inverse, kernel[:, at])
            left[row] = variance.sum()
        chosen.append(min(left, key=lambda row: left[row]))
    return chosen


def test_greedy_choice_is_that_of_the_definition() -> None:
    rows = np.random.default_rng(0).normal(size=(31, 3))
    assert covering_rows(torch.from_numpy(rows).float(), 5).tolist() == slowly(rows, 5)


def test_every_cluster_is_visited_and_known_ones_are_not() -> None:
    centres = np.array([[0.0, 0], [10, 0], [0, 10], [10, 10]])
    rows = np.repeat(centres, 25, 0) + 0.1 * np.random.default_rng(0).normal(size=(100, 2))
    given = torch.from_numpy(rows).float()
    assert {row // 25 for row in covering_rows(given, 4).tolist()} == {0, 1, 2, 3}
    rest = covering_rows(given, 2, known=np.array([3, 60]))
    assert {row // 25 for row in rest.tolist()} == {1, 3}


def test_equal_rows_and_all_rows() -> None:
    assert sorted(covering_rows(torch.zeros(4, 2), 4).tolist()) == [0, 1, 2, 3]
    with pytest.raises(InputError, match="4 rows were asked for, expected 1 to 3"):
        covering_rows(torch.zeros(4, 2), 4, known=np.array([0]))
