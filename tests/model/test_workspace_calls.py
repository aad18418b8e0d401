"""`Workspace` as users meet it: the calls of its face, with any kind of array."""

import warnings

import numpy as np
import pytest
import torch
from plain_data import draw_plain, fitted, quick, same_rows
from sklearn.base import clone

import amodal
from amodal import Latents, MatchTable
from amodal.errors import InputError, Notice, UnknownNameError


@pytest.fixture(scope="module")
def model():
    return fitted()


@pytest.fixture(scope="module")
def three(typed):
    """Sight and words, words and touch, never sight and touch; read as typed blocks."""
    model = quick(losses={"translation": 1, "demi_cycle": 1, "cycle": 1, "broadcast": 1}).fit(
        typed.latents,
        matches=[
            {"sight": range(20), "words": range(20)},
            {"words": range(20, 40), "touch": range(20, 40)},
        ],
    )
    return model, typed


def test_the_face(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("amodal.model.presets.PRESETS", _quick_presets())
    data = draw_plain()
    x, queries, catalogue = data["sound"][50:60], data["smell"][50:60], data["sound"][50:100]
    model = amodal.Workspace.fit(
        {"sound": data["sound"][:100], "smell": data["smell"][20:]},
        matches={"sound": list(range(20, 40)), "smell": list(range(20))},
    )
    answer = model.translate(x, "sound", "smell")
    assert answer.shape == (10, 4)
    again, doubt = model.translate(x, "sound", "smell", uncertainty=True)
    np.testing.assert_array_equal(again, answer)
    assert doubt.shape == (10,)
    assert (doubt >= 0).all()
    state = model.embed({"sound": x})
    assert state.shape == (10, 9)
    best, likeness = model.rank("smell", queries, catalogue)
    assert best.shape == likeness.shape == (10, 10)
    model.save(tmp_path / "runs" / "first")
    loaded = amodal.load(tmp_path / "runs" / "first")
    np.testing.assert_array_equal(loaded.translate(x, "sound", "smell"), answer)


def _quick_presets() -> dict:
    from dataclasses import replace

    from amodal.model.presets import PRESETS
    from amodal.training import TrainingSettings

    return {
        "default": replace(
            PRESETS["default"], members=1, folds=2, training=TrainingSettings(steps=20)
        )
    }


def test_translations_are_close_to_the_truth(model) -> None:
    data = draw_plain(400, seed=5)
    for source, target in (("sound", "smell"), ("smell", "sound")):
        error = model.translate(data[source], source, target) - data[target]
        assert np.square(error).mean() < 0.3 * data[target].var(0).mean()


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16, np.int64])
def test_numpy_in_numpy_out(model, kind) -> None:
    rows = np.round(draw_plain()["sound"][:5]).astype(kind)
    expected = np.float64 if kind == np.float64 else np.float32
    answer, doubt = model.translate(rows, "sound", "smell", uncertainty=True)
    found = [answer, doubt, model.embed({"sound": rows}), model.cycle(rows, "sound", "smell")]
    indices, likeness = model.rank("sound", rows, draw_plain()["smell"])
    for array in (*found, likeness):
        assert isinstance(array, np.ndarray)
        assert array.dtype == expected
    assert indices.dtype == np.int64


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
def test_torch_in_torch_out(model, kind) -> None:
    rows = torch.from_numpy(np.round(draw_plain()["sound"][:5])).to(kind)
    answer, doubt = model.translate(rows, "sound", "smell", uncertainty=True)
    found = [answer, doubt, model.embed({"sound": rows}), model.cycle(rows, "sound", "smell")]
    indices, likeness = model.rank("sound", rows, draw_plain()["smell"])
    for tensor in (*found, likeness):
        assert isinstance(tensor, torch.Tensor)
        assert tensor.dtype == kind
        assert not tensor.requires_grad
    assert indices.dtype == torch.int64
    expected = model.translate(rows.float().numpy(), "sound", "smell")
    np.testing.assert_allclose(answer.float().numpy(), expected, rtol=1e-2, atol=2e-2)


def test_lists_and_latents_are_taken(model) -> None:
    rows = draw_plain()["sound"][:3]
    expected = model.translate(rows, "sound", "smell")
    np.testing.assert_allclose(
        model.translate(rows.tolist(), "sound", "smell"), expected, rtol=1e-5
    )
    latents = Latents(rows, model.architecture_.specs["sound"])
    np.testing.assert_allclose(model.translate(latents, "sound", "smell"), expected, rtol=1e-5)


