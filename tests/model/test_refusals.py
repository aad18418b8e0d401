"""Bad input to `Workspace` is refused before any training and before any file is written."""

import numpy as np
import pytest
import torch
from plain_data import draw_plain, fitted, quick, same_rows

from amodal import Block, Latents, LatentSpec
from amodal.errors import InputError, UnknownNameError
from amodal.model import fitting
from amodal.model.prepare import check_latents


@pytest.fixture
def untouched(monkeypatch, tmp_path):
    """A folder that must not come to be, and a training that must not begin."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("training began")

    monkeypatch.setattr(fitting, "train", refuse)
    yield tmp_path / "run"
    assert not (tmp_path / "run").exists()


def with_value(value: float) -> dict:
    data = draw_plain()
    data["smell"][7, 2] = value
    return data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (with_value(np.nan), r"'smell': row 7 holds NaN or infinite.*remove those rows"),
        (with_value(np.inf), r"'smell': row 7 holds NaN or infinite"),
        (with_value(1e300), r"'smell': row 7 holds numbers too large for float32"),
        (draw_plain() | {"smell": np.zeros(9)}, r"'smell'.*two-dimensional.*\(9,\)"),
        (draw_plain() | {"smell": np.zeros((9, 2, 2))}, r"'smell'.*two-dimensional.*reshape"),
        (draw_plain() | {"smell": ["a", "b"]}, r"'smell': expected real numbers.*encode"),
        (draw_plain() | {"smell": np.zeros((9, 2), complex)}, r"'smell'.*real numbers.*complex"),
        (draw_plain() | {"smell": np.array([[{}]])}, r"'smell'.*real numbers.*object"),
        (draw_plain() | {"smell": [[1, 2], [3]]}, r"'smell'.*rows of unequal length"),
        (draw_plain() | {"smell": np.zeros((0, 4))}, r"'smell'.*empty"),
        ({"sound": draw_plain()["sound"]}, r"two or more modalities, got \['sound'\]"),
        ({}, r"two or more modalities, got \[\]"),
        (draw_plain() | {" ": np.zeros((9, 2))}, r"modality ' ': expected a word for its name"),
    ],
)
def test_latents(untouched, data: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        quick().fit(data, matches=same_rows(20), folder=untouched)


def test_names_of_modalities_are_words() -> None:
    rows = {number: np.zeros((9, 2)) for number in (0, 1)}
    with pytest.raises(InputError, match=r"modality 0: expected a word for its name.*got int"):
        check_latents(rows, {})


@pytest.mark.parametrize(
    ("matches", "words"),
    [
        ({"sound": [0, 120], "smell": [0, 1]}, r"'sound': entry 1 is row 120.*only 120 rows"),
        ({"sound": [0, -3], "smell": [0, 1]}, r"'sound': entry 1 is -3, row numbers start at 0"),
        ({"sound": [0, 0.5], "smell": [0, 1]}, r"'sound': expected whole row numbers"),
        ({"sound": [0, 1, 2], "smell": [0, 1]}, r"equally long.*\{'sound': 3, 'smell': 2\}"),
        ({"sound": [0, 1]}, r"cover only \['sound'\].*at least two"),
    ],
)
def test_matches(untouched, matches: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        quick().fit(draw_plain(), matches=matches, folder=untouched)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"members": 0}, "members must be a whole number from 1 to 1,000, got 0"),
        ({"folds": -1}, "folds must be a whole number from 0 to 99, got -1"),
        ({"principal": -1}, "principal must be a whole number from 0 to 1,000,000, got -1"),
        ({"seed": -1}, "seed must be a whole number from 0 to 4,294,967,295, got -1"),
        ({"seed": 2**63}, "seed must be a whole number from 0 to 4,294,967,295, got 92233"),
        ({"members": 99_999_999_999}, "members must be a whole number from 1 to 1,000, got 999"),
        ({"steps": -1}, "steps must be at least 0, got -1"),
        ({"state": 0}, "state must be at least 1, got 0"),
        ({"hidden": -1}, "hidden >= 0"),
        ({"learning_rate": 0.0}, "learning_rate must be positive, got 0.0"),
        ({"losses": {"cycle": -1.0}}, "'cycle' is -1.0, expected a number of at least 0"),
        ({"losses": {"cycle": np.nan}}, "'cycle' is nan"),
        ({"losses": {}}, "no loss has a weight.*steps=0"),
        ({"losses": {"translation": 0.0}}, "no loss has a weight.*steps=0"),
    ],
)
def test_settings(untouched, settings: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        quick(**settings).fit(draw_plain(), matches=same_rows(20), folder=untouched)


@pytest.mark.parametrize(
    ("settings", "matches", "spaces", "words"),
    [
        ({"preset": "devillers"}, same_rows(20), {}, "did you mean 'devillers2024'"),
        ({"losses": {"cicle": 1.0}}, same_rows(20), {}, "loss 'cicle': did you mean 'cycle'"),
        ({}, same_rows(20, "sund", "smell"), {}, "'sund': did you mean 'sound'"),
        ({}, same_rows(20), {"smel": LatentSpec.continuous(4)}, "'smel': did you mean 'smell'"),
    ],
)
def test_unknown_names_offer_the_nearest(untouched, settings, matches, spaces, words) -> None:
    with pytest.raises(UnknownNameError, match=words):
        quick(**settings).fit(draw_plain(), matches=matches, spaces=spaces, folder=untouched)


def test_blocks_that_do_not_fit(untouched) -> None:
    spec = LatentSpec((Block("kind", "categorical", 4),))
    with pytest.raises(InputError, match="'smell', block 'kind', row 0: expected probabilities"):
        quick().fit(draw_plain(), matches=same_rows(20), spaces={"smell": spec}, folder=untouched)
    with pytest.raises(InputError, match="'smell': the specification has 3 columns, the array 4"):
        quick().fit(draw_plain(), matches=same_rows(20), spaces={"smell": LatentSpec.continuous(3)})


@pytest.fixture(scope="module")
def model():
    return fitted(steps=0)


@pytest.mark.parametrize(
    "call",
    [
        lambda m, rows: m.translate(rows, "sound", "smell"),
        lambda m, rows: m.embed({"sound": rows}),
        lambda m, rows: m.cycle(rows, "sound", "smell"),
        lambda m, rows: m.rank("sound", rows, draw_plain()["smell"]),
        lambda m, rows: m.rank("smell", draw_plain()["smell"], rows),
    ],
)
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.zeros((3, 6)), "'sound': expected 5 columns as in fitting, got 6.*another unimodal"),
        (np.full((3, 5), np.nan), "'sound': row 0 holds NaN"),
        (np.zeros(5), r"'sound'.*two-dimensional.*one row\? use x\[None, :\]"),
        (torch.zeros(3, 5, 1), "'sound'.*two-dimensional"),
        ([["a"] * 5], "'sound': expected real numbers"),
    ],
)
def test_calls_check_their_rows(model, call, rows, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call(model, rows)


@pytest.mark.parametrize(
    "call",
    [
        lambda m, x: m.translate(x, "sund", "smell"),
        lambda m, x: m.translate(x, "smell", "sund"),
        lambda m, x: m.embed({"sund": x}),
        lambda m, x: m.cycle(x, "smell", "sund"),
        lambda m, x: m.rank("sund", x, x),
        lambda m, x: m.rank("smell", x, {"sund": x}),
        lambda m, x: m.similarity(x, x, source="smell", target="sund"),
    ],
)
def test_unknown_modalities_offer_the_nearest(model, call) -> None:
    with pytest.raises(UnknownNameError, match="modality 'sund': did you mean 'sound'"):
        call(model, draw_plain()["smell"])


def test_ranking_needs_two_modalities_and_a_top(model) -> None:
    rows = draw_plain()["sound"]
    with pytest.raises(InputError, match="two modalities, got 'sound' twice"):
        model.rank("sound", rows, {"sound": rows})
    with pytest.raises(InputError, match="top must be at least 1, got 0"):
        model.rank("sound", rows, draw_plain()["smell"], top=0)


def test_latents_of_another_unimodal_model_are_refused() -> None:
    data, spec = draw_plain(), LatentSpec.continuous(5)
    given = Latents(data["sound"], spec, fingerprint="a" * 64, model="shapes/sound")
    model = quick(steps=0).fit({**data, "sound": given}, matches=same_rows(20))
    model.translate(given, "sound", "smell")
    model.translate(data["sound"], "sound", "smell")  # plain arrays: the user's word for it
    words = r"'sound'.*another unimodal model.*bbbbbbbbbbbb, expected aaaaaaaaaaaa.*shapes/sound"
    with pytest.raises(InputError, match=words):
        model.translate(Latents(data["sound"], spec, fingerprint="b" * 64), "sound", "smell")
    with pytest.raises(InputError, match=r"fingerprint unknown, expected aaaaaaaaaaaa"):
        model.embed({"sound": Latents(data["sound"], spec)})


def test_a_refused_fit_leaves_the_earlier_one() -> None:
    model = fitted(steps=0)
    rows = draw_plain()["sound"]
    before = model.translate(rows, "sound", "smell")
    with pytest.raises(InputError):
        model.fit({"sound": rows, "taste": np.full((3, 2), np.nan)}, matches=None)
    np.testing.assert_array_equal(model.translate(rows, "sound", "smell"), before)
