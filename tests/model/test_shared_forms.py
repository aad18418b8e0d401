"""Trials of the same matches share their closed forms, and answer as if they had not."""

import numpy as np
import torch

from amodal.latents import MatchTable
from amodal.model import fitting
from amodal.model.plan import Trial
from amodal.model.prepare import architecture_for
from amodal.model.presets import PRESETS, Preset
from amodal.specification import LatentSpec
from amodal.training import TrainingSettings


def test_an_alignment_is_fitted_once_for_the_same_matches(monkeypatch) -> None:
    hidden = torch.from_numpy(np.random.default_rng(0).normal(size=(80, 2))).float()
    latents = {"image": hidden, "text": hidden.flip(1)}
    specs = {name: LatentSpec.continuous(2) for name in latents}
    preset = Preset(members=1, training=TrainingSettings(steps=2))
    made = []
    own = fitting.Aligner.of
    monkeypatch.setattr(fitting.Aligner, "of", lambda *a, **k: made.append(1) or own(*a, **k))
    trials = [
        Trial(losses=losses, things=things, seed=3)
        for things in (np.arange(20), np.arange(20, 40))
        for losses in (PRESETS["default"].losses, {"translation": 1.0})
    ]

    def fit(some):
        return fitting.fit_population(
            preset,
            architecture_for(preset, specs, matches=20),
            latents,
            MatchTable(("image", "text"), np.stack([np.arange(40)] * 2, 1)),
            trials=some,
            scales={name: torch.ones(2) for name in latents},
        )

    together = fit(trials)
    assert len(made) == 2
    alone = fit(trials[1:2])[0]
    assert together[1].errors == alone.errors
