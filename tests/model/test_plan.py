"""From matches to runs: members, folds, and captions of one image that stay together."""

import numpy as np
import pytest

from amodal.latents import MatchTable, separate_things
from amodal.model.plan import Trial, leave_one_out, plan_runs


def table(things: int = 30) -> MatchTable:
    """Images of one to three captions."""
    return MatchTable(("image", "text"), np.array([[i * i % 17, i] for i in range(things)]))


def plan(given: MatchTable, *, folds: int = 4, **changed):
    own = {"losses": {"translation": 1.0}, "things": np.arange(len(given)), "members": 2}
    return plan_runs(given, Trial(**(own | changed)), folds=folds, first_group=5)


def test_each_member_learns_from_everything_and_its_folds_judge_every_match_once() -> None:
    given = table()
    runs = plan(given)
    assert [run.group for run in runs] == [5] * 5 + [6] * 5
    for member in (runs[:5], runs[5:]):
        assert member[0].things.tolist() == list(range(30))
        assert not len(member[0].held_out)
        held_out = np.concatenate([run.held_out for run in member[1:]])
        assert sorted(held_out.tolist()) == list(range(30))
        for run in member[1:]:
            assert sorted([*run.things, *run.held_out]) == list(range(30))
    assert len({run.seed for run in runs}) == 10


def test_captions_of_one_image_are_never_on_both_sides() -> None:
    given = table()
    labels = separate_things(given)
    for run in plan(given)[1:5]:
        assert not set(labels[run.things]) & set(labels[run.held_out])


def test_members_hold_out_the_same_parts_and_begin_elsewhere() -> None:
    runs = plan(table())
    assert runs[1].held_out.tolist() == runs[6].held_out.tolist()
    assert runs[1].seed != runs[6].seed


@pytest.mark.parametrize(("things", "folds"), [(7, 4), (30, 1), (30, 0)])
def test_with_few_things_or_folds_nothing_is_held_out(things: int, folds: int) -> None:
    given = MatchTable(("image", "text"), np.stack([np.arange(things)] * 2, 1))
    assert [len(run.held_out) for run in plan(given, folds=folds)] == [0, 0]


def test_a_trial_keeps_to_its_own_matches() -> None:
    own = np.arange(3, 20)
    for run in plan(table(), things=own):
        assert set(run.things) | set(run.held_out) == set(own.tolist())


def test_very_few_things_are_left_out_one_by_one_with_all_their_matches() -> None:
    given = MatchTable(("image", "text"), np.array([[0, 0], [0, 1], [1, 2], [2, 3], [2, 4]]))
    runs = leave_one_out(given, np.arange(5))
    assert [run.held_out.tolist() for run in runs] == [[0, 1], [2], [3, 4]]
    assert [run.things.tolist() for run in runs] == [[2, 3, 4], [0, 1, 3, 4], [0, 1, 2]]
    assert leave_one_out(given, np.arange(2)) == []


def test_many_things_are_left_out_in_eight_parts() -> None:
    given = MatchTable(("image", "text"), np.stack([np.arange(100)] * 2, 1))
    runs = leave_one_out(given, np.arange(100))
    assert len(runs) == 8
    assert sorted(np.concatenate([run.held_out for run in runs])) == list(range(100))
