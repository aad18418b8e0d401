"""Alignment: unmatched rows help where shapes tell, count as sets, and are never needed."""

import numpy as np
import pytest
import torch

from amodal.errors import InputError
from amodal.fewmatch.alignment import AlignmentSettings, align
from amodal.fewmatch.alignment_choice import (
    FEWEST_TO_CHOOSE,
    MAP_PENALTIES,
    MAP_PENALTY,
    UNCHOSEN,
    VIEWS,
    _folds,
    best_within_error,
    choose_settings,
    scaled,
)
from amodal.latents import MatchTable

MATCHES = 8
MATCHED_ONLY = AlignmentSettings(share=0.0)


def clouds(seed: int = 0, unmatched: int = 150, matches: int = MATCHES):
    """Two noisy views of six unequal clusters; unmatched rows are of different things."""
    draw = np.random.default_rng(seed)
    centres = 3 * draw.normal(size=(6, 6))
    things = 2 * unmatched + matches + 200
    cluster = draw.choice(6, size=things, p=[0.3, 0.25, 0.15, 0.12, 0.1, 0.08])
    hidden = [centres[cluster] + draw.normal(size=(things, 6)) for _ in range(2)]
    views = [view @ np.linalg.qr(draw.normal(size=(8, 6)))[0].T for view in hidden]
    views = [torch.from_numpy(view - view.mean(0)) for view in views]
    seen = torch.arange(matches)
    pools = torch.arange(matches, things - 200).split(unmatched)
    rows = {
        name: view[torch.cat([seen, pool])]
        for name, view, pool in zip("ab", views, pools, strict=True)
    }
    matched = list(range(matches))
    table = MatchTable.build({"a": matched, "b": matched}, {k: len(v) for k, v in rows.items()})
    return rows, table, {name: view[-200:] for name, view in zip("ab", views, strict=True)}


def share_before(found, test) -> float:
    """FOSCTTM of test rows in the shared directions."""
    first, second = (
        torch.nn.functional.normalize(test[name] @ found.directions.weights[name], dim=1)
        for name in "ab"
    )
    likeness = first @ second.T
    return float((likeness > likeness.diagonal()[:, None]).double().mean())


def test_unmatched_rows_help_where_matches_are_few() -> None:
    with_them, without = [], []
    for seed in range(6):
        rows, table, test = clouds(seed)
        with_them.append(share_before(align(rows, table), test))
        without.append(share_before(align(rows, table, settings=MATCHED_ONLY), test))
    assert np.mean(with_them) < 0.9 * np.mean(without)


def test_the_order_of_unmatched_rows_says_nothing() -> None:
    rows, table, _ = clouds()
    order = torch.cat([torch.arange(MATCHES), MATCHES + torch.randperm(150)])
    expected = align(rows, table).directions.correlations
    turned = {"a": rows["a"], "b": rows["b"][order]}
    torch.testing.assert_close(
        align(turned, table).directions.correlations, expected, atol=1e-4, rtol=1e-3
    )


def test_without_unmatched_rows_or_without_a_share_the_matches_alone_decide() -> None:
    rows, table, _ = clouds(unmatched=2)
    alone = align(rows, table, settings=MATCHED_ONLY).directions.correlations
    assert torch.equal(align(rows, table).directions.correlations, alone)


def test_held_out_things_are_left_out_of_everything() -> None:
    rows, table, _ = clouds(matches=8)
    changed = {name: values.clone() for name, values in rows.items()}
    for values in changed.values():
        values[:3] += 100
    learnt = np.arange(3, 8)
    expected = align(rows, table, things=learnt).directions.weights["a"]
    assert torch.equal(align(changed, table, things=learnt).directions.weights["a"], expected)


def test_nothing_to_learn_from_is_refused() -> None:
    rows, table, _ = clouds()
    with pytest.raises(InputError, match="no two modalities share a match"):
        align(rows, table, things=np.arange(0))


def test_few_matches_take_the_defaults_and_many_choose() -> None:
    rows, table, _ = clouds()
    ones = {name: torch.ones(8).double() for name in rows}
    assert choose_settings(rows, ones, table).views == UNCHOSEN
    assert set(choose_settings(rows, ones, table).map_penalties) == {MAP_PENALTY}
    rows, table, _ = clouds(matches=FEWEST_TO_CHOOSE)
    # Without its own directions' scale the first candidate can only be worse.
    noisy = {name: torch.tensor([1.0] * 7 + [1e3]).double() for name in rows}
    found = choose_settings(rows, noisy, table)
    assert all(view.exponent < 1 for view in found.views)
    assert set(found.map_penalties) <= set(MAP_PENALTIES)
    assert scaled(rows, noisy, 0.0)["a"].equal(rows["a"])


def test_alignments_that_cannot_be_told_apart_are_averaged() -> None:
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(5, 40)))
    alike = best_within_error(noise - noise.mean(1, keepdim=True))
    assert len(alike) == VIEWS
    noise[3] -= 2
    assert best_within_error(noise) == [3]
    assert best_within_error(torch.zeros(2, 1)) == [0, 1]  # nothing was held out


def test_captions_of_one_thing_are_held_out_together() -> None:
    """Choosing by 30 things of four captions each is choosing by the things."""
    rng = np.random.default_rng(0)
    draw = rng.normal(size=(30, 8))
    rows = {"a": torch.from_numpy(draw), "b": torch.from_numpy(rng.normal(size=(120, 8)))}
    table = MatchTable(("a", "b"), np.stack([np.arange(120) // 4, np.arange(120)], 1))
    for _, left in _folds(rows, table, AlignmentSettings(share=0.0)):
        counts = np.unique(left.column("a"), return_counts=True)[1]
        assert set(counts.tolist()) == {4}
