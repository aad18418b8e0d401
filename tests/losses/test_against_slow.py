"""Every loss against its slow version, on typed latents, partial matches, every architecture."""

import math

import numpy as np
import pytest
import torch
from slow_losses import SlowRun

from amodal.latents import MatchTable, Sampler
from amodal.losses import LOSSES, LossSettings, compute_step, weighted_sum
from amodal.workspace import Architecture, Population

EVERY_NEED = {"translated", "restored", "returned", "broadcast"}
EVERYTHING = np.array([[0, 3, 2], [0, 4, -1], [5, -1, 2], [-1, 6, 7], [8, 9, -1], [10, 11, 12]])


def setting(typed, names, *, things=None, **changed):
    """A population of two runs with random weights everywhere, and a batch of theirs."""
    latents = {n: torch.from_numpy(typed.latents[n].rows) for n in names}
    table = MatchTable(tuple(names), EVERYTHING[:, : len(names)])
    specs = {n: typed.spaces[n] for n in names}
    architecture = Architecture(specs, **({"state": 6, "hidden": 7, "layers": 2} | changed))
    population = Population.create(architecture, [1, 2])
    generator = torch.Generator().manual_seed(3)
    population.matrix[:, 1:] = torch.randn(population.matrix[:, 1:].shape, generator=generator) / 2
    batch = Sampler(
        latents,
        table,
        things=things or [np.arange(6), np.array([1, 4, 2])],
        seeds=[0, 1],
        batch=16,
        unmatched_batch=5,
    ).draw(0)
    return population, batch


ARCHITECTURES = {
    "default": {},
    "bounded": {"bounded": True},
    "relu without linear path": {"activation": "relu", "linear": False},
    "linear only": {"hidden": 0},
    "one layer": {"layers": 1},
}


@pytest.mark.parametrize("names", [("sight", "words"), ("sight", "words", "touch")])
@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_every_loss_equals_its_slow_version(typed, names, architecture: str) -> None:
    population, batch = setting(typed, names, **ARCHITECTURES[architecture])
    weights = population.views()
    step = compute_step(weights, population.architecture, batch, needs=EVERY_NEED)
    chosen = LossSettings(smoothing=0.1, scale=3.0)
    for run in range(2):
        slow = SlowRun(weights, population.architecture, batch, run)
        expected = {
            "translation": slow.translation(smoothing=0.1),
            "contrastive": slow.contrastive(3.0),
            "demi_cycle": slow.demi_cycle(),
            "cycle": slow.cycle(),
            "broadcast": slow.broadcast(),
        }
        for name, loss in LOSSES.items():
            found = float(loss.function(step, chosen)[run])
            assert found == pytest.approx(expected[name], rel=2e-5), name


def test_the_learnt_scale_is_used_and_never_above_100(typed) -> None:
    population, batch = setting(typed, ("sight", "words"))
    for log_scale, scale in ((math.log(5), 5), (math.log(1000), 100)):
        population.matrix[:, 0] = log_scale
        weights = population.views()
        step = compute_step(weights, population.architecture, batch, needs=set())
        found = LOSSES["contrastive"].function(step, LossSettings(learn_scale=True))
        slow = SlowRun(weights, population.architecture, batch, 0)
        assert float(found[0]) == pytest.approx(slow.contrastive(scale), rel=1e-4)


@pytest.mark.parametrize("learn", [True, False])
def test_the_scale_gets_a_gradient_only_when_it_is_learnt(typed, learn: bool) -> None:
    population, batch = setting(typed, ("sight", "words"))
    matrix = population.matrix.requires_grad_()
    step = compute_step(population.views(matrix), population.architecture, batch, needs=set())
    found = LOSSES["contrastive"].function(step, LossSettings(learn_scale=learn))
    [gradient] = torch.autograd.grad(found.sum(), [matrix])
    assert bool((gradient[:, 0] != 0).all()) == learn
    assert (gradient[:, 1:] != 0).any()


@pytest.mark.parametrize("name", list(LOSSES))
def test_runs_never_mix(typed, name: str) -> None:
    population, batch = setting(typed, ("sight", "words", "touch"))
    matrix = population.matrix.requires_grad_()
    views = population.views(matrix)
    step = compute_step(views, population.architecture, batch, needs=EVERY_NEED)
    found = LOSSES[name].function(step, LossSettings(learn_scale=True))
    [gradient] = torch.autograd.grad(found[0], [matrix])
    assert (gradient[0] != 0).any()
    assert not (gradient[1] != 0).any()


@pytest.mark.parametrize("name", list(LOSSES))
def test_rows_that_are_absent_do_not_matter_whatever_they_hold(typed, name: str) -> None:
    population, batch = setting(typed, ("sight", "words", "touch"))
    views, architecture = population.views(), population.architecture

    def value() -> torch.Tensor:
        step = compute_step(views, architecture, batch, needs=EVERY_NEED)
        return LOSSES[name].function(step, LossSettings())

    before = value()
    for modality, present in batch.present.items():
        batch.matched[modality][present == 0] = 1e3
    torch.testing.assert_close(value(), before)


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_run_without_any_matches_gives_zero_or_a_number_never_nan(typed, name: str) -> None:
    nothing = np.empty(0, dtype=np.int64)
    for things in ([nothing, np.arange(6)], [nothing, nothing], [np.array([3]), nothing]):
        population, batch = setting(typed, ("sight", "words", "touch"), things=things)
        matrix = population.matrix.requires_grad_()
        step = compute_step(
            population.views(matrix), population.architecture, batch, needs=EVERY_NEED
        )
        found = LOSSES[name].function(step, LossSettings(learn_scale=True))
        assert torch.isfinite(found).all()
        [gradient] = torch.autograd.grad(found.sum(), [matrix], materialize_grads=True)
        assert torch.isfinite(gradient).all()
        for run in range(2):
            if LOSSES[name].supervised and not len(things[run]):
                assert float(found[run].detach()) == 0


def test_a_direction_without_matches_is_left_out_of_the_mean(typed) -> None:
    population, batch = setting(typed, ("sight", "words", "touch"), things=[np.array([1, 4])] * 2)
    step = compute_step(population.views(), population.architecture, batch, needs={"translated"})
    found = LOSSES["translation"].function(step, LossSettings())
    slow = SlowRun(population.views(), population.architecture, batch, 0)
    assert not slow.things_with("sight", "touch")
    assert float(found[0]) == pytest.approx(slow.translation(), rel=1e-5)


def test_the_total_is_the_weighted_sum_run_by_run(typed) -> None:
    population, batch = setting(typed, ("sight", "words"))
    step = compute_step(population.views(), population.architecture, batch, needs=EVERY_NEED)
    weights = {
        "translation": torch.tensor([1.0, 0.5]),
        "cycle": torch.tensor([0.0, 2.0]),
        "demi_cycle": torch.tensor([3.0, 0.0]),
    }
    total, values = weighted_sum(step, weights, LossSettings())
    expected = [
        float(values["translation"][0] + 3 * values["demi_cycle"][0]),
        float(0.5 * values["translation"][1] + 2 * values["cycle"][1]),
    ]
    assert total.tolist() == pytest.approx(expected, rel=1e-6)
    assert set(values) == set(weights)
