"""Presets: the default, and the seed paper's own settings."""

import numpy as np
import pytest

from amodal import Workspace
from amodal.errors import UnknownNameError


def test_the_seed_preset_is_the_papers_network(typed) -> None:
    model = Workspace("devillers2024", steps=4, folds=2).fit(
        typed.latents, matches={name: np.arange(20) for name in typed.latents}
    )
    made = model.architecture_
    assert (made.state, made.bounded, made.linear, made.dropout) == (12, True, False, 0.3)
    states = model.embed({name: typed.latents[name].rows[:5] for name in made.names})
    assert states.shape == (5, 12)
    assert np.abs(states).max() < 1
    assert model.ensemble_.start is None


def test_an_unknown_preset_offers_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'devillers2024'"):
        Workspace("devilers2024").fit({"a": np.ones((9, 2)), "b": np.ones((9, 2))})
