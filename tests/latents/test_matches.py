"""The match table: every form that users write, every mistake that they make."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amodal.errors import InputError, Notice, UnknownNameError
from amodal.latents import MatchTable, separate_things

SIZES = {"image": 10, "text": 8, "sound": 6}


def build(matches) -> list[list[int]]:
    return MatchTable.build(matches, SIZES).rows.tolist()


@pytest.mark.parametrize(
    "values",
    [[0, 5], (0, 5), np.array([0, 5], dtype=np.uint8), torch.tensor([0, 5]), [0.0, 5.0]],
)
def test_lists_of_any_kind(values) -> None:
    assert build({"text": [3, 1], "image": values}) == [[0, 3, -1], [5, 1, -1]]


def test_sets_of_modalities_seen_together() -> None:
    found = build([{"image": [0], "text": [3]}, {"text": [3, 1], "sound": [2, 0]}])
    assert found == [[0, 3, -1], [-1, 3, 2], [-1, 1, 0]]


def test_a_table_is_a_form_too() -> None:
    table = MatchTable(("sound", "image"), np.array([[1, 2]]))
    assert build(table) == [[2, -1, 1]]


@pytest.mark.parametrize("nothing", [None, [], (), {"image": [], "text": []}])
def test_no_matches(nothing) -> None:
    table = MatchTable.build(nothing, SIZES)
    assert len(table) == 0
    assert len(table.together("image", "text")) == 0
    assert len(separate_things(table)) == 0


def test_one_image_may_have_several_captions() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert build({"image": [0, 0], "text": [3, 1]}) == [[0, 3, -1], [0, 1, -1]]


def test_the_very_same_match_twice_counts_once_and_is_said() -> None:
    with pytest.warns(Notice, match="2 matches were given more than once; each counts once"):
        found = build({"image": [4, 0, 4, 4], "text": [3, 1, 3, 3]})
    assert found == [[4, 3, -1], [0, 1, -1]]


@pytest.mark.parametrize(
    ("matches", "words"),
    [
        ({"image": [0, 10], "text": [1, 2]}, r"'image': entry 1 is row 10.*only 10 rows \(0 to 9"),
        ({"image": [0, -1], "text": [1, 2]}, r"'image': entry 1 is -1, row numbers start at 0"),
        ({"image": [0, 1.5], "text": [1, 2]}, r"'image': .*whole row numbers, got 1\.5 at entry 1"),
        ({"image": [0, np.nan], "text": [1, 2]}, r"'image': expected whole row numbers"),
        (
            {"image": ["0", "1"], "text": [1, 2]},
            r"'image': expected whole row numbers, got 0 .*type <U1",
        ),
        ({"image": [True, False], "text": [1, 2]}, r"'image': expected whole row numbers"),
        ({"image": [0, None], "text": [1, 2]}, r"'image': expected whole row numbers"),
        ({"image": [[0, 1]], "text": [1, 2]}, r"'image': expected a flat list.*\(1, 2\)"),
        ({"image": [[0], [1, 2]], "text": [1, 2]}, r"'image': expected a flat list.*unequal"),
        ({"image": 0, "text": 1}, r"'image': expected a flat list"),
        ({"image": [0, 1], "text": [1]}, r"equally long.*\{'image': 2, 'text': 1\}"),
        ({"image": [0, 1]}, r"cover only \['image'\].*at least two modalities"),
        ([{"image": [0, 1]}], r"cover only \['image'\]"),
        ("image", r"expected a dict of row lists.*got str"),
        (np.array([[0, 1]]), r"expected a dict of row lists.*got ndarray"),
        ([[0, 1], [2, 3]], r"expected a dict of row lists.*got list"),
        (MatchTable(("image", "text"), np.array([[0, 1], [2, -1]])), r"thing 1 .*at least two"),
        (MatchTable(("image", "text"), np.array([[0, -2]])), r"thing 0 .*'text': -2"),
    ],
)
def test_mistakes_are_named(matches, words: str) -> None:
    with pytest.raises(InputError, match=words):
        build(matches)


@pytest.mark.parametrize(
    "matches", [{"imgae": [0], "text": [1]}, MatchTable(("imgae", "text"), np.array([[0, 1]]))]
)
def test_unknown_modalities_offer_the_nearest(matches) -> None:
    with pytest.raises(UnknownNameError, match=r"'imgae': did you mean 'image'\?"):
        build(matches)


def test_pairs_that_both_modalities_see() -> None:
    table = MatchTable.build(
        [{"image": [0], "text": [3]}, {"text": [1], "sound": [0]}, {"image": [2], "sound": [5]}],
        SIZES,
    )
    assert table.together("text", "image").tolist() == [[3, 0]]
    assert table.together("image", "sound").tolist() == [[2, 5]]


def slow_separate(rows: np.ndarray) -> list[int]:
    """Merge labels until no two matches that share a row differ."""
    labels = list(range(len(rows)))
    changed = True
    while changed:
        changed = False
        for i, first in enumerate(rows):
            for j, second in enumerate(rows):
                shares = any(a == b >= 0 for a, b in zip(first, second, strict=True))
                if shares and labels[i] != labels[j]:
                    labels[i] = labels[j] = min(labels[i], labels[j])
                    changed = True
    return [sorted(set(labels)).index(label) for label in labels]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(*[st.integers(-1, 6)] * 3), max_size=10))
def test_separate_things_against_a_slow_version(rows: list) -> None:
    table = MatchTable(("a", "b", "c"), np.array(rows, dtype=np.int64).reshape(-1, 3))
    found, expected = separate_things(table).tolist(), slow_separate(table.rows)
    for i in range(len(rows)):
        for j in range(len(rows)):
            assert (found[i] == found[j]) == (expected[i] == expected[j])