def test_rows_are_answered_one_by_one(model, monkeypatch) -> None:
    rows = draw_plain()["sound"]
    expected = model.translate(rows, "sound", "smell")
    monkeypatch.setattr("amodal.model.inference.CHUNK", 7)
    np.testing.assert_allclose(model.translate(rows, "sound", "smell"), expected, atol=1e-5)
    order = np.random.default_rng(0).permutation(len(rows))
    np.testing.assert_allclose(
        model.translate(rows[order], "sound", "smell"), expected[order], atol=1e-5
    )


def test_cycle_is_there_and_back(model) -> None:
    rows = draw_plain()["sound"]
    there = model.translate(rows, "sound", "smell")
    expected = model.translate(there, "smell", "sound")
    np.testing.assert_allclose(model.cycle(rows, "sound", "smell"), expected, atol=1e-6)


def test_ranking_finds_the_thing_and_orders_by_likeness(model) -> None:
    data = draw_plain(200, seed=8)
    best, likeness = model.rank("sound", data["sound"], data["smell"], top=5)
    assert (np.diff(likeness, axis=1) <= 1e-6).all()
    assert (best == np.arange(200)[:, None]).any(1).mean() > 0.5
    whole = model.similarity(data["sound"], data["smell"], source="sound", target="smell")
    np.testing.assert_allclose(np.sort(whole, 1)[:, ::-1][:, :5], likeness, atol=1e-5)
    assert np.abs(whole).max() <= 1 + 1e-5
    few, _ = model.rank("sound", data["sound"], data["smell"][:3])
    assert few.shape == (200, 3)


def test_several_modalities_fuse_into_one_state(model) -> None:
    data = draw_plain()
    both, sound, smell = (
        model.embed({n: data[n] for n in names})
        for names in (("sound", "smell"), ("sound",), ("smell",))
    )
    np.testing.assert_allclose(both, (sound + smell) / 2, atol=1e-4)
    with pytest.raises(InputError, match=r"equally many rows, got \{'sound': 120, 'smell': 3\}"):
        model.embed({"sound": data["sound"], "smell": data["smell"][:3]})
    with pytest.raises(InputError, match="embed takes a dict by modality"):
        model.embed({})


def test_members_are_averaged() -> None:
    model = fitted(members=2, start=False)
    rows = draw_plain()["sound"]
    parts = []
    for member in range(2):
        alone = fitted(members=1, start=False)
        alone.ensemble_ = type(model.ensemble_)(
            model.ensemble_.members.choose([member]), shares=model.ensemble_.shares
        )
        parts.append(alone.translate(rows, "sound", "smell"))
    assert not np.allclose(parts[0], parts[1])
    found = model.translate(rows, "sound", "smell")
    np.testing.assert_allclose(found, (parts[0] + parts[1]) / 2, atol=1e-5)
    # Inner products of embeddings are means over the members' states.
    state = model.embed({"sound": rows})
    assert state.shape == (120, 18)


def test_three_modalities_translate_every_way(three) -> None:
    model, typed = three
    arrays = typed.plain()
    for source in arrays:
        for target in arrays:
            if source != target:
                answer = model.translate(arrays[source], source, target)
                assert answer.shape == arrays[target].shape
                assert np.isfinite(answer).all()
    words = model.translate(arrays["sight"], "sight", "words")
    np.testing.assert_allclose(words[:, :3].sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(words[:, 3:5], axis=1), 1, atol=1e-5)
    # Never seen together, and yet better than the mean.
    place = model.translate(arrays["sight"], "sight", "touch")[60:, :2]
    truth = arrays["touch"][60:, :2]
    assert np.square(place - truth).mean() < 0.7 * truth.var(0).mean()


def test_of_three_modalities_the_catalogues_must_be_named(three) -> None:
    model, typed = three
    arrays = typed.plain()
    with pytest.raises(InputError, match=r"of \['words', 'touch'\]: say which.*\"words\": rows"):
        model.rank("sight", arrays["sight"], arrays["words"])
    with pytest.raises(InputError, match="one modality, got"):
        model.rank("sight", arrays["sight"], {n: arrays[n] for n in ("words", "touch")})
    best, _ = model.rank("sight", arrays["sight"], {"touch": arrays["touch"]})
    assert best.shape == (120, 10)


