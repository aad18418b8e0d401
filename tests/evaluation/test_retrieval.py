"""Retrieval: against sorting by hand, with ties, duplicates, distractors and chunks."""

import math

import numpy as np
import pytest

from amodal.errors import InputError
from amodal.evaluation.retrieval import retrieval, retrieval_both_ways


def slow_ranks(queries: np.ndarray, catalogue: np.ndarray, same: np.ndarray) -> list[int]:
    ranks = []
    for row, query in enumerate(queries):
        cosine = [
            float(query @ other / np.linalg.norm(query) / np.linalg.norm(other))
            for other in catalogue
        ]
        order = sorted(range(len(catalogue)), key=lambda index: -cosine[index])
        wrong = 0
        for index in order:
            if same[index] == same[row]:
                break
            wrong += 1
        ranks.append(wrong + 1)
    return ranks


@pytest.mark.parametrize("labelled", [False, True])
def test_equals_sorting_by_hand(labelled: bool) -> None:
    generator = np.random.default_rng(1)
    catalogue = generator.normal(size=(60, 5)) * generator.uniform(0.1, 9, size=(60, 1))
    queries = catalogue + generator.normal(size=(60, 5)) * 2
    same = generator.integers(25, size=60) if labelled else np.arange(60)
    found = retrieval(queries, catalogue, same=same if labelled else None, chunk=7)
    ranks = np.array(slow_ranks(queries, catalogue, same))
    for k in (1, 5, 10):
        assert found[f"recall@{k}"] == pytest.approx((ranks <= k).mean())
    assert found["median_rank"] == np.median(ranks)
    assert found["mean_reciprocal_rank"] == pytest.approx((1 / ranks).mean())
    assert found["pool"] == 60
    if not labelled:
        assert found["foscttm"] == pytest.approx((ranks - 1).mean() / 59)


def test_foscttm_counts_wrong_rows_closer_than_the_own_row() -> None:
    catalogue = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    found = retrieval(np.array([[0.0, 1.0]]), catalogue, same=["a", "b", "a"])
    # The duplicate stands second, the own row last; the one wrong row is closer than both.
    assert found["foscttm"] == 1.0
    assert found["median_rank"] == 2.0


def test_ties_count_by_half_and_a_constant_answer_gets_chance() -> None:
    constant = np.ones((20, 3))
    found = retrieval(constant, constant)
    assert found["median_rank"] == 10.5
    assert found["foscttm"] == 0.5
    assert found["recall@5"] == pytest.approx(0.25)
    flattered = retrieval(constant, constant, ties="hit")
    assert (flattered["recall@1"], flattered["foscttm"]) == (1.0, 0.0)


def test_rows_of_zeros_and_scaling_do_no_harm() -> None:
    rows = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    found = retrieval(rows, rows)
    assert all(math.isfinite(value) for value in found.values())
    assert found == retrieval(rows * 1e6, rows * 1e-6)


def test_chunks_and_duplicates_do_not_change_the_result() -> None:
    rows = np.random.default_rng(2).normal(size=(50, 4)).astype(np.float32)
    rows[10:20] = rows[0]
    whole = retrieval(rows, rows, chunk=50)
    assert whole == retrieval(rows, rows, chunk=1)
    assert whole["recall@1"] == pytest.approx((39 + 11 / 11) / 50)
    labels = np.where(np.arange(50) // 10 == 1, 0, np.arange(50))
    assert retrieval(rows, rows, same=labels)["recall@1"] == 1.0


def test_distractors_lower_the_rank() -> None:
    rows = np.eye(4)
    found = retrieval(rows[:1] + 0.6 * rows[3:], np.concatenate([rows[:1], 9 * rows[:1] + rows[3]]))
    assert (found["median_rank"], found["pool"]) == (2.0, 2.0)


def test_both_ways_are_averaged() -> None:
    generator = np.random.default_rng(3)
    first, second = generator.normal(size=(2, 30, 4))
    found = retrieval_both_ways(first, second)
    expected = (found["forward"]["foscttm"] + found["backward"]["foscttm"]) / 2
    assert found["mean"]["foscttm"] == pytest.approx(expected)
    assert found["backward"] == retrieval(second, first)


def test_bad_input_is_refused() -> None:
    rows = np.eye(3)
    with pytest.raises(InputError, match="queries must have rows and columns"):
        retrieval(rows[0], rows)
    with pytest.raises(InputError, match="row 1 of catalogue holds NaN"):
        retrieval(rows, np.where(np.arange(3)[:, None] == 1, np.nan, rows))
    with pytest.raises(InputError, match="catalogue needs at least as many rows"):
        retrieval(rows, rows[:2])
    with pytest.raises(InputError, match="one label for each of the 3 rows"):
        retrieval(rows, rows, same=[1, 2])
