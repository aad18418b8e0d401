"""TransportCCA: few matches and many unmatched rows, in their own scale."""

import numpy as np
import torch

from amodal.baselines import CCA, Ridge, TransportCCA
from amodal.evaluation.retrieval import retrieval_both_ways
from amodal.fewmatch.alignment import AlignmentSettings
from amodal.fewmatch.alignment_choice import UNCHOSEN


def draw(seed: int):
    """Two views of clusters with a few large directions and many small ones of noise."""
    draw = np.random.default_rng(seed)
    kinds = draw.choice(6, size=620, p=[0.3, 0.25, 0.15, 0.12, 0.1, 0.08])
    hidden = 3 * draw.normal(size=(6, 6))[kinds] + 0.5 * draw.normal(size=(620, 6))
    views = [
        np.concatenate([hidden @ draw.normal(size=(6, 6)), draw.normal(size=(620, 20))], 1)
        for _ in range(2)
    ]
    first, second = views
    latents = {"a": first[:210], "b": np.concatenate([second[:10], second[210:410]])}
    matches = {"a": list(range(10)), "b": list(range(10))}
    return latents, matches, {"a": first[420:], "b": second[420:]}


def scores(model, seed: int) -> tuple[float, float]:
    """FOSCTTM, and the squared error of translations in shares of the variance."""
    latents, matches, test = draw(seed)
    model.fit(latents, matches=matches)
    found = retrieval_both_ways(model.embed({"a": test["a"]}), model.embed({"b": test["b"]}))
    error = np.square(model.translate(test["a"], "a", "b") - test["b"]).mean()
    return found["mean"]["foscttm"], error / test["b"].var(0).mean()


def test_better_than_linear_maps_from_ten_matches() -> None:
    ours = np.mean([scores(TransportCCA(), seed) for seed in range(3)], 0)
    for other in (Ridge(principal=26), CCA(principal=26)):
        theirs = np.mean([scores(other, seed) for seed in range(3)], 0)
        assert (ours < 0.8 * theirs).all()


def test_settings_are_chosen_or_given() -> None:
    latents, matches, _ = draw(0)
    assert TransportCCA().fit(latents, matches=matches).settings_ == UNCHOSEN
    given = AlignmentSettings(exponent=0.0, share=0.0)
    assert TransportCCA(settings=given).fit(latents, matches=matches).settings_ == (given,)


def test_the_unit_of_the_latents_does_not_matter() -> None:
    latents, matches, test = draw(1)
    expected = TransportCCA().fit(latents, matches=matches).translate(test["a"], "a", "b")
    metres = {"a": latents["a"] * 1000, "b": latents["b"] + 50}
    found = TransportCCA().fit(metres, matches=matches).translate(test["a"] * 1000, "a", "b")
    torch.testing.assert_close(
        torch.from_numpy(found - 50), torch.from_numpy(expected), atol=1e-2, rtol=1e-2
    )