def test_trust_is_known_only_where_matches_were_held_out(three) -> None:
    model, typed = three
    model.translate(typed.plain()["sight"], "sight", "words", uncertainty=True)
    with pytest.raises(InputError, match=r"'sight' to 'touch' is unknown.*40 matches in all"):
        model.translate(typed.plain()["sight"], "sight", "touch", uncertainty=True)


def test_without_matches_cycles_alone_are_allowed() -> None:
    model = quick(losses={"demi_cycle": 1, "cycle": 1}).fit(draw_plain())
    assert model.matches_ == 0
    rows = draw_plain()["sound"]
    assert np.isfinite(model.translate(rows, "sound", "smell")).all()


@pytest.mark.parametrize("matches", [None, [], {"sound": [], "smell": []}])
def test_without_matches_supervised_losses_are_refused(matches, tmp_path) -> None:
    with pytest.raises(InputError, match=r"no matches.*\['translation', 'contrastive'\].*cycle"):
        quick().fit(draw_plain(), matches=matches, folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_few_matches_keep_the_start_and_say_so() -> None:
    with pytest.warns(Notice, match="5 separate things are too few .* start is kept"):
        model = fitted(5, align=False)
    assert model.gate_ == [{"step": 0, "score": None, "start_score": None}]
    start = fitted(5, steps=0)
    rows = draw_plain()["sound"]
    np.testing.assert_array_equal(
        model.translate(rows, "sound", "smell"), start.translate(rows, "sound", "smell")
    )


def test_many_captions_of_few_images_are_few_matches() -> None:
    captions = {"sound": [i // 5 for i in range(20)], "smell": list(range(20))}
    with pytest.warns(Notice, match="4 separate things are too few"):
        quick().fit(draw_plain(), matches=captions)


def test_repeated_matches_are_dropped_with_a_notice() -> None:
    rows = [*range(20), 3, 3]
    with pytest.warns(Notice, match="2 matches were given more than once"):
        model = quick().fit(draw_plain(), matches={"sound": rows, "smell": rows})
    assert model.matches_ == 20


def test_the_order_of_tables_and_forms_does_not_matter() -> None:
    rows = draw_plain()["sound"]
    first = fitted(steps=0)
    table = MatchTable(("smell", "sound"), np.stack([np.arange(20)] * 2, 1))
    second = quick(steps=0).fit(draw_plain(), matches=table)
    np.testing.assert_array_equal(
        first.translate(rows, "sound", "smell"), second.translate(rows, "sound", "smell")
    )


def test_the_same_seed_gives_the_same_model_and_another_another() -> None:
    rows = draw_plain()["sound"]
    answers = [
        fitted(start=False, seed=seed).translate(rows, "sound", "smell") for seed in (3, 3, 4)
    ]
    np.testing.assert_array_equal(answers[0], answers[1])
    assert not np.allclose(answers[0], answers[2])


def test_scikit_learns_conventions() -> None:
    made = quick(losses={"translation": 1.0}, seed=3)
    copy = clone(made)
    assert copy is not made
    assert copy.get_params() == made.get_params()
    assert copy.set_params(seed=4) is copy
    assert (copy.seed, made.seed) == (4, 3)
    assert not hasattr(clone(fitted(steps=0)), "ensemble_")
    with pytest.raises(UnknownNameError, match="'sede': did you mean 'seed'"):
        made.set_params(sede=4)
    assert "losses={'translation': 1.0}" in repr(made)


def test_fitting_does_not_change_what_it_is_given() -> None:
    data = draw_plain()
    before = {name: rows.copy() for name, rows in data.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quick().fit(data, matches=same_rows(20))
    for name, rows in data.items():
        np.testing.assert_array_equal(rows, before[name])


def test_wide_latents_are_taken_in_principal_coordinates(tmp_path) -> None:
    rng = np.random.default_rng(0)
    wide = {
        name: rows @ rng.normal(size=(rows.shape[1], 30)) for name, rows in draw_plain().items()
    }
    model = quick(principal=6).fit(wide, matches=same_rows(30))
    assert model.architecture_.specs["sound"].dim == 6
    told = model.translate(wide["smell"][30:], "smell", "sound")
    assert told.shape == (90, 30)
    assert np.square(told - wide["sound"][30:]).mean() < 0.2 * wide["sound"][30:].var()
    model.save(tmp_path / "run")
    again = amodal.load(tmp_path / "run")
    np.testing.assert_array_equal(again.translate(wide["smell"][30:], "smell", "sound"), told)
    with pytest.raises(InputError, match="30"):
        again.translate(wide["smell"][:, :6], "smell", "sound")
