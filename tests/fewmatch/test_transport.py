"""Transport plans: shares, order, softness."""

import pytest
import torch

from amodal.errors import InputError
from amodal.fewmatch.transport import TOLERANCE, transport_plan


def test_every_row_gives_and_gets_its_share() -> None:
    similarity = torch.rand(7, 5, generator=torch.Generator().manual_seed(0)).double()
    plan = transport_plan(similarity, temperature=0.1)
    torch.testing.assert_close(plan.sum(1), torch.full((7,), 1 / 7).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(plan.sum(0), torch.full((5,), 1 / 5).double(), atol=1e-2, rtol=0)
    assert plan.dtype == torch.float64
    assert (plan >= 0).all()


@pytest.mark.parametrize("temperature", [0.2, 0.1, 0.05])
def test_balancing_ends_where_columns_have_their_share(temperature) -> None:
    similarity = torch.rand(90, 60, generator=torch.Generator().manual_seed(2))
    before = similarity.clone()
    plan = transport_plan(similarity, temperature=temperature)
    assert float((plan.sum(0) * 60 - 1).abs().mean()) < TOLERANCE * 1.01
    assert torch.equal(similarity, before)
    # To balance in full, from the plan that was found, hardly moves it.
    full = plan.double()
    for _ in range(1000):
        full = full / (full.sum(0) * 60)
        full = full / (full.sum(1, keepdim=True) * 90)
    assert float((plan - full).abs().sum()) < 5 * TOLERANCE


def test_the_order_of_rows_does_not_matter() -> None:
    generator = torch.Generator().manual_seed(1)
    similarity, order = torch.rand(6, 6, generator=generator), torch.randperm(6)
    plan = transport_plan(similarity, temperature=0.1)
    torch.testing.assert_close(
        transport_plan(similarity[:, order], temperature=0.1), plan[:, order]
    )


def test_a_hub_is_not_the_answer_of_all() -> None:
    # Everyone likes the first column most; only the first row can have it.
    similarity = torch.tensor([[1.0, 0.2, 0.0], [1.0, 0.8, 0.0], [1.0, 0.0, 0.8]])
    plan = transport_plan(similarity, temperature=0.02, rounds=300)
    assert plan.argmax(1).tolist() == [0, 1, 2]


def test_high_temperatures_tend_to_independence_and_bad_ones_are_refused() -> None:
    plan = transport_plan(torch.eye(4), temperature=1e4)
    torch.testing.assert_close(plan, torch.full((4, 4), 1 / 16), atol=1e-4, rtol=0)
    with pytest.raises(InputError, match="expected a positive number"):
        transport_plan(torch.eye(2), temperature=0.0)


def test_no_column_is_lost_to_rounding() -> None:
    """One column of the second set is nobody's answer, by hundreds of temperatures."""
    similarity = torch.eye(4)
    similarity[:, 3] = -50.0
    plan = transport_plan(similarity, temperature=0.1)
    torch.testing.assert_close(plan.sum(0), torch.full((4,), 0.25), atol=1e-2, rtol=0)
    assert plan.argmax(1)[:3].tolist() == [0, 1, 2]
