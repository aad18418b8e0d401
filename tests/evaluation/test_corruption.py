"""Noise in units of the latents' own, missing modalities, and decoding of corrupted states."""

import pytest
import torch

from amodal.errors import InputError
from amodal.evaluation.corruption import add_noise, corrupted_states, decoding_errors
from amodal.evaluation.of_population import population_losses, states
from amodal.workspace import Architecture, Population


@pytest.fixture(scope="module")
def rows(typed) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(typed.latents[name].rows) for name in ("sight", "words")}


@pytest.fixture(scope="module")
def population(typed) -> Population:
    specs = {name: typed.spaces[name] for name in ("sight", "words")}
    return Population.create(
        Architecture(specs, state=4, hidden=6, bounded=True, linear=False), [0, 1]
    )


def test_noise_is_in_the_units_of_each_column() -> None:
    generator = torch.Generator().manual_seed(1)
    rows = torch.randn(4000, 2, generator=generator) * torch.tensor([1.0, 20.0]) + 3
    noise = add_noise(rows, 0.5, seed=2) - rows
    assert (noise.std(0) / rows.std(0)).tolist() == pytest.approx([0.5, 0.5], rel=0.05)
    assert torch.allclose(add_noise(rows, 1.0, seed=2) - rows, 2 * noise, atol=1e-3)
    assert torch.equal(add_noise(rows, 0.0), rows)


def test_no_noise_is_plain_fusion_and_missing_is_the_other_alone(population, rows) -> None:
    whole = corrupted_states(population, rows, "words", strength=0.0)
    assert torch.equal(whole, states(population, rows))
    gone = corrupted_states(population, rows, "words", strength=None)
    assert torch.equal(gone, states(population, {"sight": rows["sight"]}))
    blurred = corrupted_states(population, rows, "words", strength=1.0)
    assert not torch.allclose(blurred, whole, atol=1e-2)


def test_decoding_errors_of_one_modality_are_the_translation_error(population, rows) -> None:
    given = states(population, {"sight": rows["sight"]})
    found = decoding_errors(population, given, "words", rows["words"])
    expected = population_losses(population, rows)["translation_error sight to words"]
    assert torch.allclose(found, expected, rtol=1e-4)


def test_unequal_rows_are_refused(population, rows) -> None:
    with pytest.raises(InputError, match="the same rows"):
        corrupted_states(population, rows | {"words": rows["words"][:5]}, "words", strength=1.0)
