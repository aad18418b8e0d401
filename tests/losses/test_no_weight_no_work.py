"""A weight of zero costs nothing: neither the loss nor what only it needs is computed."""

import numpy as np
import pytest
import torch

from amodal.errors import UnknownNameError
from amodal.latents import MatchTable, Sampler
from amodal.losses import (
    LOSSES,
    Loss,
    LossSettings,
    compute_step,
    find_loss,
    needs_of,
    weighted_sum,
)
from amodal.losses import step as step_module
from amodal.workspace import Architecture, Population


@pytest.fixture
def setting(typed):
    names = ("sight", "words", "touch")
    latents = {n: torch.from_numpy(typed.latents[n].rows) for n in names}
    table = MatchTable(names, np.stack([np.arange(9)] * 3, 1))
    architecture = Architecture({n: typed.spaces[n] for n in names}, state=4, hidden=5)
    batch = Sampler(
        latents, table, things=[np.arange(9)], seeds=[0], batch=9, unmatched_batch=4
    ).draw(0)
    return Population.create(architecture, [0]), batch


def refuse(*_: object) -> torch.Tensor:
    raise AssertionError("computed in spite of its weight of zero")


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_loss_without_weight_is_never_called(setting, name: str, monkeypatch) -> None:
    population, batch = setting
    other = "translation" if name != "translation" else "demi_cycle"
    monkeypatch.setitem(LOSSES, name, Loss(refuse, LOSSES[name].needs, supervised=True))
    weights = {name: torch.zeros(1), other: torch.ones(1)}
    step = compute_step(population.views(), population.architecture, batch, needs=needs_of(weights))
    total, values = weighted_sum(step, weights, LossSettings())
    assert set(values) == {other}
    assert total.item() == values[other].item()


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("translation", "translated"),
        ("demi_cycle", "restored"),
        ("cycle", "returned"),
        ("broadcast", "broadcast"),
        ("broadcast", "rebroadcast"),
    ],
)
def test_nothing_is_decoded_for_it(setting, name: str, field: str) -> None:
    population, batch = setting
    for others in ([other for other in LOSSES if other != name], list(LOSSES)):
        weights = {other: torch.ones(1) for other in others}
        step = compute_step(
            population.views(), population.architecture, batch, needs=needs_of(weights)
        )
        assert bool(getattr(step, field)) == (name in others)


def test_every_modality_is_encoded_and_decoded_once_a_round(setting, monkeypatch) -> None:
    population, batch = setting
    calls = {"encode": 0, "decode": 0}
    for name in calls:
        original = getattr(step_module, name)

        def counted(*arguments, original=original, name=name, **options):
            calls[name] += 1
            return original(*arguments, **options)

        monkeypatch.setattr(step_module, name, counted)
    compute_step(
        population.views(),
        population.architecture,
        batch,
        needs={"translated", "restored", "returned"},
    )
    # All three modalities out, and once more for the way back of the cycles.
    assert calls == {"encode": 6, "decode": 6}
    calls.update(encode=0, decode=0)
    compute_step(population.views(), population.architecture, batch, needs={"translated"})
    assert calls == {"encode": 3, "decode": 3}
    calls.update(encode=0, decode=0)
    compute_step(population.views(), population.architecture, batch, needs=set())
    assert calls == {"encode": 3, "decode": 0}


def test_a_weight_in_one_run_is_enough() -> None:
    assert needs_of({"cycle": torch.tensor([0.0, 1.0]), "broadcast": torch.zeros(2)}) == {
        "returned"
    }


def test_unsupervised_losses_without_unmatched_rows_say_nothing(setting) -> None:
    population, batch = setting
    batch.unmatched.clear()
    step = compute_step(
        population.views(), population.architecture, batch, needs={"restored", "returned"}
    )
    for name in ("demi_cycle", "cycle"):
        assert LOSSES[name].function(step, LossSettings()).tolist() == [0]


def test_an_unknown_loss_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'translaton': did you mean 'translation'\?"):
        find_loss("translaton")
