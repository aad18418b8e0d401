"""CCA, Procrustes and principal coordinates against slow or independent versions."""

import numpy as np
import pytest
import scipy.linalg
import torch

from amodal.baselines import CCA, Procrustes
from amodal.errors import InputError
from amodal.fewmatch.principal import Principal


def draw(n: int = 300, *, seed: int = 0):
    generator = np.random.default_rng(seed)
    hidden = generator.normal(size=(n, 2))
    first = hidden @ generator.normal(size=(2, 4)) + generator.normal(size=(n, 4))
    second = hidden @ generator.normal(size=(2, 3)) + generator.normal(size=(n, 3))
    return first, second


def fit_all(model, first, second):
    rows = list(range(len(first)))
    return model.fit({"a": first, "b": second}, matches={"a": rows, "b": rows})


def test_canonical_correlations_equal_scikit_learn() -> None:
    from sklearn.cross_decomposition import CCA as Slow

    first, second = draw()
    model = fit_all(CCA(penalty=1e-9, power=0.0), first, second)
    slow = Slow(n_components=3, max_iter=5000, tol=1e-12).fit(first, second)
    x, y = slow.transform(first, second)
    expected = [np.corrcoef(x[:, k], y[:, k])[0, 1] for k in range(3)]
    np.testing.assert_allclose(model.correlations_.numpy(), expected, atol=1e-5)
    ours = model.embed({"a": first})
    for k in range(3):
        assert abs(np.corrcoef(ours[:, k], x[:, k])[0, 1]) > 0.9999


def test_captions_of_one_thing_do_not_choose_the_decoders_penalty() -> None:
    """40 pictures of five captions each, nearly the same: what is left out is told by its fellows,
    so that the smallest penalty looks best, and new pictures are told worse than by their mean."""
    rng = np.random.default_rng(0)
    told = rng.normal(size=(1040, 40))
    picture = told[:, :3] @ rng.normal(size=(3, 20)) + 2 * rng.normal(size=(1040, 20))
    captions = np.repeat(told, 5, 0) + 0.05 * rng.normal(size=(5200, 40))
    rows = np.arange(200)
    model = CCA().fit(
        {"picture": picture, "text": captions}, matches={"picture": rows // 5, "text": rows}
    )
    truth = np.repeat(picture[40:], 5, 0)
    off = np.square(model.translate(captions[200:], "text", "picture") - truth).sum()
    assert off < np.square(truth - picture.mean(0)).sum()


def test_penalty_equals_the_generalised_eigenvalue_problem() -> None:
    first, second = (x - x.mean(0) for x in draw(60))
    model = fit_all(CCA(penalty=0.3), first, second)
    n, a, b = 60, first.shape[1], second.shape[1]
    cross, zero = first.T @ second / n, np.zeros
    left = np.block([[zero((a, a)), cross], [cross.T, zero((b, b))]])
    within = [x.T @ x / n + 0.3 * x.var(0).mean() * np.eye(x.shape[1]) for x in (first, second)]
    values = scipy.linalg.eigh(left, scipy.linalg.block_diag(*within), eigvals_only=True)
    np.testing.assert_allclose(model.correlations_.numpy(), values[::-1][:3], rtol=1e-5)


def test_embeddings_are_variates_scaled_by_a_power_of_the_correlations() -> None:
    first, second = draw()
    plain = fit_all(CCA(penalty=1e-9, power=0.0), first, second)
    weighted = fit_all(CCA(penalty=1e-9, power=0.5), first, second)
    np.testing.assert_allclose(plain.embed({"a": first}).var(0), 1, atol=1e-3)
    expected = plain.embed({"a": first}) * plain.correlations_.numpy() ** 0.5
    np.testing.assert_allclose(np.abs(weighted.embed({"a": first})), np.abs(expected), atol=1e-4)


def test_three_modalities_share_one_space() -> None:
    generator = np.random.default_rng(1)
    hidden = generator.normal(size=(200, 2))
    latents = {name: hidden @ generator.normal(size=(2, 3)) for name in "abc"}
    rows = list(range(200))
    model = CCA(penalty=1e-6).fit(latents, matches=dict.fromkeys("abc", rows))
    assert model.correlations_.numpy()[:2] == pytest.approx([1, 1], abs=1e-3)
    states = [model.embed({name: latents[name]}) for name in "abc"]
    np.testing.assert_allclose(states[0], states[1], atol=0.02)
    np.testing.assert_allclose(states[0], states[2], atol=0.02)


def test_components_are_capped_and_settings_checked() -> None:
    first, second = draw()
    assert fit_all(CCA(components=2), first, second).embed({"a": first}).shape == (300, 2)
    with pytest.raises(InputError, match="expected a positive penalty"):
        fit_all(CCA(penalty=0.0), first, second)
    with pytest.raises(InputError, match="components is 0"):
        fit_all(CCA(components=0), first, second)


def test_procrustes_equals_scipy_and_finds_scale_and_rotation() -> None:
    first, _ = draw(50)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))[0]
    second = 2.5 * first @ turn + np.arange(4)
    noisy = second + 0.1 * np.random.default_rng(4).normal(size=second.shape)
    model = fit_all(Procrustes(), first, noisy)
    x, y = first - first.mean(0), noisy - noisy.mean(0)
    rotation, strength = scipy.linalg.orthogonal_procrustes(x, y)
    expected = x @ rotation * strength / np.square(x).sum() + noisy.mean(0)
    np.testing.assert_allclose(model.translate(first, "a", "b"), expected, atol=1e-4)


def test_procrustes_leaves_what_few_matches_do_not_determine_at_the_mean() -> None:
    first, _ = draw(50)
    latents = {"a": first, "b": first}
    model = Procrustes().fit(latents, matches={"a": [0, 1, 2], "b": [0, 1, 2]})
    answers = model.translate(first, "a", "b") - first[:3].mean(0)
    assert np.linalg.matrix_rank(answers, tol=1e-3) == 2
    np.testing.assert_allclose(model.translate(first[:3], "a", "b"), first[:3], atol=1e-4)


def test_principal_coordinates_are_white_and_invertible() -> None:
    rows = torch.from_numpy(draw(100)[0]) @ torch.diag(torch.tensor([9.0, 1, 0.1, 3]).double())
    rows = torch.cat([rows, rows[:, :1], torch.full((100, 1), 5.0)], 1)
    principal = Principal.fit(rows, 10)
    z = principal.apply(rows)
    assert z.shape == (100, 4)
    torch.testing.assert_close(z.T @ z / 100, torch.eye(4).double())
    torch.testing.assert_close(principal.invert(z), rows)
    assert Principal.fit(rows, 2).apply(rows).shape == (100, 2)
    constant = torch.ones(5, 3)
    assert torch.equal(Principal.fit(constant, 3).apply(constant), torch.zeros(5, 1).double())
