"""The best that matches alone can do."""

import numpy as np
import pytest
import torch
from small_study import small_settings

from amodal.study import pairs_only
from amodal.study.cells import Cell
from amodal.study.pairs_only import (
    BEST,
    best_rows,
    fitted_rows,
    network_cells,
    pairs_only_rows,
)
from amodal.study.store import RunStore


def test_every_model_reads_more_with_more_matches(tmp_path) -> None:
    settings = small_settings(matchable=400, matches=(20, 200))
    store = RunStore(tmp_path, settings)
    for name in pairs_only.MODELS:
        few, some = fitted_rows(
            store,
            settings,
            [(name, Cell("image-attributes", method="tr", matches=n)) for n in (20, 200)],
        )
        assert some["translation_error"] < few["translation_error"]
        assert some["rotation_degrees image to attributes"] < 45


def test_only_the_matches_given_are_looked_at(tmp_path) -> None:
    settings = small_settings()
    things = RunStore(tmp_path, settings).things.of("image-attributes", "default")
    chosen = np.arange(20)
    for fit in pairs_only.MODELS.values():
        before = fit(things, chosen)(things.rows("image", things.test), "image", "attributes")
        spoilt = {name: rows.clone() for name, rows in things.latents.items()}
        for rows in spoilt.values():
            rows[len(things.pool) + 20 :] += 100
        from dataclasses import replace

        other = replace(things, latents=spoilt)
        after = fit(other, chosen)(things.rows("image", things.test), "image", "attributes")
        torch.testing.assert_close(before, after)


def test_what_was_fitted_is_not_fitted_again(tmp_path, monkeypatch) -> None:
    settings = small_settings()
    first = pairs_only_rows(RunStore(tmp_path, settings), settings)
    monkeypatch.setattr(pairs_only, "_measured", lambda *_: pytest.fail("fitted again"))
    assert pairs_only_rows(RunStore(tmp_path, settings), settings) == first
    assert {row["method"] for row in first} == {"ridge", "kernel ridge"}
    assert len(first) == 2 * 2 * 2


def test_the_best_is_chosen_by_held_out_matches_not_by_the_test() -> None:
    def row(method: str, score: float, loss: float, variant: str = "") -> dict:
        about = {"matches": 20, "seed": 0, "variant": variant, "method": method}
        return about | {"held_out_score": score, "translation_error": loss}

    rows = [
        row("ridge", -1.0, 0.5),
        row("tr", -2.0, 0.9, variant="mlp"),
        row("tr", -9.0, 0.1, variant="paper-network"),
        row("tr+cont+dcy+cy", -9.0, 0.1),
    ]
    (best,) = best_rows(rows)
    assert (best["method"], best["winner"], best["translation_error"]) == (
        BEST,
        "wide network",
        0.9,
    )


def test_networks_without_a_bottleneck_take_part() -> None:
    variants = {(cell.method, cell.variant) for cell in network_cells(small_settings())}
    assert variants == {("tr", ""), ("tr", "mlp"), ("tr", "mlp-dropout")}
