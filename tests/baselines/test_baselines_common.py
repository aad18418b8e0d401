"""The calls that all baselines share."""

import numpy as np
import pytest
import torch

from amodal.baselines import (
    ASIF,
    CCA,
    CSA,
    Contrastive,
    CycleTranslators,
    KernelRidge,
    Procrustes,
    Ridge,
    SOTAlign,
    SpectralCCA,
    TransportCCA,
    WassersteinProcrustes,
)
from amodal.baselines.base import Baseline
from amodal.errors import InputError, NotFittedError, UnknownNameError
from amodal.evaluation.retrieval import retrieval_both_ways

GOOD = [Ridge, CCA, Procrustes, KernelRidge, TransportCCA, CSA, WassersteinProcrustes]
"""That read turned copies of 3 hidden numbers from 40 matches."""
ALL = [*GOOD, ASIF, SpectralCCA, Contrastive, SOTAlign, CycleTranslators]


def draw(*, seed: int = 0, n: int = 200):
    """Three modalities that are turned and noised copies of 3 hidden numbers."""
    generator = np.random.default_rng(seed)
    hidden = generator.normal(size=(n, 3))
    turns = [np.linalg.qr(generator.normal(size=(dim, 3)))[0] for dim in (5, 4, 3)]
    names = ("image", "text", "sound")
    return {
        name: (hidden @ turn.T + 0.05 * generator.normal(size=(n, len(turn))) + 4).astype("float32")
        for name, turn in zip(names, turns, strict=True)
    }


def two(latents):
    return {name: latents[name] for name in ("image", "text")}


@pytest.mark.parametrize("method", GOOD)
@pytest.mark.parametrize("principal", [None, 3])
def test_translates_and_embeds_held_out_rows(method, principal) -> None:
    latents = two(draw())
    latents["text"] = latents["text"][::-1].copy()
    rows = list(range(40))
    matches = {"image": rows, "text": [199 - row for row in rows]}
    model = method(principal=principal).fit(latents, matches=matches)
    held_out, answers = latents["image"][100:], latents["text"][::-1][100:]
    error = np.square(model.translate(held_out, "image", "text") - answers).mean()
    assert error < 0.25 * answers.var(0).mean()
    first, second = model.embed({"image": held_out}), model.embed({"text": answers})
    found = retrieval_both_ways(first, second)["mean"]
    assert found["recall@5"] > 0.8
    assert found["foscttm"] < 0.03


@pytest.mark.parametrize("method", GOOD)
def test_modalities_that_never_meet_are_joined_through_a_third(method) -> None:
    latents, rows = draw(), list(range(50))
    matches = [{"image": rows, "text": rows}, {"text": rows[5:], "sound": rows[5:]}]
    model = method().fit(latents, matches=matches)
    answer = model.translate(latents["image"][100:], "image", "sound")
    held_out = latents["sound"][100:]
    assert np.square(answer - held_out).mean() < 0.3 * held_out.var(0).mean()
    shared = model.embed({"image": latents["image"][100:], "text": latents["text"][100:]})
    found = retrieval_both_ways(shared, model.embed({"sound": held_out}))["mean"]
    assert found["foscttm"] < 0.05


@pytest.mark.parametrize("method", ALL)
def test_numpy_and_torch_come_back_as_they_came(method) -> None:
    latents, rows = two(draw()), list(range(10))
    model = method().fit(latents, matches={"image": rows, "text": rows})
    x = latents["image"][:7]
    from_numpy = model.translate(x, "image", "text")
    from_torch = model.translate(torch.from_numpy(x), "image", "text")
    assert isinstance(from_numpy, np.ndarray)
    assert from_numpy.dtype == x.dtype
    assert isinstance(from_torch, torch.Tensor)
    assert np.array_equal(from_numpy, from_torch.numpy())
    assert isinstance(model.embed({"image": torch.from_numpy(x)}), torch.Tensor)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("things", [1, 2])
def test_one_or_two_matches_give_finite_answers(method, things) -> None:
    latents = two(draw())
    latents["text"][:, 1] = 7.0
    rows = list(range(things))
    model = method().fit(latents, matches={"image": rows, "text": rows})
    assert np.isfinite(model.translate(latents["image"], "image", "text")).all()
    assert np.isfinite(model.embed({"text": latents["text"]})).all()


def test_bad_input_is_refused() -> None:
    latents, rows = draw(), list(range(10))
    with pytest.raises(NotFittedError, match="this Ridge is not fitted yet"):
        Ridge().translate(latents["image"], "image", "text")
    with pytest.raises(InputError, match="modality 'sound' has no match with any other"):
        Ridge().fit(latents, matches={"image": rows, "text": rows})
    with pytest.raises(InputError, match="principal is 0"):
        Ridge(principal=0).fit(two(latents), matches={"image": rows, "text": rows})
    model = Ridge().fit(two(latents), matches={"image": rows, "text": rows})
    with pytest.raises(UnknownNameError, match="did you mean 'text'"):
        model.translate(latents["image"], "image", "txt")
    with pytest.raises(InputError, match="expected 5 columns as in fitting, got 4"):
        model.translate(latents["text"], "image", "text")
    with pytest.raises(InputError, match="the same things in each modality"):
        model.embed({"image": latents["image"], "text": latents["text"][:3]})
    with pytest.raises(InputError, match="at least one modality"):
        model.embed({})


def test_islands_of_matches_are_named() -> None:
    latents, rows = draw(), list(range(10))
    latents["touch"] = latents["text"]
    matches = [{"image": rows, "text": rows}, {"sound": rows, "touch": rows}]
    model = Ridge().fit(latents, matches=matches)
    with pytest.raises(InputError, match="no matches lead from modality 'image' to 'sound'"):
        model.translate(latents["image"], "image", "sound")


def test_a_subclass_must_say_how_it_maps() -> None:
    with pytest.raises(NotImplementedError):
        Baseline().fit(two(draw()), matches={"image": [0, 1], "text": [0, 1]})
