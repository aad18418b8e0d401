"""What judges a match has not seen it."""

import numpy as np
import pytest
import torch

from amodal import Workspace
from amodal.model import judging_retrieval
from amodal.model.blending import ANSWERERS, START, TRAINED
from amodal.model.judging import Held, Judged, blended
from amodal.model.judging_retrieval import SHARES, Chosen, most_within_error
from amodal.model.residuals import Residuals, residuals_of
from amodal.model.retrieval_vectors import parts_of
from amodal.specification import LatentSpec

SPEC = LatentSpec.continuous(6)


def held(count: int = 12) -> Held:
    generator = torch.Generator().manual_seed(0)
    alone = {
        name: torch.randn(members, count, 6, generator=generator)
        for name, members in ((TRAINED, 2), (START, 1))
    }
    truth = torch.randn(count, 6, generator=generator)
    return Held(list(range(30, 30 + count)), alone, truth, torch.ones(count))


def shares(**given: float) -> torch.Tensor:
    found = torch.zeros(len(ANSWERERS), 6)
    for name, share in given.items():
        found[ANSWERERS.index(name.replace("_", " "))] = share
    return found


def without(whole: Held, things: list[int]) -> Residuals | None:
    way = ("sight", "sound")
    judged = Judged({}, {}, {}, {way: whole})
    given = {way: shares(trained_members=1.0)}
    found = residuals_of(
        judged, given, {"sound": SPEC}, thing=np.arange(60) // 2, without=np.array(things)
    )
    return found.get(way)


def test_what_is_trusted_of_a_match_was_learnt_without_it() -> None:
    whole = held()
    changed = Held(whole.things, whole.alone, whole.truth.clone(), whole.cycle)
    changed.truth[2:4] += 100
    learnt, unseen = without(whole, [32, 33]), without(changed, [32, 33])
    assert learnt is not None
    assert unseen is not None
    assert torch.equal(learnt.off, unseen.off)
    assert torch.equal(learnt.truth, unseen.truth)
    assert learnt.off.shape == (10, 6)
    assert learnt.count == 5
    other = without(changed, [32, 35])
    assert other is not None
    assert other.off.abs().max() > 50 > learnt.off.abs().max()


def test_too_few_others_teach_nothing() -> None:
    assert without(held(), list(range(30, 41))) is None


def test_a_blend_is_the_mean_by_shares_and_leaves_out_what_has_none() -> None:
    alone = {TRAINED: torch.full((2, 3, 6), 4.0), START: torch.full((1, 3, 6), torch.nan)}
    told = blended(alone, shares(trained_members=1.0), SPEC)
    assert told.tolist() == torch.full((2, 3, 6), 4.0).tolist()
    alone[START] = torch.zeros(1, 3, 6)
    mixed = blended(alone, shares(trained_members=0.25, ridge_regression=0.75), SPEC)
    torch.testing.assert_close(mixed, torch.ones(2, 3, 6))


@pytest.mark.parametrize(
    ("worse", "expected"),
    [
        ([0, 0, 0, 0, 0], 0.0),
        ([0, 1, 1, 1, 1], 0.0),
        ([3, 2, 0, 2, 3], 0.5),
        ([4, 3, 2, 1, 0], 1.0),
    ],
)
def test_the_largest_share_within_an_error_of_the_best_is_taken(worse, expected) -> None:
    ranks = torch.tensor(worse, dtype=torch.float32)[:, None] + torch.zeros(len(SHARES), 40)
    assert most_within_error(ranks[None]) == Chosen(share=expected)


def test_a_difference_within_the_noise_does_not_count() -> None:
    generator = torch.Generator().manual_seed(0)
    ranks = torch.randn(1, len(SHARES), 30, generator=generator)
    ranks[:, 1] -= ranks[:, 1].mean() - ranks.mean(2).min() + 0.01
    assert most_within_error(ranks).share > SHARES[1]


def test_shared_directions_that_lead_astray_are_left_out() -> None:
    with_them, without_them = torch.full((2, len(SHARES), 40), 2.0)
    without_them[1] = 1.0
    both = torch.stack([with_them, without_them])
    assert most_within_error(both) == Chosen(directions=False, share=SHARES[1])
    assert most_within_error(both.flip(0)) == Chosen(directions=True, share=SHARES[1])


@pytest.mark.parametrize(("columns", "plain"), [(4, False), (80, True)])
def test_few_residuals_for_each_column_do_not_judge_by_their_metric(
    columns: int, plain: bool, monkeypatch
) -> None:
    """What all held-out matches had a part in flatters them among unmatched rows."""
    seen = []

    def spying(*arguments, likeness, **more):
        seen.append(likeness)
        return parts_of(*arguments, likeness=likeness, **more)

    monkeypatch.setattr(judging_retrieval, "parts_of", spying)
    rng = np.random.default_rng(0)
    things = rng.normal(size=(200, columns))
    rows = {"a": things, "b": things @ rng.normal(size=(columns, columns))}
    model = Workspace(steps=5, members=1, self_train=False)
    model.fit(rows, matches=dict.fromkeys(rows, np.arange(30)))
    assert seen
    for likeness in seen:
        ones = torch.ones(columns)
        assert (likeness.first_metric.shape == ones.shape) == plain
    assert model.likeness_["a", "b"].first_metric.ndim == 2
