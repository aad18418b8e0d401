"""The demo's things: disjoint, nested, and the same at every call."""

import numpy as np
import pytest

from amodal.demo.examples import shown
from amodal.demo.settings import DemoSettings
from amodal.demo.things import (
    MODALITIES,
    DemoThings,
    encode_for_fitting,
    latents_of_draw,
    load_models,
)
from amodal.errors import InputError, UnknownNameError
from amodal.unimodal import load_model

SMALL = DemoSettings(seed=3, matches=10, unmatched=100, test=20, draws=2)


def test_no_thing_serves_two_purposes() -> None:
    things = DemoThings(SMALL)
    everything = [things.pools.matched, *things.pools.unmatched.values(), things.test]
    rows = np.concatenate(everything)
    assert len(rows) == len(set(rows.tolist())) == 20 + 300 + 20 == len(things.factors)


def test_raw_things_are_the_same_thing_in_each_modality() -> None:
    things = DemoThings(SMALL)
    rows = things.test[:5]
    drawn = shown(things.raw("attributes", rows), "attributes")
    assert np.abs(drawn.astype(int) - things.raw("image", rows).astype(int)).max() <= 2
    assert things.raw("text", rows) == things.raw("text", things.test)[:5]
    with pytest.raises(UnknownNameError, match="did you mean 'text'"):
        things.raw("txt", rows)


def test_draws_have_their_own_matches_and_share_the_unmatched() -> None:
    things, model = DemoThings(SMALL), load_model("shapes/attributes")
    latents = encode_for_fitting(things, {"attributes": model})
    first, second = (latents_of_draw(latents, SMALL, draw)["attributes"].rows for draw in (0, 1))
    assert len(first) == len(second) == 110
    assert (first[10:] == second[10:]).all()
    assert not (first[:10] == second[:10]).all(1).any()
    own = things.raw("attributes", things.pools.matched[10:20])
    assert np.allclose(second[:10], own)


def test_another_seed_gives_other_things() -> None:
    other = DemoThings(DemoSettings(seed=4, matches=10, unmatched=100, test=20, draws=2))
    assert not np.array_equal(other.factors, DemoThings(SMALL).factors)


def test_settings_and_sets_of_models_are_checked() -> None:
    with pytest.raises(InputError, match="matches is 1, expected at least 2; draws is 0"):
        DemoSettings(matches=1, draws=0)
    with pytest.raises(UnknownNameError, match="set of unimodal models 'va'"):
        load_models("va")
    assert set(load_models("vae")) == set(MODALITIES)
