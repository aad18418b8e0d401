"""Baselines whose settings folds choose, each against a slow or independent version."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pytest
import scipy.linalg
import torch
from curves import curves, fit

from amodal.baselines import ASIF, CSA, Contrastive, Ridge, SpectralCCA, WassersteinProcrustes
from amodal.baselines.asif import ASIFSettings
from amodal.baselines.base import Baseline
from amodal.baselines.contrastive import ContrastiveSettings, matches_loss
from amodal.baselines.csa import CSASettings
from amodal.baselines.folds import choose_by_folds, folds, log_ranks
from amodal.baselines.spectral_cca import SpectralMap, SpectralSettings
from amodal.baselines.wasserstein_procrustes import WassersteinProcrustesSettings, assigned
from amodal.evaluation.retrieval import retrieval_both_ways
from amodal.fewmatch.principal import Principal
from amodal.latents import MatchTable


def draw(n: int = 200, *, seed: int = 0):
    generator = np.random.default_rng(seed)
    hidden = generator.normal(size=(n, 2))
    first = hidden @ generator.normal(size=(2, 4)) + generator.normal(size=(n, 4))
    second = hidden @ generator.normal(size=(2, 3)) + generator.normal(size=(n, 3))
    return first, second


def cosines(model: Baseline, first, second) -> np.ndarray:
    states = [model.embed({"a": first}), model.embed({"b": second})]
    one, other = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in states)
    return one @ other.T


def foscttm(model: Baseline, first, second) -> float:
    both = retrieval_both_ways(model.embed({"a": first}), model.embed({"b": second}))
    return both["mean"]["foscttm"]


@dataclass(frozen=True)
class Turn:
    """Settings of the fold test: by how much the second modality is turned back."""

    angle: float = 0.0
    offset: float = 0.0


def test_folds_choose_what_ranks_held_out_matches_best() -> None:
    rows = torch.randn(40, 2, generator=torch.Generator().manual_seed(0)).double()
    angle = torch.tensor(1.0).double()
    turn = torch.tensor([[angle.cos(), angle.sin()], [-angle.sin(), angle.cos()]])
    table = MatchTable.build({"a": range(40), "b": range(40)}, {"a": 40, "b": 40})
    asked = []

    def fitted(settings: Turn, own: MatchTable):
        asked.append((settings, len(own)))
        back = torch.tensor(settings.angle).double()
        matrix = torch.tensor([[back.cos(), back.sin()], [-back.sin(), back.cos()]])
        return lambda x, name: x @ matrix.T if name == "b" else x

    grid = {"angle": (0.0, 0.5, 1.0, 2.0), "offset": (0.0, 1.0)}
    known = {"a": rows, "b": rows @ turn}
    chosen = choose_by_folds(Turn(), grid, table, fitted, rows_of=lambda settings: known)
    assert chosen == Turn(angle=1.0, offset=0.0)
    assert {count for _, count in asked} == {30}
    # Four folds of each settings, none of them twice.
    assert len(asked) == 4 * len({settings for settings, _ in asked}) == 4 * 5


def test_few_matches_choose_nothing() -> None:
    table = MatchTable.build({"a": range(23), "b": range(23)}, {"a": 23, "b": 23})
    asked: list[Turn] = []
    chosen = choose_by_folds(
        Turn(), {"angle": (3.0,)}, table, lambda *given: asked.append(given), rows_of=dict
    )
    assert (chosen, asked) == (Turn(), [])


def test_ranks_count_ties_by_half() -> None:
    likeness = torch.tensor([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [3.0, 2.0, 1.0]])
    assert log_ranks(likeness, torch.arange(3)).exp().tolist() == pytest.approx([1.5, 1.0, 3.0])
    one_thing = torch.tensor([0, 1, 1])
    assert log_ranks(likeness, one_thing).exp().tolist() == pytest.approx([1.5, 1.0, 2.0])


def test_captions_of_one_picture_are_held_out_together() -> None:
    pictures = np.repeat(np.arange(12), 3)
    table = MatchTable.build({"a": pictures, "b": np.arange(36)}, {"a": 12, "b": 36})
    for own, held_out in folds(table):
        assert not set(own.column("a")) & set(held_out.column("a"))


def test_principal_coordinates_in_their_own_scale_are_a_rotation() -> None:
    rows = torch.from_numpy(draw(50)[0]) + 7
    own = Principal.fit(rows, 10).rescaled(1.0)
    turned = own.apply(rows)
    torch.testing.assert_close(
        torch.cdist(turned, turned), torch.cdist(rows, rows), atol=1e-6, rtol=0
    )
    torch.testing.assert_close(own.invert(own.apply(rows)), rows)
    first = Principal.fit(rows, None)
    both = Principal.fit(first.apply(rows), 2).rescaled(0.5).after(first)
    expected = Principal.fit(first.apply(rows), 2).rescaled(0.5)
    torch.testing.assert_close(both.apply(rows), expected.apply(first.apply(rows)))
    torch.testing.assert_close(
        both.invert(both.apply(rows)), first.invert(expected.invert(both.apply(rows)))
    )


def test_csa_is_the_weighted_cosine_of_canonical_variates() -> None:
    from sklearn.cross_decomposition import CCA as Slow

    first, second = draw()
    settings = CSASettings(exponent=0.0, penalty=1e-9, components=2)
    model = fit(CSA(settings=settings), first, second, 200)
    slow = Slow(n_components=2, max_iter=5000, tol=1e-12).fit(first, second)
    u, v = slow.transform(first, second)
    r = np.array([np.corrcoef(u[:, k], v[:, k])[0, 1] for k in range(2)])
    u, v = u / u.std(0), v / v.std(0)
    length = np.linalg.norm(u, axis=1)[:, None] * np.linalg.norm(v, axis=1)
    np.testing.assert_allclose(cosines(model, first, second), (u * r) @ v.T / length, atol=2e-3)


def test_asif_equals_a_slow_version() -> None:
    first, second = draw(60)
    settings = ASIFSettings(exponent=1.0, nearest=3, power=2)
    model = fit(ASIF(settings=settings), first, second, 20)

    def slow(rows, values):
        centred, anchors = rows - values.mean(0), (values - values.mean(0))[:20]
        out = np.zeros((len(rows), 20))
        for i, row in enumerate(centred):
            likeness = [row @ a / np.linalg.norm(row) / np.linalg.norm(a) for a in anchors]
            for j in np.argsort(likeness)[-3:]:
                out[i, j] = max(likeness[j], 0) ** 2
            out[i] /= np.linalg.norm(out[i])
        return out

    one, other = slow(first[30:], first), slow(second[30:], second)
    np.testing.assert_allclose(cosines(model, first[30:], second[30:]), one @ other.T, atol=1e-4)
    expected = one / one.sum(1, keepdims=True) @ second[:20]
    np.testing.assert_allclose(model.translate(first[30:], "a", "b"), expected, atol=1e-4)


def test_assignment_is_the_best_of_all() -> None:
    likeness = torch.rand(4, 4, generator=torch.Generator().manual_seed(1))
    best = max(permutations(range(4)), key=lambda p: sum(likeness[i, j] for i, j in enumerate(p)))
    expected = torch.zeros(4, 4)
    expected[range(4), list(best)] = 0.25
    assert torch.equal(assigned(likeness), expected)


def test_wasserstein_procrustes_without_unmatched_rows_is_procrustes() -> None:
    first, second = draw(80)
    settings = WassersteinProcrustesSettings(exponent=1.0, share=0.0)
    model = fit(WassersteinProcrustes(settings=settings), first, second, 80)
    x, y = first - first.mean(0), second - second.mean(0)
    left, strength, right = scipy.linalg.svd(x.T @ y, full_matrices=False)
    scale = strength.sum() / np.square(x @ left).sum()
    expected = scale * x @ left @ right + second.mean(0)
    np.testing.assert_allclose(model.translate(first, "a", "b"), expected, atol=1e-4)


def test_unmatched_rows_refine_the_rotation() -> None:
    generator = np.random.default_rng(3)
    hidden = generator.exponential(size=(400, 6)) * np.array([4, 3, 2.5, 2, 1.5, 1])
    turned = hidden @ np.linalg.qr(generator.normal(size=(6, 6)))[0]
    latents = {"a": hidden[:200], "b": np.concatenate([turned[:5], turned[200:]])}
    matches = {"a": range(5), "b": range(5)}
    scores = []
    for share in (0.5, 0.0):
        settings = WassersteinProcrustesSettings(share=share)
        model = WassersteinProcrustes(settings=settings).fit(latents, matches=matches)
        scores.append(foscttm(model, hidden[200:], turned[200:]))
    assert scores[0] < 0.01 < scores[1]


def test_nystrom_gives_the_eigenvectors_on_the_rows_themselves() -> None:
    rows = torch.rand(150, 2, generator=torch.Generator().manual_seed(2)).double()
    # All are neighbours of all: the graph is symmetric without being made so.
    found = SpectralMap.fit(rows, 3, neighbours=150)
    square = torch.cdist(rows, rows).square()
    weight = (-square / (found.width[:, None] * found.width)).exp()
    values, vectors = np.linalg.eig((weight / weight.sum(1, keepdim=True)).numpy())
    order = np.argsort(-values.real)[1:4]
    for k, column in enumerate(order):
        expected = vectors[:, column].real
        assert abs(np.corrcoef(found.apply(rows)[:, k], expected)[0, 1]) > 0.9999


@pytest.mark.parametrize("off", [0.0, 1e-13, 1e-8])
def test_rows_that_are_there_many_times_have_neighbourhoods(off: float) -> None:
    """Of 40 equal rows, but for rounding, some may be nearer to each other than to themselves."""
    for seed in range(12):
        draw = torch.Generator().manual_seed(seed)
        rows = torch.randn(300, 5, generator=draw).double() * 1e3
        rows[100:140] = rows[0]
        rows[100:140:9] += off * torch.randn(5, 5, generator=draw).double()
        found = SpectralMap.fit(rows, 8)
        assert torch.isfinite(found.vectors).all()
        assert torch.isfinite(found.apply(rows)).all()


def test_neighbourhoods_unroll_what_linear_maps_cannot_read() -> None:
    first, second = curves(turns=9)
    settings = SpectralSettings(dimensions=5)
    spectral = fit(SpectralCCA(settings=settings), first[:700], second[:700], 20)
    linear = fit(Ridge(), first[:700], second[:700], 20)
    assert foscttm(spectral, first[700:], second[700:]) < 0.06
    assert foscttm(linear, first[700:], second[700:]) > 0.2


def test_other_captions_of_a_picture_are_no_wrong_answers() -> None:
    inputs = {"a": torch.eye(2)[[0, 1]], "b": torch.eye(2)[[0, 0, 1]]}
    table = MatchTable(("a", "b"), np.array([[0, 0], [0, 1], [1, 2]]))
    encoders = {name: torch.nn.Identity() for name in inputs}
    sharpness, thing = torch.tensor(100.0).log(), torch.tensor([0, 0, 1])
    assert float(matches_loss(encoders, inputs, table, sharpness, thing=thing)) < 1e-6
    alone = matches_loss(encoders, inputs, table, sharpness, thing=torch.arange(3))
    assert float(alone) > 0.8  # ln 2 in two of three, both ways


def test_contrastive_networks_learn_curves_and_repeat_themselves() -> None:
    first, second = curves(turns=9)
    settings = ContrastiveSettings(steps=60)
    model = fit(Contrastive(settings=settings), first[:600], second[:600], 500)
    assert foscttm(model, first[700:], second[700:]) < 0.15
    torch.manual_seed(5)
    again = fit(Contrastive(settings=settings), first[:600], second[:600], 500)
    assert np.array_equal(model.embed({"a": first[700:]}), again.embed({"a": first[700:]}))


@pytest.mark.parametrize("method", [CSA, ASIF, WassersteinProcrustes, SpectralCCA])
def test_settings_are_chosen_by_folds_given_or_default(method) -> None:
    first, second = draw()
    assert fit(method(), first, second, 10).settings_ == method.Settings()
    chosen = fit(method(), first, second, 60).settings_
    for field, values in method.grid.items():
        assert getattr(chosen, field) in values
    given = method.Settings(exponent=0.25)
    assert fit(method(settings=given), first, second, 60).settings_ == given
