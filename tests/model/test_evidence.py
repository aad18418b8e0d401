"""What a fit keeps of its held-out matches: true errors and ranks, of nothing that it had seen."""

import numpy as np
import pytest
import torch
from plain_data import draw_plain, quick, same_rows

import amodal
from amodal.model.blending import ALIGNED, KERNEL, START
from amodal.model.evidence import Evidence, closed_form
from amodal.model.found import _rank
from amodal.model.judging import BLENDED


@pytest.fixture(scope="module")
def model():
    return quick().fit(draw_plain(300), matches=same_rows(40))


def test_errors_are_those_of_the_judgement(model) -> None:
    for direction, evidence in model.evidence_.items():
        for name, errors in evidence.errors.items():
            assert errors.shape == (40, 1)
            if name != BLENDED:
                expected = model.held_out_errors_[direction][name]
                assert float(errors.mean()) == pytest.approx(expected, rel=1e-4)


def test_blended_errors_are_near_those_whose_shares_saw_the_truth(model) -> None:
    for direction, evidence in model.evidence_.items():
        seen = model.held_out_errors_[direction][BLENDED]
        assert seen * 0.9 <= float(evidence.errors[BLENDED].mean()) <= seen * 2


def test_deviation_is_that_of_the_mean_of_the_others(model) -> None:
    smell = model.normalisation_["smell"].apply(torch.from_numpy(draw_plain(300)["smell"]).float())
    others = (smell[:40].sum(0) - smell[:40]) / 39
    expected = (smell[:40] - others).square().mean(1, keepdim=True)
    torch.testing.assert_close(
        model.evidence_["sound", "smell"].deviation, expected, atol=1e-4, rtol=1e-4
    )


def test_ranks_are_possible_and_good_on_easy_data(model) -> None:
    for evidence in model.evidence_.values():
        assert evidence.pool.tolist() == [40, 260]
        for name, ranks in evidence.ranks.items():
            pool = 40 if name.endswith("matches") else 261
            assert bool((ranks >= 1).all())
            assert bool((ranks <= pool).all())
            assert float((ranks <= 5).float().mean()) > 0.8


def test_ranks_count_ties_by_half_and_take_the_best_right_row() -> None:
    scores = torch.tensor([[0.9, 0.5, 0.5, 0.1], [0.2, 0.3, 0.4, 0.5]])
    right = torch.tensor([[False, True, False, False], [True, False, True, False]])
    assert _rank(scores, right).tolist() == [2.5, 2.0]


def test_matches_that_mean_nothing_rank_at_chance() -> None:
    rng = np.random.default_rng(0)
    data = {"sound": rng.normal(size=(400, 5)), "smell": rng.normal(size=(400, 4))}
    model = quick(steps=0).fit(data, matches=same_rows(60))
    for evidence in model.evidence_.values():
        found = float((evidence.ranks["ours unmatched"] <= 34).float().mean())
        assert 0 <= found < 0.3  # chance: 0.1
        assert float(evidence.errors[BLENDED].mean()) > 0.9 * float(evidence.deviation.mean())


def test_captions_of_one_picture_are_one_thing() -> None:
    data = draw_plain(200)
    rows = {"sound": list(range(20)) * 2, "smell": list(range(40))}
    model = quick(steps=0).fit(data, matches=rows)
    thing = model.evidence_["sound", "smell"].thing
    assert len(thing) == 40
    assert len(thing.unique()) == 20


def test_the_closed_form_errs_less_with_more_matches(model) -> None:
    for evidence in model.evidence_.values():
        assert evidence.sizes.tolist() == [6, 10, 15, 20]
        means = evidence.curve.nanmean(1)
        assert float(means[-1]) < float(means[0])


def test_evidence_survives_saving(model, tmp_path) -> None:
    model.save(tmp_path / "run")
    again = amodal.load(tmp_path / "run")
    assert list(again.evidence_) == list(model.evidence_)
    for direction, evidence in model.evidence_.items():
        for name, value in evidence.to_tensors().items():
            torch.testing.assert_close(
                again.evidence_[direction].to_tensors()[name], value, equal_nan=True
            )


def test_three_modalities_and_blocks(typed) -> None:
    rows = {name: list(range(30)) for name in typed.latents}
    model = quick(steps=0).fit(typed.latents, matches=rows)
    assert len(model.evidence_) == 6
    assert model.evidence_["sight", "words"].errors[BLENDED].shape == (30, 3)


def test_too_few_matches_leave_no_evidence() -> None:
    with pytest.warns(UserWarning, match="too few to hold"):
        model = quick().fit(draw_plain(), matches=same_rows(5))
    assert model.evidence_ == {}


def test_the_best_simple_map() -> None:
    errors = {"trained members": 0.1, BLENDED: 0.1, START: 0.3, KERNEL: 0.2, ALIGNED: 0.1}
    assert closed_form(errors) == KERNEL
    assert closed_form({"trained members": 0.1}) is None


def test_names_with_dots_are_kept_apart() -> None:
    one = torch.ones(1, 1)
    evidence = Evidence(
        thing=torch.zeros(1, dtype=torch.int64),
        errors={"a.b": one},
        deviation=one,
        expected=one[0],
        ranks={"ours matches": one[0]},
        pool=torch.tensor([1, 0]),
        sizes=torch.tensor([4]),
        curve=one,
    )
    assert Evidence.from_tensors(evidence.to_tensors()).errors == {"a.b": one}


def test_a_direction_with_a_single_thing_held_out_has_none() -> None:
    hidden = np.random.default_rng(0).normal(size=(60, 3))
    mixing = np.random.default_rng(1)
    latents = {name: hidden @ mixing.normal(size=(3, 4)) for name in "abc"}
    matches = [{"a": range(20), "b": range(20)}, {"b": [30, 31], "c": [40, 40]}]
    model = amodal.Workspace(steps=0).fit(latents, matches=matches)
    assert set(model.evidence_) == {("a", "b"), ("b", "a")}
    assert {d.source for d in amodal.diagnose(model).directions} == {"a", "b"}


def test_what_more_matches_would_buy_is_of_the_pairs_own(model) -> None:
    hidden = np.random.default_rng(0).normal(size=(400, 3))
    mixing = np.random.default_rng(1)
    latents = {
        name: hidden @ mixing.normal(size=(3, 4)) + mixing.normal(size=(400, 4)) for name in "abc"
    }
    matches = [{"a": range(30), "b": range(30)}, {"b": range(30, 300), "c": range(30, 300)}]
    found = amodal.diagnose(amodal.Workspace(steps=0).fit(latents, matches=matches))
    assert {(d.source, d.target): d.matches for d in found.directions}["a", "b"] == 30
    assert "with 60 matches the error would" in str(found)
    assert "with 600 matches" not in str(found)
