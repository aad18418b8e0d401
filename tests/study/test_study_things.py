"""The things of a study: disjoint, nested, the same through every modality."""

import numpy as np
import pytest
import torch
from small_study import small_settings

from amodal.data.generation import generate
from amodal.data.shapes import attributes
from amodal.data.shapes.heldout import in_heldout_region
from amodal.errors import InputError, Notice, UnknownNameError
from amodal.study.cells import Cell
from amodal.study.things import ThingsStore


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> ThingsStore:
    return ThingsStore(tmp_path_factory.mktemp("latents"), small_settings())


@pytest.fixture(scope="module")
def things(store):
    return store.of("image-attributes", "default")


def test_rows_of_all_purposes_are_apart(things) -> None:
    assert things.table.rows.min() == len(things.pool)
    assert (things.table.column("image") == things.table.column("attributes")).all()
    for name, own in things.unmatched().items():
        assert own.min() > things.table.rows.max()
        assert own.max() == len(things.latents[name]) - 1
        assert len(own) == 60
    assert len(things.unmatched(0.5)["image"]) == 30


def test_unmatched_things_of_two_modalities_are_different_things(store) -> None:
    factors = {m: store._source.raw("attributes", 100, 160) for m in ("image", "attributes")}
    pictures = store._source._ranges("image")[2]
    named = store._source._ranges("attributes")[2]
    assert pictures[0] + pictures[1] <= named[0] or named[0] + named[1] <= pictures[0]
    assert len(factors["image"]) == 60


def test_factors_are_those_of_the_rows(things) -> None:
    shared = len(things.factors)
    rows = things.normalisations["attributes"].invert(things.latents["attributes"][:shared])
    np.testing.assert_allclose(rows.numpy(), attributes(things.factors), atol=1e-4)
    assert len(things.test_factors) == 24


def test_matches_are_nested_and_held_out_ones_count_as_given(things) -> None:
    def given(matches: int, seed: int = 0) -> tuple[set, set]:
        learnt, held_out = things.things_of(Cell("image-attributes", matches=matches, seed=seed))
        return set(learnt.tolist()), set(held_out.tolist())

    few, few_held = given(10)
    many, many_held = given(20)
    assert (len(few), len(few_held), len(many), len(many_held)) == (8, 2, 16, 4)
    assert not few & few_held
    assert few | few_held < many | many_held
    assert few_held < many_held
    assert len(given(4)[1]) == 2
    assert given(10, seed=1)[0] != few


def test_region_gives_no_match_inside_it(things) -> None:
    cell = Cell("image-attributes", matches=50, region=True)
    chosen = np.concatenate(things.things_of(cell))
    assert len(chosen) == 50
    assert not in_heldout_region(things.matchable_factors[chosen]).any()
    everything = np.concatenate(things.things_of(Cell("image-attributes", matches=60)))
    assert in_heldout_region(things.matchable_factors[everything]).any()


def test_too_many_matches_are_refused(things) -> None:
    with pytest.raises(InputError, match="61 matches were asked for, but there are only 60"):
        things.things_of(Cell("image-attributes", matches=61))


def test_latents_are_encoded_once(tmp_path, monkeypatch) -> None:
    settings = small_settings(unmatched=10, matchable=10, pool=10, test=10)
    first = ThingsStore(tmp_path, settings).of("text-attributes", "default")
    again = ThingsStore(tmp_path, settings)
    monkeypatch.setattr(again._source, "raw", lambda *_: pytest.fail("encoded again"))
    torch.testing.assert_close(
        again.of("text-attributes", "default").latents["text"], first.latents["text"]
    )
    larger = ThingsStore(tmp_path, small_settings(unmatched=20, matchable=10, pool=10, test=10))
    assert len(larger.of("text-attributes", "default").latents["text"]) == 40


def test_unknown_latents_offer_the_nearest(store) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'vae'"):
        store.of("image-attributes", "vea")


def test_things_of_a_data_set_come_from_its_splits(tmp_path) -> None:
    generate("shapes", 400, tmp_path / "shapes", seed=3)
    settings = small_settings(data=str(tmp_path / "shapes"), unmatched=500, matchable=100)
    with pytest.warns(Notice, match="allows 100 matchable and 86 unmatched things"):
        store = ThingsStore(tmp_path / "latents", settings)
    things = store.of("image-attributes", "default")
    assert (len(things.pool), len(things.table)) == (20, 100)
    assert [len(rows) for rows in things.unmatched().values()] == [86, 86]
