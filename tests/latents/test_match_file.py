"""Matches from a CSV file: what is read, and how every mistake is explained."""

from pathlib import Path

import pytest

from amodal.errors import InputError, NotFoundError, UnknownNameError
from amodal.latents.match_file import read_matches

SIZES = {"image": 10, "text": 6, "sound": 4}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "matches.csv"


def test_columns_in_any_order_and_empty_cells(file: Path) -> None:
    file.write_text("text, image, sound\n3,0,\n, 5 ,1\n\n2,9,3\n")
    table = read_matches(file, SIZES)
    assert table.names == ("image", "text", "sound")
    assert table.rows.tolist() == [[0, 3, -1], [5, -1, 1], [9, 2, 3]]


def test_modalities_without_a_column_are_unmatched(file: Path) -> None:
    file.write_text("image,text\n0,3\n")
    assert read_matches(file, SIZES).rows.tolist() == [[0, 3, -1]]


def test_byte_order_mark_and_windows_line_ends(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfimage,text\r\n0,3\r\n")
    assert read_matches(file, SIZES).together("image", "text").tolist() == [[0, 3]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,text\n0,3\n4,6\n", r"line 3, column 'text': row 6, but there are only 6 rows"),
        ("image,text\n0,-1\n", r"line 2, column 'text': expected a row number .*, got '-1'"),
        ("image,text\n\n1.5,2\n", r"line 3, column 'image': .* or nothing, got '1.5'"),
        ("image,text\n0\n", r"line 2: has 1 cells, expected 2 as in the header; leave a cell"),
        ("image,text,sound\n,,1\n", r"line 2: names one modality only; a match needs two"),
        ("image,text\n", r"holds no matches: give a row for each"),
        ("image,text\n0,3\n1,4\n0,3\n", r"line 4: is the same match as line 2: delete one"),
        ('image,text\n0,"3\n', r"cannot be read as CSV text \(unexpected end of data"),
        ("", r"line 1: expected the names of two or more"),
        ("image\n0\n", r"line 1: expected the names of two or more different .* got 'image'"),
        ("image,image\n0,1\n", r"line 1: expected the names of two or more different"),
        ("0,3\n1,4\n", r"line 1: expected a header such as image,text,sound"),
    ],
)
def test_mistakes_are_named_by_line_and_column(file: Path, text: str, message: str) -> None:
    file.write_text(text)
    with pytest.raises(InputError, match=rf"matches\.csv.*{message}|{message}") as caught:
        read_matches(file, SIZES)
    assert "matches.csv" in str(caught.value)


def test_unknown_modality_offers_the_nearest(file: Path) -> None:
    file.write_text("image,txet\n0,1\n")
    with pytest.raises(UnknownNameError, match=r"line 1: modality 'txet': did you mean 'text'"):
        read_matches(file, SIZES)


def test_no_file_and_no_text(file: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file of matches"):
        read_matches(file, SIZES)
    file.write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read as CSV text"):
        read_matches(file, SIZES)
