"""The modality's own error: values worked out by hand, and its properties."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amodal.losses import latent_error, mean_over
from amodal.specification import Block, LatentSpec

KIND = LatentSpec((Block("kind", "categorical", 3),))
TURN = LatentSpec((Block("turn", "circular", 2),))
MIXED = LatentSpec((*KIND.blocks, *TURN.blocks, Block("place", "continuous", 3)))


def one(raw: list, goal: list, spec: LatentSpec, smoothing: float = 0.0) -> float:
    found = latent_error(torch.tensor([[raw]]), torch.tensor([[goal]]), spec, smoothing=smoothing)
    assert found.shape == (1, 1)
    return found.item()


def test_continuous_is_the_mean_square() -> None:
    assert one([1.0, 2.0], [0.0, 4.0], LatentSpec.continuous(2)) == pytest.approx((1 + 4) / 2)


def test_circular_does_not_see_the_length() -> None:
    # (0, 1) against (1, 0): squared differences 1 and 1, mean 1
    assert one([0.0, 5.0], [1.0, 0.0], TURN) == pytest.approx(1)
    assert one([0.3, 0.0], [1.0, 0.0], TURN) == pytest.approx(0, abs=1e-6)
    assert one([-7.0, 0.0], [1.0, 0.0], TURN) == pytest.approx(2)


def test_categorical_is_cross_entropy_in_nats() -> None:
    assert one([0.0, 0.0, 0.0], [0.0, 1.0, 0.0], KIND) == pytest.approx(math.log(3))
    logits = [math.log(2), 0.0, 0.0]  # probabilities 1/2, 1/4, 1/4
    assert one(logits, [1.0, 0.0, 0.0], KIND) == pytest.approx(math.log(2))
    assert one(logits, [0.5, 0.25, 0.25], KIND) == pytest.approx(1.5 * math.log(2))


def test_smoothing_mixes_in_the_uniform_answer() -> None:
    logits = [math.log(2), 0.0, 0.0]
    # 0.3 of the way to uniform: targets 0.8, 0.1, 0.1
    expected = 0.8 * math.log(2) + 0.2 * math.log(4)
    assert one(logits, [1.0, 0.0, 0.0], KIND, smoothing=0.3) == pytest.approx(expected)


def test_blocks_weigh_by_their_columns() -> None:
    raw = [0.0, 0.0, 0.0, 0.0, 1.0, 3.0, 0.0, 0.0]
    goal = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    # cross-entropy log 3 (3 of 8 columns), circular 1 (2 of 8), squares 9, 0, 0 (3 of 8)
    expected = math.log(3) * 3 / 8 + 1 * 2 / 8 + 3 * 3 / 8
    assert one(raw, goal, MIXED) == pytest.approx(expected)


def test_a_zero_vector_has_a_finite_gradient() -> None:
    raw = torch.zeros(1, 1, 8, requires_grad=True)
    goal = torch.tensor([[[1.0, 0, 0, 1, 0, 0, 0, 0]]])
    latent_error(raw, goal, MIXED).sum().backward()
    assert raw.grad is not None
    assert torch.isfinite(raw.grad).all()


def test_large_logits_stay_finite() -> None:
    assert one([1e4, 0.0, 0.0], [0.0, 1.0, 0.0], KIND) == pytest.approx(1e4)


def draw(seed: int, runs: int = 2, rows: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    raw = torch.randn(runs, rows, 8, generator=generator)
    goal = torch.randn(runs, rows, 8, generator=generator)
    goal[..., :3] = goal[..., :3].softmax(-1)
    goal[..., 3:5] = torch.nn.functional.normalize(goal[..., 3:5], dim=-1)
    return raw, goal


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.permutations(range(5)))
def test_rows_are_judged_one_by_one(seed: int, order: list) -> None:
    raw, goal = draw(seed)
    errors = latent_error(raw, goal, MIXED)
    torch.testing.assert_close(latent_error(raw[:, order], goal[:, order], MIXED), errors[:, order])
    torch.testing.assert_close(latent_error(raw[[1, 0]], goal[[1, 0]], MIXED), errors[[1, 0]])
    assert (errors >= 0).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(-20, 20))
def test_circular_scale_and_categorical_shift_change_nothing(
    seed: int, scale: float, shift: float
) -> None:
    raw, goal = draw(seed)
    changed = raw.clone()
    changed[..., 3:5] *= scale
    changed[..., :3] += shift
    torch.testing.assert_close(
        latent_error(changed, goal, MIXED), latent_error(raw, goal, MIXED), atol=1e-4, rtol=1e-4
    )


@settings(deadline=None, max_examples=20)
@given(st.floats(0.01, 100))
def test_continuous_error_grows_with_the_square(scale: float) -> None:
    spec, rows = LatentSpec.continuous(4), torch.randn(1, 3, 4)
    zero = torch.zeros(1, 3, 4)
    torch.testing.assert_close(
        latent_error(scale * rows, zero, spec), scale**2 * latent_error(rows, zero, spec)
    )


def test_mean_over_counts_only_what_counts() -> None:
    errors = torch.tensor([[1.0, 2.0, 6.0], [4.0, 4.0, 4.0]])
    counted = torch.tensor([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert mean_over(errors).tolist() == [3, 4]
    assert mean_over(errors, counted).tolist() == [1.5, 0]
