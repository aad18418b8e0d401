"""The sampler: seeded, resumable, blind to neighbours, faithful to matches and pools."""

import numpy as np
import pytest
import torch

from amodal.latents import MatchTable, Sampler
from amodal.latents.sampler import BLOCK

ROWS = {"a": 40, "b": 30}


def numbered() -> dict[str, torch.Tensor]:
    """Latents that say their own row number, and (second column) their modality."""
    return {
        name: torch.stack([torch.arange(rows).float(), torch.full((rows,), float(index))], 1)
        for index, (name, rows) in enumerate(ROWS.items())
    }


TABLE = MatchTable(
    ("a", "b"), np.array([[i, 29 - i] for i in range(20)] + [[20, -1], [-1, 5], [0, 4]])
)
THINGS = [np.arange(20), np.array([3, 8, 21, 20]), np.arange(10, 22)]
SEEDS = [5, 6, 7]


def sampler(
    runs=(0, 1, 2), *, batch: int = 8, unmatched_batch: int = 16, unmatched=None
) -> Sampler:
    return Sampler(
        numbered(),
        TABLE,
        things=[THINGS[run] for run in runs],
        seeds=[SEEDS[run] for run in runs],
        batch=batch,
        unmatched_batch=unmatched_batch,
        unmatched=unmatched,
    )


def seen(drawn, run: int) -> set[tuple[int, int]]:
    """The pairs of rows (-1 where absent) of one run's batch, padding left out."""
    pairs = set()
    for i in range(drawn.things.shape[1]):
        here = [bool(drawn.present[name][run, i]) for name in ("a", "b")]
        if any(here):
            rows = [int(drawn.matched[name][run, i, 0]) for name in ("a", "b")]
            pairs.add(tuple(r if h else -1 for r, h in zip(rows, here, strict=True)))
    return pairs


@pytest.mark.parametrize("step", [0, 1, BLOCK - 1, BLOCK, 1000])
def test_a_run_alone_is_the_run_inside_a_population(step: int) -> None:
    together = sampler().draw(step)
    for run in range(3):
        alone = sampler([run]).draw(step)
        own = alone.things.shape[1]
        for name in ROWS:
            assert torch.equal(alone.unmatched[name][0], together.unmatched[name][run])
            assert torch.equal(alone.present[name][0], together.present[name][run, :own])
            assert torch.equal(alone.matched[name][0], together.matched[name][run, :own])
            assert not together.present[name][run, own:].any()


def test_any_step_can_be_drawn_first() -> None:
    going, fresh = sampler(), sampler()
    for step in range(BLOCK + 5):
        last = going.draw(step)
    again = fresh.draw(BLOCK + 4)
    for name in ROWS:
        assert torch.equal(last.matched[name], again.matched[name])
        assert torch.equal(last.unmatched[name], again.unmatched[name])


def test_seeds_and_steps_differ() -> None:
    def first(run: int, step: int) -> list:
        return sampler([run]).draw(step).unmatched["a"][0, :, 0].tolist()

    assert first(0, 0) != first(1, 0)
    assert first(0, 0) != first(0, 1)
    assert first(0, 0) != first(0, BLOCK)


@pytest.mark.parametrize("batch", [2, 8, 100])
def test_only_own_things_are_drawn_and_their_rows_belong_together(batch: int) -> None:
    going = sampler(batch=batch)
    found: list[set] = [set(), set(), set()]
    for step in range(60):
        drawn = going.draw(step)
        for run in range(3):
            found[run] |= seen(drawn, run)
    for run in range(3):
        assert found[run] == {tuple(TABLE.rows[thing].tolist()) for thing in THINGS[run]}


def test_fewer_things_than_a_batch_are_all_seen_once() -> None:
    drawn = sampler([1], batch=100).draw(7)
    assert drawn.things.shape == (1, 4)
    assert seen(drawn, 0) == {tuple(TABLE.rows[thing].tolist()) for thing in THINGS[1]}


def test_matches_of_one_thing_share_a_number() -> None:
    everything = Sampler(
        numbered(), TABLE, things=[np.arange(23)], seeds=[0], batch=100, unmatched_batch=0
    ).draw(0)
    number = {}
    for i, thing in enumerate(everything.things[0].tolist()):
        rows = tuple(int(everything.matched[n][0, i, 0]) for n in ("a", "b"))
        if everything.present["a"][0, i] and everything.present["b"][0, i]:
            number[rows] = thing
    # (0, 29) and (0, 4) share row 0 of a.
    assert number[0, 29] == number[0, 4]
    assert number[1, 28] != number[0, 29]


def test_padding_has_no_number() -> None:
    drawn = sampler(batch=100).draw(0)
    assert (drawn.things[1, 4:] == -1).all()
    assert (drawn.things[0] >= 0).all()


def test_unmatched_pools_are_respected() -> None:
    pool = np.array([3, 30, 31])
    going = sampler(unmatched={"a": pool})
    drawn = torch.cat([going.draw(step).unmatched["a"][..., 0] for step in range(40)])
    other = torch.cat([going.draw(step).unmatched["b"][..., 0] for step in range(40)])
    assert set(drawn.flatten().tolist()) == set(pool.tolist())
    assert set(other.flatten().tolist()) == set(range(30))


def test_unmatched_rows_are_drawn_evenly_and_from_their_own_modality() -> None:
    going = sampler(unmatched_batch=64)
    drawn = torch.cat([going.draw(step).unmatched["a"][0] for step in range(200)])
    counts = torch.bincount(drawn[:, 0].long(), minlength=40)
    expected = len(drawn) / 40
    # chi-squared with 39 degrees of freedom: above 73 once in a thousand
    assert float(((counts - expected) ** 2 / expected).sum()) < 73
    assert (drawn[:, 1] == 0).all()


def test_large_numbers_of_things_are_drawn_evenly() -> None:
    drawn = Sampler(
        numbered(),
        MatchTable(("a", "b"), np.stack([np.arange(30)] * 2, 1)),
        things=[np.arange(30)],
        seeds=[1],
        batch=4,
        unmatched_batch=0,
    )
    rows = torch.cat([drawn.draw(step).matched["a"][0, :, 0] for step in range(500)])
    counts = torch.bincount(rows.long(), minlength=30)
    expected = len(rows) / 30
    assert float(((counts - expected) ** 2 / expected).sum()) < 58.3  # 29 degrees, 1 in 1000


def test_nothing_unmatched_where_none_is_asked_for() -> None:
    assert sampler(unmatched_batch=0).draw(0).unmatched == {}


def test_matched_batches_do_not_depend_on_unmatched_ones() -> None:
    with_others, without = sampler().draw(9), sampler(unmatched_batch=0).draw(9)
    assert torch.equal(with_others.matched["a"], without.matched["a"])


def test_a_run_without_things() -> None:
    drawn = Sampler(
        numbered(),
        TABLE,
        things=[np.empty(0, dtype=np.int64), np.arange(3)],
        seeds=[0, 1],
        batch=8,
        unmatched_batch=4,
    ).draw(0)
    assert not drawn.present["a"][0].any()
    assert drawn.present["a"][1].all()
    assert drawn.unmatched["a"].shape == (2, 4, 2)
