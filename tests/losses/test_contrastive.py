"""The contrastive loss: by hand, its limits, and matches that are no wrong answers."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amodal.latents import Batch, MatchTable, Sampler
from amodal.losses import LossSettings, Step, same_thing
from amodal.losses.contrastive import contrastive
from amodal.losses.terms import contrastive as contrastive_of_step
from amodal.specification import LatentSpec
from amodal.workspace import Architecture


def value(first, second, *, counted=None, same=None, scale: float = 1.0) -> float:
    first, second = torch.tensor([first]), torch.tensor([second])
    things = first.shape[1]
    return contrastive(
        first,
        second,
        counted=torch.ones(1, things) if counted is None else torch.tensor([counted]),
        same=torch.zeros(1, things, things, dtype=torch.bool) if same is None else same,
        scale=torch.tensor([scale]),
    ).item()


X, Y = [1.0, 0.0], [0.0, 1.0]


def test_two_orthogonal_things() -> None:
    # Cosines are the identity: each row and column is log(e + 1) - 1.
    assert value([X, Y], [X, Y]) == pytest.approx(math.log(math.e + 1) - 1)
    assert value([X, Y], [X, Y], scale=3.0) == pytest.approx(math.log(math.e**3 + 1) - 3)


def test_swapped_things() -> None:
    assert value([X, Y], [Y, X]) == pytest.approx(math.log(math.e + 1))


def test_both_directions_count() -> None:
    # Both of the first side point at x. Cosines [[1, 0], [1, 0]]: rows log(e + 1) - (1, 0),
    # columns log(2e) - 1 and log 2.
    rows = (math.log(math.e + 1) - 1) + math.log(math.e + 1)
    columns = math.log(2 * math.e) - 1 + math.log(2)
    assert value([X, X], [X, Y]) == pytest.approx((rows + columns) / 4)


def test_indistinguishable_things_cost_the_logarithm_of_their_number() -> None:
    assert value([X] * 5, [X] * 5, scale=10.0) == pytest.approx(math.log(5))


def test_perfect_states_cost_nothing_in_the_limit() -> None:
    assert value([X, Y], [X, Y], scale=100.0) == pytest.approx(0, abs=1e-6)


def test_a_single_thing_costs_nothing() -> None:
    assert value([X], [Y]) == pytest.approx(0, abs=1e-6)


def test_things_that_do_not_count_are_no_rivals() -> None:
    left_out = value([X, Y, X], [X, Y, Y], counted=[1.0, 1.0, 0.0])
    assert left_out == pytest.approx(value([X, Y], [X, Y]))


def test_the_same_thing_twice_is_no_wrong_answer() -> None:
    same = same_thing(torch.tensor([[7, 7, 2]]))
    found = value([X, X, Y], [X, X, Y], same=same)
    # Each of the first two has one rival, the third has two of them.
    pair = math.log(math.e + 1) - 1
    triple = math.log(math.e + 2) - 1
    assert found == pytest.approx((2 * pair + triple) / 3)


def draw(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randn(2, 6, 3, generator=generator) for _ in range(2))


def of(first: torch.Tensor, second: torch.Tensor, things: torch.Tensor) -> torch.Tensor:
    return contrastive(
        first,
        second,
        counted=(things >= 0).float(),
        same=same_thing(things),
        scale=torch.tensor([2.0, 5.0]),
    )


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 10_000),
    st.permutations(range(6)),
    st.lists(st.integers(-1, 3), min_size=6, max_size=6),
    st.floats(0.01, 100),
)
def test_order_sides_and_lengths_do_not_matter(seed: int, order, things, length: float) -> None:
    first, second = draw(seed)
    numbers = torch.tensor([things, things])
    found = of(first, second, numbers)
    close = {"atol": 1e-4, "rtol": 1e-4}
    moved = of(first[:, order], second[:, order], numbers[:, order])
    torch.testing.assert_close(moved, found, **close)
    torch.testing.assert_close(of(second, first, numbers), found, **close)
    torch.testing.assert_close(of(first * length, second / length, numbers), found, **close)
    assert (found >= -1e-6).all()


def test_runs_can_change_places() -> None:
    first, second = draw(0)
    numbers = torch.arange(6).expand(2, 6)
    scale = torch.tensor([2.0, 5.0])
    arguments = {"counted": torch.ones(2, 6), "same": same_thing(numbers)}
    found = contrastive(first, second, scale=scale, **arguments)
    swapped = contrastive(first[[1, 0]], second[[1, 0]], scale=scale[[1, 0]], **arguments)
    torch.testing.assert_close(swapped, found[[1, 0]])


def value_of_matches(rows: list, states: dict[str, torch.Tensor]) -> float:
    """The loss of a batch that holds each match of a table once, states as given."""
    names = tuple(states)
    table = MatchTable(names, np.array(rows))
    latents = {name: torch.zeros(20, 2) for name in names}
    drawn = Sampler(
        latents, table, things=[np.arange(len(rows))], seeds=[0], batch=99, unmatched_batch=0
    ).draw(0)
    order = Sampler(
        {name: torch.arange(20.0)[:, None] for name in names},
        table,
        things=[np.arange(len(rows))],
        seeds=[0],
        batch=99,
        unmatched_batch=0,
    ).draw(0)
    architecture = Architecture({name: LatentSpec.continuous(2) for name in names}, state=2)
    step = Step(architecture, Batch(drawn.matched, drawn.things, drawn.present, {}), torch.zeros(1))
    step.matched = {name: states[name][order.matched[name][..., 0].long()] for name in names}
    return float(contrastive_of_step(step, LossSettings(scale=1.0))[0])


def test_captions_of_one_image_are_never_wrong_answers_even_through_a_third_modality() -> None:
    # Image 0 has captions 0 and 1, and caption 1 comes with sound 0: sound 0 is image 0's too.
    rows = [[0, 0, -1], [0, 1, 0], [1, 2, 1]]
    generator = torch.Generator().manual_seed(0)
    states = {name: torch.randn(20, 2, generator=generator) for name in ("image", "text", "sound")}
    before = value_of_matches(rows, states)
    # However alike the two captions and the image are: no rival of each other.
    states["text"][0] = states["text"][1]
    direct = value_of_matches([[0, 1, 0], [1, 2, 1]], states)
    assert before != pytest.approx(direct)
    alone = value_of_matches([[0, 0, -1], [0, 1, 0]], states)
    assert alone == pytest.approx(0, abs=1e-6)


def test_chains_of_matches_are_one_thing() -> None:
    # Image 0 - text 0, image 0 - text 1, image 1 - text 1: text 0 is no wrong answer for image 1.
    states = {name: torch.randn(20, 2) for name in ("image", "text")}
    found = value_of_matches([[0, 0], [0, 1], [1, 1]], states)
    assert found == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("scale", [3.0, 1 / 0.07, 79.0, 99.0])
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_are_those_of_the_formula(scale: float, masked: bool) -> None:
    numbers = torch.tensor([[4, 4, 1, -1, 2, 0], [0, 1, 2, 3, 4, 5]])
    counted, same = (numbers >= 0).float(), same_thing(numbers)
    if not masked:
        counted, same = torch.ones(2, 6), torch.zeros(2, 6, 6, dtype=torch.bool)

    def formula(first, second, scale) -> torch.Tensor:
        cosines = torch.nn.functional.cosine_similarity(first[:, :, None], second[:, None], dim=-1)
        scores = cosines * scale[:, None, None]
        absent = counted[:, :, None] * counted[:, None] == 0
        rivals = scores.masked_fill((absent | same) & ~torch.eye(6, dtype=torch.bool), -torch.inf)
        right = scores.diagonal(dim1=1, dim2=2)
        each = (rivals.logsumexp(1) + rivals.logsumexp(2)) / 2 - right
        return (each * counted).sum(1) / counted.sum(1)

    def gradients(loss, kind: torch.dtype) -> list[torch.Tensor]:
        states = [state.to(kind).requires_grad_() for state in draw(3)]
        scales = torch.tensor([scale, scale / 2], dtype=kind, requires_grad=True)
        weighted = loss(*states, scales) * torch.tensor([1.0, 3.0])
        return [g.float() for g in torch.autograd.grad(weighted.sum(), [*states, scales])]

    arguments = {"counted": counted, "same": same} if masked else {}
    ours = gradients(lambda a, b, s: contrastive(a, b, scale=s, **arguments), torch.float32)
    for own, expected in zip(ours, gradients(formula, torch.float64), strict=True):
        torch.testing.assert_close(own, expected, atol=2e-4, rtol=1e-3)
