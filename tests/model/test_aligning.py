"""An alignment beside the workspace: it helps where clouds have a shape, and never peeks."""

import warnings
from functools import cache

import numpy as np
import pytest
import torch
from plain_data import draw_plain, quick, same_rows

import amodal
from amodal import Workspace
from amodal.errors import Notice
from amodal.evaluation.retrieval import retrieval_both_ways
from amodal.latents import MatchTable
from amodal.model import found, judging_retrieval
from amodal.model.aligning import Aligner
from amodal.model.blending import ALIGNED, ANSWERERS
from amodal.model.residuals import residuals_of

UNMATCHED, TEST = 300, 200


def clouds(matches: int, seed: int = 0) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Two noisy views of six unequal clusters; unmatched rows are of different things."""
    draw = np.random.default_rng(seed)
    things = matches + 2 * UNMATCHED + TEST
    cluster = draw.choice(6, size=things, p=[0.3, 0.25, 0.15, 0.12, 0.1, 0.08])
    hidden = 3 * draw.normal(size=(6, 6))[cluster] + draw.normal(size=(things, 6))
    noise = [0.3 * draw.normal(size=(things, 12)) for _ in range(2)]
    views = [hidden @ np.linalg.qr(draw.normal(size=(12, 6)))[0].T + extra for extra in noise]
    first, second = np.split(np.arange(matches, matches + 2 * UNMATCHED), 2)
    seen = np.arange(matches)
    rows = {
        "sight": views[0][np.concatenate([seen, first])],
        "sound": views[1][np.concatenate([seen, second])],
    }
    return rows, {"sight": views[0][-TEST:], "sound": views[1][-TEST:]}


@cache
def compared(matches: int, align: bool, seed: int) -> tuple[float, float, Workspace]:
    """FOSCTTM and the squared error of test rows."""
    rows, test = clouds(matches, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        model = quick(align=align, seed=seed).fit(
            rows, matches=same_rows(matches, "sight", "sound")
        )
    sides = [
        model.retrieval_vectors(test["sight"], "sight", "sound"),
        model.retrieval_vectors(test["sound"], "sound", "sight"),
    ]
    found = retrieval_both_ways(*sides)["mean"]["foscttm"]
    error = np.square(model.translate(test["sight"], "sight", "sound") - test["sound"]).mean()
    return found, float(error), model


@pytest.mark.parametrize("matches", [5, 12])
def test_few_matches_are_found_and_told_better_with_it(matches) -> None:
    with_it = np.array([compared(matches, True, seed)[:2] for seed in range(4)]).mean(0)
    without = np.array([compared(matches, False, seed)[:2] for seed in range(4)]).mean(0)
    assert with_it[0] < 0.8 * without[0]
    assert with_it[1] < without[1]


def test_it_is_saved_and_loaded(tmp_path) -> None:
    model = compared(12, True, 0)[2]
    shares = model.ensemble_.shares["sight", "sound"]
    assert bool(shares[ANSWERERS.index(ALIGNED)].any())
    assert model.aligned_
    model.save(tmp_path / "run")
    again = amodal.load(tmp_path / "run")
    rows = clouds(12)[1]["sight"]
    for call in (
        lambda m: m.translate(rows, "sight", "sound"),
        lambda m: m.retrieval_vectors(rows, "sight", "sound"),
    ):
        np.testing.assert_array_equal(call(model), call(again))


def test_vectors_have_length_one_and_similarities_are_theirs() -> None:
    model, (_, test) = compared(12, True, 0)[2], clouds(12)
    first = model.retrieval_vectors(test["sight"], "sight", "sound")
    second = model.retrieval_vectors(test["sound"], "sound", "sight")
    np.testing.assert_allclose(np.linalg.norm(first, axis=1), 1, rtol=1e-5)
    alike = model.similarity(test["sight"], test["sound"], source="sight", target="sound")
    np.testing.assert_allclose(first @ second.T, alike, atol=1e-5)


def test_it_does_no_harm_where_a_linear_map_is_enough() -> None:
    errors = {True: 0.0, False: 0.0}
    for seed in range(3):
        rows, truth = draw_plain(seed=seed), draw_plain(seed=50 + seed)
        for align in errors:
            model = quick(align=align, folds=4).fit(rows, matches=same_rows(40))
            told = model.translate(truth["smell"], "smell", "sound")
            errors[align] += float(np.square(told - truth["sound"]).mean())
    assert errors[True] < 1.1 * errors[False]


def test_matches_that_are_held_out_change_nothing() -> None:
    rows, _ = clouds(20)
    latents = {name: torch.from_numpy(values).float() for name, values in rows.items()}
    table = MatchTable.build(
        same_rows(20, "sight", "sound"), {name: len(values) for name, values in rows.items()}
    )
    changed = {name: values.clone() for name, values in latents.items()}
    changed["sound"][15:20] = changed["sound"][15:20].flip(0)
    learnt = np.arange(15)
    scales = {name: torch.ones(values.shape[1]) for name, values in latents.items()}
    maps = [
        Aligner.of(given, table, things=np.arange(20), scales=scales, unmatched=None)
        .fit(learnt)
        .maps["sight", "sound"]
        .weight
        for given in (latents, changed)
    ]
    torch.testing.assert_close(*maps)


def test_rows_are_numbered_as_the_table_has_them() -> None:
    rows, _ = clouds(20)
    order = np.random.default_rng(1).permutation(len(rows["sound"]))
    moved = rows | {"sound": rows["sound"][order]}
    place = np.argsort(order)[:20]
    same = same_rows(20, "sight", "sound")
    tables = [
        MatchTable.build(given, {name: len(values) for name, values in rows.items()})
        for given in (same, same | {"sound": place.tolist()})
    ]
    found = []
    for given, table in zip((rows, moved), tables, strict=True):
        latents = {name: torch.from_numpy(values).float() for name, values in given.items()}
        scales = {name: torch.ones(values.shape[1]) for name, values in latents.items()}
        aligner = Aligner.of(latents, table, things=np.arange(20), scales=scales, unmatched=None)
        found.append(aligner.fit().maps["sight", "sound"].weight)
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-4)


def wide_clouds(matches: int) -> dict[str, np.ndarray]:
    """More columns than principal coordinates are kept, one of them far larger than all others."""
    draw, found = np.random.default_rng(9), {}
    for name, values in clouds(matches)[0].items():
        turn = np.linalg.qr(draw.normal(size=(150, 12)))[0].T
        noise = 0.05 * draw.normal(size=(len(values), 150))
        found[name] = (values @ turn + noise) * np.r_[60.0, np.ones(149)]
    return found


def test_a_wide_space_with_a_loud_column_is_not_whitened(monkeypatch) -> None:
    made, of = [], Aligner.of
    monkeypatch.setattr(Aligner, "of", lambda *a, **k: made.append(of(*a, **k)) or made[-1])
    quick().fit(wide_clouds(12), matches=same_rows(12, "sight", "sound"))
    for deviations in made[0].coordinates.deviations.values():
        assert deviations[0] > 20 * deviations[20]


def test_without_a_gallery_nothing_speaks_for_it() -> None:
    rows, _ = clouds(6)
    seen = {name: values[:6] for name, values in rows.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Notice)
        model = quick().fit(seen, matches=same_rows(6, "sight", "sound"))
    assert not model.aligned_


def test_noise_in_many_columns_is_found_no_better_than_chance() -> None:
    draw, recalls = np.random.default_rng(0), []
    for seed in range(3):
        noise = {name: draw.normal(size=(400, 60)) for name in ("sight", "sound")}
        model = quick(seed=seed, folds=4).fit(noise, matches=same_rows(16, "sight", "sound"))
        for direction in amodal.diagnose(model).directions:
            recalls.append(direction.search[-1].ours[10].mean)
    assert np.mean(recalls) < 0.1


def test_search_is_judged_by_weights_that_have_not_seen_the_match(monkeypatch) -> None:
    rows, _ = clouds(16)
    every = list(range(16))
    for module in (judging_retrieval, found):
        left_out = []

        def spy(*args, without, to=left_out, **more):
            to.append(without.tolist())
            return residuals_of(*args, without=without, **more)

        monkeypatch.setattr(module, "residuals_of", spy)
        quick(folds=4).fit(rows, matches=same_rows(16, "sight", "sound"))
        assert {len(things) for things in left_out} == {4}
        assert sorted({thing for things in left_out for thing in things}) == every
