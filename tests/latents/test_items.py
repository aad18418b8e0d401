"""Things to encode, from folders, text files and lists: names, order, digests, refusals."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amodal.errors import InputError, NotFoundError, Notice, UnknownNameError
from amodal.latents.items import items_of
from amodal.latents.texts import read_texts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pictures at several depths, and what is none of them."""
    root = tmp_path / "pictures"
    for name in ("b.png", "a/z.jpg", "a/B.PNG", "c/d/e.webp"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    (root / ".thumbnails").mkdir()
    (root / ".thumbnails" / "b.png").write_bytes(b"small")
    (root / ".hidden.png").write_bytes(b"hidden")
    return root


def test_a_folder_is_its_pictures_in_the_order_of_their_names(folder: Path) -> None:
    items = items_of(folder)
    assert list(items.names or ()) == ["a/B.PNG", "a/z.jpg", "b.png", "c/d/e.webp"]
    assert list(items.things) == [folder / name for name in items.names or ()]
    assert items.things[1:3] == [folder / "a/z.jpg", folder / "b.png"]
    assert items.source == {"folder": "pictures"}


def test_what_is_no_picture_is_mentioned(folder: Path) -> None:
    (folder / "notes.md").write_text("about them")
    with pytest.warns(Notice, match="1 file is no picture and left out"):
        assert len(items_of(folder)) == 4


def test_a_digest_is_of_names_and_sizes(folder: Path, tmp_path: Path) -> None:
    own = items_of(folder)
    whole, three = own.so_far(4), own.so_far(3)
    assert own.so_far(4) == whole != three
    (folder / "c/d/e.webp").write_bytes(b"mended, and longer")
    changed = items_of(folder)
    assert changed.so_far(3) == three
    assert changed.so_far(4) != whole
    (folder / "b.png").rename(folder / "bb.png")
    assert items_of(folder).so_far(3) != three


def test_a_part_is_counted_from_its_first(folder: Path) -> None:
    part = items_of(folder).part(1, 3)
    assert list(part.names or ()) == ["a/z.jpg", "b.png"]
    assert part.source == {"folder": "pictures", "first": 1, "end": 3}
    assert part.so_far(2) != items_of(folder).so_far(2)


def test_lists_of_all_sorts() -> None:
    arrays = [np.zeros((4, 4, 3), np.uint8), np.ones((4, 4, 3), np.uint8)]
    pictures = [Image.fromarray(array) for array in arrays]
    for things in (arrays, pictures, ["a red egg", "a kite"], np.eye(2), [(1, 2), (3, 4)]):
        first, second = things[0], things[1]
        same, other = items_of([first]).so_far(1), items_of([second]).so_far(1)
        assert items_of(things).so_far(1) == same != other
    assert items_of(arrays).names is None
    assert items_of(["a red egg", "a kite"]).names == ["a red egg", "a kite"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "there is nothing to encode: the list is empty"),
        (7, "expected a folder of pictures, a .txt file, or a list of things .* got int"),
        ([object()], "things of type object cannot be told apart"),
    ],
)
def test_what_cannot_be_encoded(given: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        items_of(given).so_far(1)


def test_a_column_of_pandas_is_taken_row_by_row() -> None:
    pandas = pytest.importorskip("pandas")
    column = pandas.Series(["a red egg", "a kite", "a cow"]).iloc[1:]  # labels 1 and 2
    items = items_of(column)
    assert list(items.things) == list(items.names) == ["a kite", "a cow"]
    assert items.so_far(2) == items_of(["a kite", "a cow"]).so_far(2)


def test_names_that_are_no_text(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"")
    except OSError:
        pytest.skip("this file system has texts for names alone")
    with pytest.raises(InputError, match=r"'caf.*\.png' is no UTF-8: rename the file"):
        items_of(tmp_path)


def test_places_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no pictures, expected files that end in \.jpg"):
        items_of(tmp_path)
    with pytest.raises(NotFoundError, match="there is no folder or file"):
        items_of(tmp_path / "nowhere")
    (tmp_path / "table.xls").write_text("x")
    with pytest.raises(InputError, match=r"expected a \.txt file with one text a line"):
        items_of(tmp_path / "table.xls")


@pytest.mark.parametrize(
    "content",
    [
        "a red egg\nein grüner Drachen\n",
        "a red egg\nein grüner Drachen",
        "\ufeffa red egg\r\nein grüner Drachen\r\n\r\n  \n",
        " a red egg \n\tein grüner Drachen",
    ],
)
def test_texts_as_people_type_them(tmp_path: Path, content: str) -> None:
    (tmp_path / "texts.txt").write_bytes(content.encode())
    texts = read_texts(tmp_path / "texts.txt")
    assert list(texts) == ["a red egg", "ein grüner Drachen"]
    assert texts[-1] == texts[1]
    assert texts[0:1] == ["a red egg"]
    assert list(items_of(tmp_path / "texts.txt").names or ()) == list(texts)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty: expected one text a line"),
        (b" \n\n", "is empty"),
        (b"one\n\nthree\n", r"texts\.txt, line 2 is blank: delete it, or write something"),
        (b"one\n\xff\xfetwo\n", r"texts\.txt, line 2 is no UTF-8 text .*: save the file as UTF-8"),
    ],
)
def test_texts_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "texts.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        items_of(tmp_path / "texts.txt").so_far(3)


def test_texts_of_a_table_may_be_called_by_another_column(tmp_path) -> None:
    table = tmp_path / "shop.csv"
    table.write_text("sku,title\n17,A red mug\n4,A bowl\n")
    items = items_of(table, column="title", names="sku")
    assert items.things == ["A red mug", "A bowl"]
    assert items.names == ["17", "4"]
    assert items.so_far(2) != items_of(table, column="title").so_far(2)
    with pytest.raises(UnknownNameError, match="'sk': did you mean 'sku'"):
        items_of(table, column="title", names="sk")
    with pytest.raises(InputError, match="a column of names, 'sku', goes with a table"):
        items_of(["A red mug"], names="sku")


def test_a_column_of_a_table_is_texts(tmp_path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text('id,title\n1,"A shoe, red"\n2,A hat\n', "utf-8")
    items = items_of(path, column="title")
    assert list(items.things) == ["A shoe, red", "A hat"] == list(items.names)
    assert items.so_far(2) == items_of(["A shoe, red", "A hat"]).so_far(2)
    with pytest.raises(InputError, match="say which one holds the texts"):
        items_of(path)
