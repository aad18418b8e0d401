"""Baselines that train networks with unmatched rows, given settings in place of folds."""

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from curves import curves, fit

from amodal.baselines import CycleTranslators, MultimodalVAE, Ridge, SOTAlign
from amodal.baselines.base import Baseline
from amodal.baselines.multimodal_vae import MultimodalVAESettings
from amodal.baselines.sotalign import SOTAlignSettings, plan_divergence
from amodal.baselines.translators import CycleTranslatorsSettings
from amodal.errors import MissingExtraError, UnknownNameError
from amodal.fewmatch.transport import transport_plan

TRANSLATORS = CycleTranslatorsSettings(exponent=0.0, steps=400)
STUDENT = SOTAlignSettings(exponent=0.0, steps=150)


def error(model: Baseline, x, y, source: str = "a", target: str = "b") -> float:
    return float(np.square(model.translate(x, source, target) - y).mean() / y.var(0).mean())


def coming_back(model: Baseline, x) -> float:
    return error(model, model.translate(x, "a", "b"), x, "b", "a")


def test_the_gradient_of_the_plans_divergence_is_that_of_the_divergence_itself() -> None:
    generator = torch.Generator().manual_seed(0)
    likeness, wanted = torch.rand(2, 5, 6, generator=generator, dtype=torch.float64)

    def divergence(values: torch.Tensor) -> torch.Tensor:
        own, other = (
            transport_plan(each, temperature=0.5, rounds=500).double() for each in (values, wanted)
        )
        return (other * (other.log() - own.log())).sum()

    values = likeness.clone().requires_grad_()
    plan_divergence(values, wanted, temperature=0.5).backward()
    expected, step = torch.zeros(5, 6, dtype=torch.float64), 0.02
    for i in range(5):
        for j in range(6):
            moved = torch.zeros_like(likeness)
            moved[i, j] = step
            up, down = divergence(likeness + moved), divergence(likeness - moved)
            expected[i, j] = (up - down) / (2 * step)
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(values.grad, expected, atol=2e-4, rtol=0.02)


def test_a_student_keeps_the_teachers_plan_of_unmatched_rows() -> None:
    first, second = curves(turns=5)

    def likeness(model: Baseline) -> torch.Tensor:
        one, two = (
            torch.nn.functional.normalize(torch.from_numpy(model.embed({name: rows[600:]})), dim=1)
            for name, rows in (("a", first), ("b", second))
        )
        return one @ two.T

    plans = {
        weight: transport_plan(
            likeness(fit(SOTAlign(settings=replace(STUDENT, weight=weight)), first, second, 6)),
            temperature=0.05,
        )
        for weight in (0.0, 10.0, 1000.0)
    }
    # With a weight that leaves nothing to the matches, the student is the teacher.
    apart = {weight: (plans[weight] - plans[1000.0]).abs().sum() for weight in (0.0, 10.0)}
    assert apart[10.0] < 0.5 * apart[0.0]


def test_translators_read_curves_that_no_line_reads() -> None:
    first, second = curves(turns=5)
    model = fit(CycleTranslators(settings=TRANSLATORS), first[:600], second[:600], 300)
    linear = fit(Ridge(), first[:600], second[:600], 300)
    assert error(model, first[600:], second[600:]) < 0.5 * error(linear, first[600:], second[600:])


def test_cycles_bring_unmatched_rows_back() -> None:
    first, second = curves(turns=5)
    tied, free = (
        fit(CycleTranslators(settings=replace(TRANSLATORS, cycle=c)), first[:600], second[:600], 8)
        for c in (1.0, 0.0)
    )
    assert coming_back(tied, first[600:]) < 0.5 * coming_back(free, first[600:])


@pytest.mark.parametrize(
    "model", [SOTAlign(settings=STUDENT), CycleTranslators(settings=TRANSLATORS)]
)
def test_what_is_trained_does_not_depend_on_the_callers_generator(model) -> None:
    first, second = curves(turns=5)
    known = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        known.append(fit(model, first[:300], second[:300], 20).embed({"a": first[600:]}))
    assert np.array_equal(*known)


@pytest.mark.parametrize("kind", ["mvae", "mopoe"])
def test_multimodal_vaes_read_each_modality_alone(kind) -> None:
    pytest.importorskip("multivae")
    first, second = curves(turns=5)
    settings = MultimodalVAESettings(exponent=0.0, beta=0.01, steps=400)
    model = fit(MultimodalVAE(kind, settings=settings), first[:600], second[:600], 100)
    assert error(model, first[600:], second[600:]) < 0.3
    assert error(model, second[600:], first[600:], "b", "a") < 0.3
    assert model.embed({"a": first}).shape == (800, 64)


def test_a_vae_without_its_library_says_what_to_install(monkeypatch) -> None:
    first, second = curves(turns=5)
    monkeypatch.setitem(sys.modules, "multivae", None)
    with pytest.raises(MissingExtraError, match=r'pip install "amodal\[vae\]"'):
        fit(MultimodalVAE("mvae"), first, second, 10)


def test_an_unknown_kind_of_vae_is_refused() -> None:
    first, second = curves(turns=5)
    with pytest.raises(UnknownNameError, match="did you mean 'mopoe'"):
        fit(MultimodalVAE("mopo"), first, second, 10)
