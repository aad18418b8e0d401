"""Kernel ridge: against brute-force leaving out, a curved map, and many matches."""

import numpy as np
import pytest
import torch

from amodal.baselines import KernelRidge, Ridge
from amodal.data.shapes import attributes, draw_factors, render
from amodal.errors import InputError
from amodal.fewmatch.kernel_ridge import decompose, fit_kernel_ridge, gaussian
from amodal.fewmatch.shrinkage import shrink
from amodal.unimodal import load_model


def brute_force(kernel: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    """Leave each thing out of the kernel and of the mean, and solve anew with an intercept."""
    answers = []
    for left_out in range(len(y)):
        kept = np.arange(len(y)) != left_out
        n = kept.sum()
        system = np.block(
            [[kernel[np.ix_(kept, kept)] + penalty * np.eye(n), np.ones((n, 1))], [np.ones(n), 0]]
        )
        solution = np.linalg.solve(system, np.concatenate([y[kept], np.zeros((1, y.shape[1]))]))
        answers.append(kernel[left_out, kept] @ solution[:-1] + solution[-1])
    return np.stack(answers)


def test_leave_one_out_equals_brute_force() -> None:
    x, y = torch.randn(2, 25, 3, generator=torch.Generator().manual_seed(0)).double()
    kernel = gaussian(x, x, 1.5)
    shrunk = shrink(*decompose(kernel), y - y.mean(0))
    expected = brute_force(kernel.numpy(), y.numpy(), float(shrunk.penalty[0]))
    np.testing.assert_allclose((y - shrunk.residuals).numpy(), expected, rtol=1e-6, atol=1e-8)


def curved(n: int, *, seed: int = 0):
    generator = np.random.default_rng(seed)
    hidden = generator.uniform(-2, 2, size=(n, 2))
    answers = np.stack([np.sin(2 * hidden[:, 0]), hidden[:, 0] * hidden[:, 1]], axis=1)
    return hidden, answers + 0.02 * generator.normal(size=answers.shape)


def error(method, matches: int) -> float:
    first, second = curved(matches + 200)
    rows = list(range(matches))
    model = method().fit({"a": first, "b": second}, matches={"a": rows, "b": rows})
    answers = model.translate(first[matches:], "a", "b")
    return float(np.square(answers - second[matches:]).mean() / second.var(0).mean())


def test_learns_a_curved_map_that_ridge_cannot() -> None:
    assert error(KernelRidge, 100) < 0.02
    assert error(Ridge, 100) > 0.5


def test_groups_of_columns_choose_a_length_scale_each() -> None:
    x = torch.linspace(0, 6, 50)[:, None]
    y = torch.cat([(8 * x).sin(), 0.5 * x], 1)
    fitted = fit_kernel_ridge(x, y, groups=[slice(0, 1), slice(1, 2)])
    assert fitted.lengths[0] < fitted.lengths[1]
    for column in range(2):
        alone = fit_kernel_ridge(x, y[:, column, None])
        torch.testing.assert_close(fitted(x)[:, column], alone(x)[:, 0], atol=1e-4, rtol=1e-4)


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(InputError, match=r"same number of rows .* at least 1, got 0 and 0"):
        fit_kernel_ridge(torch.zeros(0, 2), torch.zeros(0, 2))


def test_nearly_linear_maps_cost_little() -> None:
    generator = np.random.default_rng(2)
    first = generator.normal(size=(300, 6))
    latents = {"a": first, "b": first @ generator.normal(size=(6, 3))}
    rows = list(range(40))
    model = KernelRidge().fit(latents, matches={"a": rows, "b": rows})
    answers = model.translate(first, "a", "b")
    assert np.square(answers - latents["b"]).mean() < 0.05 * latents["b"].var(0).mean()


@pytest.mark.slow
def test_thousands_of_matches() -> None:
    assert error(KernelRidge, 3000) < 0.005


def test_tiny_eigenvalues_of_real_latents_do_no_harm() -> None:
    # Rounding tilts their directions towards the mean; an error of 2, where ridge has 0.002.
    factors = draw_factors(1000, seed=5)
    pictures = load_model("shapes/image").encode(render(factors))
    wanted = torch.from_numpy(attributes(factors))
    known = {"image": pictures[:200], "attributes": wanted[:200]}
    errors = []
    for kind in (KernelRidge, Ridge):
        model = kind().fit(known, matches={name: range(200) for name in known})
        answers = model.translate(pictures[200:], "image", "attributes")
        errors.append(float((answers - wanted[200:]).square().mean()))
    assert errors[0] < 0.8 * errors[1] < 0.01
