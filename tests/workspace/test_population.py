"""A population is one matrix: views cover it, runs are rows, weights start where they should."""

import math

import pytest
import torch

from amodal.errors import InputError
from amodal.specification import LatentSpec
from amodal.workspace import Architecture, Population, apply_heads, bound, decode, encode, fuse
from amodal.workspace.architecture import LOG_SCALE


def architecture(**changed) -> Architecture:
    specs = {"a": LatentSpec.continuous(3), "b": LatentSpec.continuous(2)}
    return Architecture(specs, **({"state": 4, "hidden": 5, "layers": 2} | changed))


KINDS = [{}, {"linear": False}, {"hidden": 0}, {"layers": 1}, {"bounded": True}]


@pytest.mark.parametrize("changed", KINDS)
def test_views_cover_the_matrix_exactly(changed: dict) -> None:
    population = Population.create(architecture(**changed), [0, 1])
    population.matrix.zero_()
    for view in population.views().values():
        view += 1
    assert (population.matrix == 1).all()
    assert population.matrix.shape == (2, population.architecture.count())


def test_a_view_belongs_to_one_run() -> None:
    population = Population.create(architecture(), [0, 1])
    before = population.matrix.clone()
    population.views()["a.encoder.weight0"][1] = 7
    assert torch.equal(population.matrix[0], before[0])
    assert (population.matrix[1] == 7).sum() == 15


def test_chosen_runs_are_copies() -> None:
    population = Population.create(architecture(), [0, 1, 2])
    chosen = population.choose([2, 0])
    assert torch.equal(chosen.matrix, population.matrix[[2, 0]])
    chosen.matrix.zero_()
    assert population.matrix[2].any()
    assert len(chosen) == 2


def test_a_run_starts_the_same_alone_and_beside_others() -> None:
    together = Population.create(architecture(), [3, 4, 5])
    assert torch.equal(Population.create(architecture(), [4]).matrix[0], together.matrix[1])
    assert not torch.equal(together.matrix[0], together.matrix[1])


def test_with_a_linear_path_the_networks_start_at_zero_output() -> None:
    weights = Population.create(architecture(), [0]).views()
    for name in ("a.encoder", "b.decoder"):
        assert not weights[f"{name}.out"].any()
        assert not weights[f"{name}.bias"].any()
        assert weights[f"{name}.weight0"].any()


@pytest.mark.parametrize("linear", [True, False])
def test_fresh_weights_are_uniform_within_their_bound(linear: bool) -> None:
    weights = Population.create(architecture(hidden=200, linear=linear), [0]).views()
    middle = weights["a.encoder.weight1"]
    assert float(middle.abs().max()) == pytest.approx(1 / math.sqrt(200), rel=1e-2)
    assert float(middle.std()) == pytest.approx(1 / math.sqrt(3 * 200), rel=2e-2)
    assert float(weights[LOG_SCALE]) == pytest.approx(math.log(1 / 0.07))


def test_json_round_trip() -> None:
    made = architecture(bounded=True, activation="relu")
    assert Architecture.from_json(made.to_json()) == made


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"state": 0}, "state must be at least 1, got 0"),
        ({"hidden": -1}, "hidden >= 0"),
        ({"layers": 0}, "layers >= 1"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"hidden": 0, "linear": False}, "nothing would be left"),
        ({"specs": {"a": LatentSpec.continuous(3)}}, r"at least two modalities.*\['a'\]"),
        ({"state": 0, "dropout": -1.0}, "state must be.*; dropout must be"),
    ],
)
def test_impossible_architectures_are_refused(changed: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Architecture(**({"specs": architecture().specs, "state": 4} | changed))


def random_population(**changed) -> Population:
    population = Population.create(architecture(**changed), [0, 1])
    generator = torch.Generator().manual_seed(9)
    population.matrix.copy_(torch.randn(population.matrix.shape, generator=generator))
    return population


@pytest.mark.parametrize("changed", KINDS)
def test_encoders_and_decoders_equal_modules_of_torch(changed: dict) -> None:
    population = random_population(**changed)
    weights, made = population.views(), population.architecture
    x = torch.randn(2, 6, 3)
    states = encode(weights, made, "a", x)
    raw = decode(weights, made, "b", states)
    for run in range(2):
        for prefix, given, found in (("a.encoder", x, states), ("b.decoder", states, raw)):
            layer = {n: w[run] for n, w in weights.items() if n.startswith(prefix)}
            hidden, expected = given[run], layer[f"{prefix}.bias"]
            if made.hidden:
                for i in range(made.layers):
                    linear = torch.nn.functional.linear(
                        hidden, layer[f"{prefix}.weight{i}"].T, layer[f"{prefix}.bias{i}"][0]
                    )
                    hidden = torch.nn.functional.silu(linear)
                expected = expected + hidden @ layer[f"{prefix}.out"]
            if made.linear:
                expected = expected + given[run] @ layer[f"{prefix}.linear"]
            torch.testing.assert_close(found[run], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("bounded", [True, False])
def test_fusion_is_the_mean_of_what_is_present(bounded: bool) -> None:
    made = architecture(bounded=bounded)
    parts = {name: torch.randn(1, 3, 4) for name in ("a", "b", "c")}
    present = {
        "a": torch.tensor([[1.0, 1.0, 0.0]]),
        "b": torch.tensor([[1.0, 0.0, 1.0]]),
        "c": torch.tensor([[1.0, 0.0, 0.0]]),
    }
    fused = fuse(parts, made, present=present)
    expected = [
        (parts["a"][0, 0] + parts["b"][0, 0] + parts["c"][0, 0]) / 3,
        parts["a"][0, 1],
        parts["b"][0, 2],
    ]
    torch.testing.assert_close(fused[0], bound(torch.stack(expected), made))
    everything = bound((parts["a"] + parts["b"] + parts["c"]) / 3, made)
    torch.testing.assert_close(fuse(parts, made), everything)
    torch.testing.assert_close(
        fuse({n: parts[n] for n in ("c", "a")}, made), bound((parts["a"] + parts["c"]) / 2, made)
    )
    torch.testing.assert_close(fuse({"b": parts["b"]}, made), bound(parts["b"], made))


def test_heads_end_in_probabilities_and_unit_vectors(typed) -> None:
    raw = torch.randn(2, 5, 7) * 4
    done = apply_heads(raw, typed.spaces["words"])
    torch.testing.assert_close(done[..., :3].sum(-1), torch.ones(2, 5))
    torch.testing.assert_close(done[..., 3:5].norm(dim=-1), torch.ones(2, 5))
    assert torch.equal(done[..., 5:], raw[..., 5:])
    assert torch.isfinite(apply_heads(torch.zeros(1, 7), typed.spaces["words"])).all()
