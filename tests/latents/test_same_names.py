"""Matches by the names of items."""

import pytest

from amodal.errors import InputError
from amodal.latents.same_names import matches_by_name


def test_items_that_share_a_name_in_any_two_modalities() -> None:
    names = {"rna": ["a", "b", "c", "x"], "atac": ["c", "d", "a"], "protein": ["d", "a", "y"]}
    table = matches_by_name(names)
    found = {tuple(row) for row in table.rows.tolist()}
    assert found == {(0, 2, 1), (2, 0, -1), (-1, 1, 0)}
    assert matches_by_name(names, only={"c", "x"}).rows.tolist() == [[2, 0, -1]]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"a": ["x"], "b": None}, "modality 'b' have no names to match by"),
        ({"a": ["x", "x"], "b": ["x"]}, "modality 'a': 2 items are called 'x'"),
        ({"a": ["x", "y"], "b": ["z"]}, r"no name is that of an item in two .* \(a: x, y; b: z\)"),
        ({"a": ["0", "1"], "b": ["0", "1", "2"]}, "a and b are called 0, 1, 2, .*count the rows"),
    ],
)
def test_names_that_say_nothing(names: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        matches_by_name(names)


def test_counting_names_are_taken_when_they_are_meant() -> None:
    names = {"a": ["0", "1"], "b": ["0", "1", "2"]}
    assert matches_by_name(names, numbers=True).rows.tolist() == [[0, 0], [1, 1]]
    assert matches_by_name(names, only={"1"}).rows.tolist() == [[1, 1]]
