"""Losses of whole populations: against python loops over runs, rows and blocks."""

import math

import pytest
import torch

from amodal.errors import InputError
from amodal.evaluation import of_population
from amodal.evaluation.of_population import contrastive_losses, population_losses, states
from amodal.latents import Batch
from amodal.workspace import Architecture, Population
from losses.slow_losses import SlowRun


def shaken(typed, *names: str, runs: int = 2, **changes) -> Population:
    """Runs with random weights everywhere, also where fresh ones are zero."""
    architecture = Architecture(
        {n: typed.spaces[n] for n in names}, state=4, hidden=6, bounded=True, **changes
    )
    population = Population.create(architecture, list(range(runs)))
    generator = torch.Generator().manual_seed(5)
    population.matrix += 0.3 * torch.randn(population.matrix.shape, generator=generator)
    return population


def rows_of(typed, *names: str, count: int = 23) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(typed.latents[name].rows[:count]) for name in names}


def slow_run(population: Population, rows: dict[str, torch.Tensor], run: int) -> SlowRun:
    count, runs = len(next(iter(rows.values()))), len(population)
    stacked = {name: values.expand(runs, -1, -1) for name, values in rows.items()}
    present = {name: torch.ones(runs, count) for name in rows}
    things = torch.arange(count).expand(runs, -1)
    batch = Batch(matched=stacked, present=present, unmatched=stacked, things=things)
    return SlowRun(population.views(), population.architecture, batch, run)


@pytest.mark.parametrize("names", [("sight", "words"), ("sight", "words", "touch")])
def test_equals_loops_over_runs_and_rows(typed, names, monkeypatch) -> None:
    monkeypatch.setattr(of_population, "CHUNK", 10)
    population, rows = shaken(typed, *names), rows_of(typed, *names)
    found = population_losses(population, rows)
    for run in range(2):
        slow = slow_run(population, rows, run)
        expected = {
            "translation_loss": slow.translation(),
            "demi_cycle_loss": slow.demi_cycle(),
            "cycle_loss": slow.cycle(),
            "contrastive_loss": slow.contrastive(1 / 0.07),
        }
        for name, value in expected.items():
            assert float(found[name][run]) == pytest.approx(value, rel=1e-4), name


def test_one_direction_and_its_squared_error(typed) -> None:
    population, rows = shaken(typed, "sight", "words"), rows_of(typed, "sight", "words")
    found = population_losses(population, rows)
    slow = slow_run(population, rows, 1)
    losses, errors = [], []
    for sight, words in zip(rows["sight"].numpy(), rows["words"].numpy(), strict=True):
        raw = slow.decode("words", slow.state({"sight": sight}))
        losses.append(slow.error("words", raw, words))
        errors.append(((slow.heads("words", raw) - words) ** 2).mean())
    loss, error = sum(losses) / len(losses), sum(errors) / len(errors)
    assert float(found["translation_loss sight to words"][1]) == pytest.approx(loss, rel=1e-4)
    assert float(found["translation_error sight to words"][1]) == pytest.approx(error, rel=1e-4)
    assert "cycle_loss words to sight to words" in found
    assert "demi_cycle_loss words to words" in found


def test_contrastive_is_a_mean_over_whole_batches(typed) -> None:
    population, rows = shaken(typed, "sight", "words"), rows_of(typed, "sight", "words")
    parts = [
        contrastive_losses(population, {n: v[start : start + 10] for n, v in rows.items()})
        for start in (0, 10)
    ]
    whole = contrastive_losses(population, rows, batch=10)["sight and words"]
    assert whole.tolist() == pytest.approx(
        torch.stack([p["sight and words"] for p in parts]).mean(0).tolist(), rel=1e-5
    )


def test_states_that_say_nothing_have_the_contrastive_loss_of_chance(typed) -> None:
    population, rows = shaken(typed, "sight", "words"), rows_of(typed, "sight", "words", count=16)
    population.matrix.zero_()
    population.views()["sight.encoder.bias"].fill_(1.0)
    population.views()["words.encoder.bias"].fill_(1.0)
    found = contrastive_losses(population, rows)["sight and words"]
    assert found.tolist() == pytest.approx([math.log(16)] * 2, rel=1e-5)


def test_fused_states_lie_between(typed) -> None:
    names = ("sight", "words")
    population, rows = shaken(typed, *names), rows_of(typed, *names)
    alone = [states(population, {name: rows[name]}).atanh() for name in names]
    fused = states(population, rows).atanh()
    assert torch.allclose(fused, (alone[0] + alone[1]) / 2, atol=1e-3)


def test_rows_that_do_not_belong_are_refused(typed) -> None:
    population, rows = shaken(typed, "sight", "words"), rows_of(typed, "sight", "words")
    with pytest.raises(InputError, match="the same rows, at least one"):
        population_losses(population, rows | {"words": rows["words"][:3]})
    with pytest.raises(InputError, match=r"got rows of \['touch'\]"):
        population_losses(population, rows | rows_of(typed, "touch"))
