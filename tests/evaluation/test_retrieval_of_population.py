"""Retrieval by states for whole populations: against `retrieval`, one run and pool at a time."""

import numpy as np
import pytest
import torch

from amodal.evaluation import retrieval_of_population as module
from amodal.evaluation.retrieval import retrieval
from amodal.evaluation.retrieval_of_population import chance, population_retrieval


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_equals_retrieval_in_each_pool(monkeypatch) -> None:
    monkeypatch.setattr(module, "CHUNK", 7)
    catalogue = drawn(2, 65, 5)
    queries = catalogue + 0.7 * drawn(2, 65, 5, seed=1)
    found = population_retrieval(queries, catalogue, pools=(20, 60, 100))
    assert set(found) == {20, 60}
    for size in (20, 60):
        for run in range(2):
            pools = [
                retrieval(queries[run, start : start + size], catalogue[run, start : start + size])
                for start in range(0, 65 - size + 1, size)
            ]
            for name in ("recall@1", "recall@5", "recall@10", "foscttm"):
                expected = np.mean([pool[name] for pool in pools])
                assert found[size][name][run] == pytest.approx(expected, abs=1e-6), name
    assert (
        found[60]["median_rank"][1] == retrieval(queries[1, :60], catalogue[1, :60])["median_rank"]
    )


def test_fewer_queries_are_the_first_of_each_pool() -> None:
    catalogue, queries = drawn(1, 60, 3), drawn(1, 60, 3, seed=1)
    found = population_retrieval(queries, catalogue, pools=(30,), most=8)[30]["foscttm"][0]
    parts = [
        retrieval(queries[0, start : start + 4], catalogue[0, start : start + 30])["foscttm"]
        for start in (0, 30)
    ]
    assert found == pytest.approx(np.mean(parts), abs=1e-6)


def test_states_that_say_nothing_are_at_chance() -> None:
    same = torch.ones(1, 100, 4)
    found = population_retrieval(same, same, pools=(100,))[100]
    assert {name: value[0] for name, value in found.items()} == pytest.approx(chance(100))


def test_the_own_row_is_found() -> None:
    rows = drawn(1, 50, 8)
    found = population_retrieval(rows, 3 * rows, pools=(50,))[50]
    assert (found["recall@1"][0], found["median_rank"][0], found["foscttm"][0]) == (1, 1, 0)
