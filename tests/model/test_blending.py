"""Several answerers in one answer: shares by held-out matches, never far behind the best alone."""

import json
from itertools import product

import numpy as np
import pytest
import torch
from plain_data import draw_plain, quick, same_rows

import amodal
from amodal import Workspace
from amodal.baselines import KernelRidge, Ridge
from amodal.model.blending import blend_shares
from amodal.specification import Block, LatentSpec


def searched(answers: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The best shares of three answerers on a fine grid."""
    steps = np.linspace(0, 1, 101)
    tried = [(a, b, 1 - a - b) for a, b in product(steps, steps) if a + b <= 1 + 1e-9]
    errors = [np.square(np.tensordot(t, answers, 1) - truth).mean() for t in tried]
    return np.array(tried[int(np.argmin(errors))])


def test_shares_are_the_best_of_all() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4000, 2))
    noise = rng.normal(size=(3, 4000, 2)) * np.array([0.5, 0.7, 1.0])[:, None, None]
    answers = truth + noise
    found = blend_shares(
        torch.from_numpy(answers).float(), torch.from_numpy(truth).float(), LatentSpec.continuous(2)
    )
    np.testing.assert_allclose(found[:, 0], searched(answers, truth), atol=0.01)
    # Independent errors: shares go with 1 / variance.
    wanted = 1 / np.array([0.25, 0.49, 1.0])
    np.testing.assert_allclose(found[:, 1], wanted / wanted.sum(), atol=0.03)


def test_each_block_has_shares_of_its_own() -> None:
    truth = torch.randn(100, 3, generator=torch.Generator().manual_seed(0))
    good, bad = truth.clone(), truth.clone()
    good[:, 2] += 3
    bad[:, :2] -= 3
    spec = LatentSpec((Block("place", "continuous", 2), Block("size", "continuous", 1)))
    found = blend_shares(torch.stack([good, bad]), truth, spec)
    torch.testing.assert_close(found, torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))


def test_directions_are_judged_as_directions() -> None:
    """A mean of two directions is short, and so has a small error that its length 1 takes away."""
    generator = torch.Generator().manual_seed(0)
    angle = 6.28 * torch.rand(300, generator=generator)
    noise = torch.randn(2, 300, generator=generator) * torch.tensor([[0.5], [1.3]])
    told = torch.stack([(angle + noise).cos(), (angle + noise).sin()], -1)
    truth = torch.stack([angle.cos(), angle.sin()], -1)
    spec = LatentSpec((Block("turn", "circular", 2),))
    shares = blend_shares(told, truth, spec)
    mean = torch.nn.functional.normalize((shares[:, None] * told).sum(0), dim=1)
    assert float((mean - truth).square().mean()) <= float((told[0] - truth).square().mean())


def test_few_matches_do_not_mix_equals() -> None:
    """Of two answerers that are equally wrong by chance, ten matches choose one."""
    whole = []
    for seed in range(40):
        noise = torch.randn(2, 10, 1, generator=torch.Generator().manual_seed(seed))
        # Nearly the same errors: mixing them gains less than it costs.
        noise[1] = 0.95 * noise[0] + 0.3 * noise[1]
        shares = blend_shares(noise, torch.zeros(10, 1), LatentSpec.continuous(1))
        assert float(shares.sum()) == pytest.approx(1)
        whole.append(float(shares.max()) == 1)
    assert np.mean(whole) > 0.8


def test_equal_answers_are_taken_once() -> None:
    answers = torch.randn(1, 20, 4, generator=torch.Generator().manual_seed(1)).expand(3, -1, -1)
    shares = blend_shares(answers, torch.zeros(20, 4), LatentSpec.continuous(4))
    torch.testing.assert_close(shares.sum(0), torch.ones(4))
    assert bool((shares[0] == 1).all())


def test_answers_that_are_no_numbers_get_no_share() -> None:
    truth = torch.randn(12, 2, generator=torch.Generator().manual_seed(0))
    broken = torch.full_like(truth, float("nan"))
    spec = LatentSpec.continuous(2)
    assert blend_shares(torch.stack([broken, truth + 0.1]), truth, spec)[:, 0].tolist() == [0, 1]
    assert blend_shares(torch.stack([broken, broken]), truth, spec)[:, 0].tolist() == [1, 0]


def curved(n: int):
    rng = np.random.default_rng(3)
    hidden = rng.uniform(-2, 2, size=(n, 2))
    bent = np.stack([np.sin(2 * hidden[:, 0]), hidden[:, 0] * hidden[:, 1]], 1)
    return {"sound": hidden, "smell": bent + 0.02 * rng.normal(size=bent.shape)}


def errors_of(data, model) -> float:
    answers = model.translate(data["sound"][200:], "sound", "smell")
    return float(np.square(answers - data["smell"][200:]).mean())


def test_where_kernel_ridge_is_best_it_answers(tmp_path) -> None:
    data, matches = curved(600), same_rows(150)
    model = quick(steps=20).fit(data, matches=matches)
    kernel, ridge = (m().fit(data, matches=matches) for m in (KernelRidge, Ridge))
    assert errors_of(data, model) < 1.3 * errors_of(data, kernel) < 0.1 * errors_of(data, ridge)
    told = model.held_out_errors_["sound", "smell"]
    assert told["kernel ridge regression"] < 0.1 * told["ridge regression"]
    assert told["blended"] <= 1.01 * min(told.values())
    # What is saved answers the same, and says the same.
    model.save(tmp_path / "model")
    again = amodal.load(tmp_path / "model")
    rows = data["sound"][:9]
    np.testing.assert_array_equal(
        again.translate(rows, "sound", "smell"), model.translate(rows, "sound", "smell")
    )
    assert again.held_out_errors_ == model.held_out_errors_


def test_runs_saved_before_there_were_shares_answer_as_they_did(tmp_path) -> None:
    data = draw_plain(200)
    model = quick(steps=20, kernel=False).fit(data, matches=same_rows(40))
    model.ensemble_.shares.clear()
    model.save(tmp_path / "old")
    config = json.loads((tmp_path / "old" / "config.json").read_text())
    del config["held_out_errors"], config["parameters"]["kernel"], config["checksum"]
    config["from_start"] = [["sound", "smell", [True, True, False, False]]]
    (tmp_path / "old" / "config.json").write_text(json.dumps(config))
    old = amodal.load(tmp_path / "old")
    both = old.translate(data["sound"], "sound", "smell")
    members = model.translate(data["sound"], "sound", "smell")
    start = quick(steps=0).fit(data, matches=same_rows(40))
    np.testing.assert_allclose(both[:, 2:], members[:, 2:], atol=1e-5)
    np.testing.assert_allclose(
        both[:, :2], start.translate(data["sound"], "sound", "smell")[:, :2], atol=1e-4
    )


def test_the_blend_is_not_worse_than_ridge_where_ridge_is_right() -> None:
    data, matches = draw_plain(600, noise=0.3), same_rows(40)
    linear = data["sound"] @ np.random.default_rng(8).normal(size=(5, 4))
    data["smell"] = linear + 0.3 * np.random.default_rng(9).normal(size=linear.shape)
    model = quick(steps=20).fit(data, matches=matches)
    assert errors_of(data, model) < 1.1 * errors_of(data, Ridge().fit(data, matches=matches))


def test_two_modalities_that_hardly_ever_meet_do_without_kernel_ridge() -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(200, 3))
    data = {name: hidden @ rng.normal(size=(3, 4)) for name in ("sound", "smell", "touch")}
    matches = [
        {"sound": list(range(12)), "smell": list(range(12))},
        {"sound": [20, 21], "touch": [20, 21]},
    ]
    model = quick(steps=10).fit(data, matches=matches)
    assert "kernel ridge regression" in model.held_out_errors_["sound", "smell"]
    assert "kernel ridge regression" not in model.held_out_errors_.get(("sound", "touch"), {})
    assert np.isfinite(model.translate(data["sound"], "sound", "touch")).all()


def test_without_training_the_start_answers_alone() -> None:
    data, matches = curved(300), same_rows(60)
    model = Workspace(steps=0).fit(data, matches=matches)
    assert model.ensemble_.kernels == {}
