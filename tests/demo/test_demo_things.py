"""The demo's things: disjoint, nested, and the same at every call."""

from pathlib import Path

import numpy as np
import pytest

from amodal.data import generate
from amodal.data.dataset import MODALITY_NAMES
from amodal.data.shapes import draw_factors, write_captions
from amodal.demo.examples import shown
from amodal.demo.settings import FIRST, DemoSettings
from amodal.demo.things import (
    DemoThings,
    encode_for_fitting,
    latents_of_draw,
    load_models,
)
from amodal.errors import InputError, UnknownNameError
from amodal.unimodal import load_model
from amodal.unimodal.recipes import PICTURES
from amodal.unimodal.text_recipe import SCENES

SMALL = DemoSettings(seed=3, matches=10, unmatched=100, test=20, draws=2)


def test_no_thing_serves_two_purposes() -> None:
    things = DemoThings(SMALL)
    everything = [things.pools.matched, *things.pools.unmatched.values(), things.test]
    rows = np.concatenate(everything)
    assert len(rows) == len(set(rows.tolist())) == 20 + 300 + 20 == len(things.factors)


def as_set(factors: np.ndarray) -> set[bytes]:
    """Rows that can be compared at once."""
    return {row.tobytes() for row in np.ascontiguousarray(factors, np.float32)}


@pytest.mark.parametrize("seed", [0, 3])
def test_no_unimodal_model_has_seen_any_thing(seed: int, tmp_path: Path) -> None:
    settings = DemoSettings(seed=seed)
    things = DemoThings(settings)
    own = as_set(things.factors)
    assert len(own) == len(things.factors)
    # What the models learnt from when they were pretrained by the same seed, and far beyond.
    seen = draw_factors(2 * max(SCENES, PICTURES), seed=seed)
    assert as_set(draw_factors(len(things.factors), seed=seed)) <= as_set(seen)
    assert not own & as_set(seen)
    made = generate("shapes", 2000, tmp_path / "shapes", seed=seed, show_progress=False)
    assert not own & as_set(np.asarray(made.factors))


def test_captions_are_drawn_from_the_far_start_too() -> None:
    things = DemoThings(SMALL)
    rows = np.arange(50)
    assert things.raw("text", rows) == write_captions(things.factors[:50], seed=3, start=FIRST)
    near = write_captions(things.factors[:50], seed=3)
    assert sum(a == b for a, b in zip(things.raw("text", rows), near, strict=True)) < 5


def test_raw_things_are_the_same_thing_in_each_modality() -> None:
    things = DemoThings(SMALL)
    rows = things.test[:5]
    drawn = shown(SMALL.kind, things.raw("attributes", rows), "attributes")
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
        load_models("shapes", "va")
    assert set(load_models("shapes", "vae")) == set(MODALITY_NAMES)
