"""The closed-form start: before any training, translating is exactly ridge regression."""

import numpy as np
import pytest
import torch

from amodal.fewmatch.ridge import fit_ridge
from amodal.fewmatch.start import put_start
from amodal.latents import MatchTable
from amodal.model.inference import translate_members
from amodal.specification import LatentSpec
from amodal.workspace import Architecture, Population


def started(typed, table: MatchTable, *, things=None, runs: int = 1, **changed) -> tuple:
    """A population whose runs have the start from their matches, and the latents."""
    latents = {name: torch.from_numpy(typed.latents[name].rows) for name in table.names}
    specs = {name: typed.spaces[name] for name in table.names}
    joint = sum(spec.dim for spec in specs.values())
    made = Architecture(specs, **({"state": joint, "hidden": 5} | changed))
    population = Population.create(made, range(runs))
    for run, own in enumerate(things or [np.arange(len(table))] * runs):
        put_start(population, run, latents, table, things=own)
    return population, latents


def same_rows(names, things: int = 40) -> MatchTable:
    return MatchTable(tuple(names), np.stack([np.arange(things)] * len(names), 1))


def ridge_between(latents, spec, source: str, target: str, rows):
    groups = [columns for _, columns in spec.parts()]
    return fit_ridge(latents[source][rows], latents[target][rows], groups=groups)


@pytest.mark.parametrize("spare", [0, 3])
def test_translating_is_ridge_regression(typed, spare: int) -> None:
    names = ("sight", "words", "touch")
    population, latents = started(typed, same_rows(names), state=16 + spare)
    for source in names:
        for target in names:
            if source == target:
                continue
            found = translate_members(population, latents[source], source, target)[0]
            ridge = ridge_between(latents, typed.spaces[target], source, target, slice(0, 40))
            expected = ridge(latents[source])
            for block, columns in typed.spaces[target].parts():
                own, other = found[:, columns], expected[:, columns]
                if block.kind == "categorical":
                    assert torch.equal(own.argmax(1), other.argmax(1))
                    torch.testing.assert_close(own.sum(1), torch.ones(len(own)))
                else:
                    if block.kind == "circular":
                        other = torch.nn.functional.normalize(other, dim=1)
                    torch.testing.assert_close(own, other, atol=1e-4, rtol=1e-4)


def test_each_run_starts_from_its_own_matches(typed) -> None:
    table, things = same_rows(("sight", "touch")), [np.arange(12), np.arange(12, 40)]
    population, latents = started(typed, table, things=things, runs=2)
    found = translate_members(population, latents["sight"], "sight", "touch")
    for run, rows in enumerate(things):
        ridge = ridge_between(latents, typed.spaces["touch"], "sight", "touch", rows)
        expected = ridge(latents["sight"])[:, :2]
        torch.testing.assert_close(found[run][:, :2], expected, atol=1e-4, rtol=1e-4)


def test_demi_cycles_start_as_the_identity(typed) -> None:
    population, latents = started(typed, same_rows(("sight", "touch")))
    for name in ("sight", "touch"):
        found = translate_members(population, latents[name], name, name)[0]
        torch.testing.assert_close(found, latents[name], atol=1e-5, rtol=1e-5)


def test_modalities_that_never_met_are_joined_through_a_third(typed) -> None:
    """Sight and words, words and touch, never sight and touch."""
    names = ("sight", "words", "touch")
    rows = np.array([[i, i, -1] for i in range(30)] + [[-1, i, i] for i in range(30, 60)])
    population, latents = started(typed, MatchTable(names, rows))
    found = translate_members(population, latents["sight"], "sight", "touch")[0][:, :2]
    first = ridge_between(latents, typed.spaces["words"], "sight", "words", slice(0, 30))
    second = ridge_between(latents, typed.spaces["touch"], "words", "touch", slice(30, 60))
    expected = second(first(latents["sight"]))[:, :2]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    truth = latents["touch"][60:, :2]
    assert float((found[60:] - truth).square().mean()) < 0.3 * float(truth.square().mean())


@pytest.mark.parametrize("matches", [0, 1])
def test_too_few_matches_start_at_the_mean(typed, matches: int) -> None:
    population, latents = started(typed, same_rows(("sight", "touch"), matches))
    found = translate_members(population, latents["sight"], "sight", "touch")[0]
    assert not found[:, :2].any()


def test_a_state_with_tanh_stays_close_to_ridge(typed) -> None:
    names = ("sight", "touch")
    population, latents = started(typed, same_rows(names), bounded=True)
    found = translate_members(population, latents["sight"] * 0.5, "sight", "touch")[0][:, :2]
    ridge = ridge_between(latents, typed.spaces["touch"], "sight", "touch", slice(0, 40))
    expected = ridge(latents["sight"] * 0.5)[:, :2]
    assert float((found - expected).square().mean().sqrt()) < 0.1 * float(expected.std())


def test_a_small_state_keeps_what_the_modalities_share(typed) -> None:
    """Four numbers (place and turn) pass through a state of four."""
    names = ("words", "touch")
    population, latents = started(typed, same_rows(names, 80), state=6)
    found = translate_members(population, latents["words"], "words", "touch")[0]
    truth = latents["touch"]
    assert float((found[80:] - truth[80:]).square().mean()) < 0.02
    smaller, _ = started(typed, same_rows(names, 80), state=2)
    worse = translate_members(smaller, latents["words"], "words", "touch")[0]
    error = [float((f[80:] - truth[80:]).square().mean()) for f in (found, worse)]
    assert error[0] < error[1]


def test_several_captions_of_one_image_are_all_learnt_from(typed) -> None:
    rows = np.array([[i // 2, i // 2 if i % 2 == 0 else 60 + i // 2] for i in range(40)])
    population, latents = started(typed, MatchTable(("sight", "touch"), rows))
    ridge = fit_ridge(
        latents["sight"][rows[:, 0]],
        latents["touch"][rows[:, 1]],
        groups=[columns for _, columns in typed.spaces["touch"].parts()],
        things=np.arange(40) // 2,
    )
    found = translate_members(population, latents["sight"], "sight", "touch")[0][:, :2]
    expected = ridge(latents["sight"])[:, :2]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_plain_numbers_of_unequal_width() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(30, 4, generator=generator)
    y = x @ torch.randn(4, 9, generator=generator)
    table = same_rows(("a", "b"), 12)
    specs = {"a": LatentSpec.continuous(4), "b": LatentSpec.continuous(9)}
    population = Population.create(Architecture(specs, state=13), [0])
    put_start(population, 0, {"a": x, "b": y}, table, things=np.arange(12))
    found = translate_members(population, x, "a", "b")[0]
    torch.testing.assert_close(found, y, atol=1e-2, rtol=1e-2)


def test_modalities_two_others_apart_are_joined_through_both() -> None:
    generator = torch.Generator().manual_seed(0)
    things = torch.randn(80, 2, generator=generator)
    names = ("a", "b", "c", "d")
    latents = {name: things @ torch.randn(2, 3, generator=generator) for name in names}
    rows = np.full((60, 4), -1)
    for link in range(3):  # a-b, b-c, c-d, twenty things each
        own = np.arange(20 * link, 20 * link + 20)
        rows[own, link] = rows[own, link + 1] = own
    specs = {name: LatentSpec.continuous(3) for name in names}
    population = Population.create(Architecture(specs, state=12, hidden=4), [0])
    put_start(population, 0, latents, MatchTable(names, rows), things=np.arange(60))
    found = translate_members(population, latents["a"], "a", "d")[0]
    torch.testing.assert_close(found, latents["d"], atol=0.05, rtol=0.05)
