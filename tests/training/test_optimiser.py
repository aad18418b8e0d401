"""The optimiser of a population against torch's own AdamW, run by run."""

import pytest
import torch

from amodal.specification import LatentSpec
from amodal.training.optimiser import PopulationAdamW, column_factors
from amodal.workspace import Architecture, Population


def gradients(steps: int, runs: int, weights: int) -> torch.Tensor:
    return torch.randn(steps, runs, weights, generator=torch.Generator().manual_seed(1))


def take(optimiser: PopulationAdamW, gradient: torch.Tensor, rates, decay) -> None:
    optimiser.gradient.copy_(gradient)
    optimiser.step(rates, decay)


def test_equals_adamw_with_each_runs_own_rate() -> None:
    start = torch.randn(3, 10, generator=torch.Generator().manual_seed(0))
    rates, shrink = [1e-2, 1e-3, 3e-2], [0.1, 0.0, 2.0]
    optimiser = PopulationAdamW(start.clone(), decays=torch.ones(10), speed=torch.ones(10))
    parameters = [torch.nn.Parameter(row.clone()) for row in start]
    theirs = [
        torch.optim.AdamW([parameter], lr=rate, weight_decay=decay)
        for parameter, rate, decay in zip(parameters, rates, shrink, strict=True)
    ]
    for gradient in gradients(50, 3, 10):
        take(optimiser, gradient, torch.tensor(rates), torch.tensor(shrink))
        for parameter, own, other in zip(parameters, gradient, theirs, strict=True):
            parameter.grad = own.clone()
            other.step()
    for row, parameter in zip(optimiser.matrix, parameters, strict=True):
        torch.testing.assert_close(row, parameter.detach(), atol=1e-6, rtol=1e-6)


def test_column_factors_scale_rate_and_decay() -> None:
    start = torch.ones(1, 2)
    optimiser = PopulationAdamW(
        start.clone(), decays=torch.tensor([1.0, 0.0]), speed=torch.tensor([1.0, 0.1])
    )
    take(optimiser, torch.ones(1, 2), torch.tensor([0.1]), torch.tensor([0.5]))
    # The first step of Adam is the rate itself; the decay takes half a rate off.
    assert optimiser.matrix[0].tolist() == pytest.approx([1 - 0.05 - 0.1, 1 - 0.01], abs=1e-6)


def test_keeping_some_runs_keeps_their_moments() -> None:
    start = torch.randn(3, 4)
    whole = PopulationAdamW(start.clone(), decays=torch.zeros(4), speed=torch.ones(4))
    some = PopulationAdamW(start.clone(), decays=torch.zeros(4), speed=torch.ones(4))
    first, second = gradients(2, 3, 4)
    for optimiser in (whole, some):
        take(optimiser, first, torch.full((3,), 0.1), torch.zeros(3))
    some.keep([2, 0])
    take(whole, second, torch.full((3,), 0.1), torch.zeros(3))
    take(some, second[[2, 0]], torch.full((2,), 0.1), torch.zeros(2))
    assert torch.equal(some.matrix, whole.matrix[[2, 0]])


def test_only_the_networks_decay_and_parts_have_their_speed() -> None:
    made = Architecture({n: LatentSpec.continuous(2) for n in "ab"}, state=3, hidden=4)
    decay, speed = column_factors(made, decoder_speed=3.0, linear_speed=0.5)
    population = Population(made, torch.stack([decay, speed]))
    for name, view in population.views().items():
        decays = ".weight" in name or name.endswith(".out")
        assert (view[0] == torch.tensor(1.0 if decays else 0.0)).all(), name
        expected = 3.0 if ".decoder." in name else 1.0
        expected *= 0.5 if name.endswith((".linear", "r.bias")) else 1.0
        assert (view[1] == expected).all(), name
