"""The run store: no run is ever trained twice, however the training ended."""

from dataclasses import replace

import pytest
import torch
from small_study import small_settings

from amodal.errors import DamagedError
from amodal.latents.sampler import Batch
from amodal.losses import LossSettings, compute_step, weighted_sum
from amodal.study import store as store_module
from amodal.study.cells import Cell, grid
from amodal.study.network import architecture_of
from amodal.study.store import RunStore
from amodal.training import train
from amodal.workspace import Population

CELLS = grid(
    pairing="image-attributes", method=["tr", "cont", "tr+cont+dcy+cy"], matches=[8, 20], seed=[0]
)


class Counted:
    """The training loop, counting; interrupted at one of its calls."""

    def __init__(self, stop_at: int = -1) -> None:
        self.calls, self.runs, self.stop_at = 0, 0, stop_at

    def __call__(self, *given, **named):
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.runs += len(named["runs"])
        return train(*given, **named)


def of_store(store: RunStore, cells: list[Cell]) -> dict[Cell, torch.Tensor]:
    return {
        cell: weights
        for trained in store.trained(cells)
        for cell, weights in zip(trained.cells, trained.population.matrix, strict=True)
    }


def test_a_second_run_trains_nothing(tmp_path, monkeypatch) -> None:
    counted = Counted()
    monkeypatch.setattr(store_module, "train", counted)
    settings = small_settings(candidates=2)
    first = of_store(RunStore(tmp_path, settings), CELLS)
    assert set(first) == set(CELLS)
    assert counted.runs == 2 * len(CELLS)  # two candidates each
    again = RunStore(tmp_path, settings)
    assert again.missing(CELLS) == []
    second = of_store(again, CELLS)
    assert counted.runs == 2 * len(CELLS)
    for cell in CELLS:
        assert torch.equal(first[cell], second[cell])


def test_an_interrupted_run_goes_on_with_what_is_missing(tmp_path, monkeypatch) -> None:
    interrupted = Counted(stop_at=2)
    monkeypatch.setattr(store_module, "train", interrupted)
    settings = small_settings()
    with pytest.raises(KeyboardInterrupt):
        RunStore(tmp_path, settings).train_missing(CELLS)
    rest = Counted()
    monkeypatch.setattr(store_module, "train", rest)
    found = of_store(RunStore(tmp_path, settings), CELLS)
    assert interrupted.runs + rest.runs == len(CELLS)
    whole = of_store(RunStore(tmp_path / "other", settings), CELLS)
    for cell in CELLS:
        torch.testing.assert_close(found[cell], whole[cell])


def test_a_run_does_not_depend_on_those_beside_it(tmp_path) -> None:
    settings = small_settings(candidates=2)
    cell = Cell("image-attributes", method="tr", matches=8, seed=1)
    together = grid(pairing="image-attributes", method="tr", matches=[8, 20], seed=[0, 1])
    alone = of_store(RunStore(tmp_path / "alone", settings), [cell])
    beside = of_store(RunStore(tmp_path / "beside", settings), together)
    torch.testing.assert_close(alone[cell], beside[cell], atol=1e-5, rtol=1e-5)


def test_other_settings_are_other_runs(tmp_path) -> None:
    RunStore(tmp_path, small_settings()).train_missing(CELLS)
    for changed in ({"steps": 6}, {"candidates": 2}, {"unmatched": 50}):
        assert RunStore(tmp_path, small_settings(**changed)).missing(CELLS) == CELLS
    # What is only measured differently needs no training.
    assert RunStore(tmp_path, small_settings(test=10)).missing(CELLS) == []


def test_other_weights_of_a_unimodal_model_are_other_runs(tmp_path) -> None:
    RunStore(tmp_path, small_settings()).train_missing(CELLS)
    store = RunStore(tmp_path, small_settings())
    assert store.missing(CELLS) == []
    things = store.things.of("image-attributes", "default")
    changed = replace(things, fingerprints=things.fingerprints | {"image": "of other weights"})
    store.things._known["image-attributes", "default"] = changed
    assert store.missing(CELLS) == CELLS


def test_the_candidate_with_the_best_held_out_matches_is_kept(tmp_path) -> None:
    cells = [Cell("image-attributes", method="tr", matches=20)]
    both = next(RunStore(tmp_path, small_settings(candidates=2, steps=40)).trained(cells))
    one = next(RunStore(tmp_path, small_settings(candidates=1, steps=40)).trained(cells))
    assert both.scores[0] <= one.scores[0]
    assert set(both.chosen[0]) == {"learning_rate", "weight_decay"}


def test_lost_weights_are_named(tmp_path) -> None:
    store = RunStore(tmp_path, small_settings())
    store.train_missing(CELLS[:1])
    next((tmp_path / "runs").glob("*.safetensors")).unlink()
    with pytest.raises(DamagedError, match=r"delete .*json to train its runs again"):
        next(store.trained(CELLS[:1]))
    next((tmp_path / "runs").glob("*.json")).write_text('[{"key": 1}]')
    with pytest.raises(DamagedError, match="is not a file of trained runs"):
        RunStore(tmp_path, small_settings())


def gradient_names(typed_things, losses: dict[str, float]) -> set[frozenset[str]]:
    """Which networks each direction of translation teaches, by their gradients."""
    architecture = architecture_of(Cell("image-attributes"), typed_things.specs)
    population = Population.create(architecture, [0])
    taught = set()
    for source, target in (("image", "attributes"), ("attributes", "image")):
        views = {n: v.detach().requires_grad_() for n, v in population.views().items()}
        learnt, _ = typed_things.things_of(Cell("image-attributes", matches=20))
        rows = typed_things.table.rows[learnt]
        ones = torch.ones(1, len(rows))
        batch = Batch(
            {n: typed_things.rows(n, rows[:, 0])[None] for n in typed_things.names},
            torch.arange(len(rows))[None],
            dict.fromkeys(typed_things.names, ones),
            {},
        )
        step = compute_step(views, architecture, batch, needs={"translated"})
        step.translated = {(source, target): step.translated[source, target]}
        weights = {name: torch.tensor([weight]) for name, weight in losses.items()}
        total, _ = weighted_sum(step, weights, LossSettings())
        gradients = torch.autograd.grad(
            total.sum(), list(views.values()), allow_unused=True, materialize_grads=True
        )
        taught.add(
            frozenset(
                name.rsplit(".", 1)[0]
                for name, gradient in zip(views, gradients, strict=True)
                if bool((gradient != 0).any())
            )
        )
    return taught


def test_translation_alone_is_two_separate_translators(tmp_path) -> None:
    things = RunStore(tmp_path, small_settings()).things.of("image-attributes", "default")
    one, other = gradient_names(things, {"translation": 1.0})
    assert not one & other
    assert {one, other} == {
        frozenset({"image.encoder", "attributes.decoder"}),
        frozenset({"attributes.encoder", "image.decoder"}),
    }
    # With the contrastive loss both directions teach both encoders: one space.
    tied_one, tied_other = gradient_names(things, {"translation": 1.0, "contrastive": 0.1})
    assert tied_one & tied_other == {"image.encoder", "attributes.encoder"}
