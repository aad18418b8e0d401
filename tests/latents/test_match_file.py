"""Matches from a CSV file: what is read, and how every mistake is explained."""

from pathlib import Path

import pytest

from amodal.errors import InputError, NotFoundError, Notice, UnknownNameError
from amodal.latents.item_lookup import ItemNames
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


NAMED = {"image": [f"pictures/{row}.png" for row in range(10)], "text": None}


def test_items_by_name_or_by_number(file: Path) -> None:
    file.write_text("image,text,sound\npictures/7.png,3,\n2,,horn\n")
    names = NAMED | {"sound": ["bell", "horn", "gong", "bell"]}
    assert read_matches(file, SIZES, names=names).rows.tolist() == [[7, 3, -1], [2, -1, 1]]
    file.write_text("image,sound\n0,bell\n")
    with pytest.raises(InputError, match=r"'bell' is the name of several items \(rows 0, 3\)"):
        read_matches(file, SIZES, names=names)


def test_names_that_are_numbers_are_names(file: Path) -> None:
    names = {"image": [str(row + 1) for row in range(10)]}
    file.write_text("image,text\n10,3\n1,4\n")
    with pytest.warns(Notice, match=r"'image': numbers are read as names.*1 is the item called 1"):
        assert read_matches(file, SIZES, names=names).column("image").tolist() == [9, 0]
    file.write_text("image,text\n0,3\n")
    with pytest.raises(UnknownNameError, match=r"line 2, column 'image': there is no item '0'"):
        read_matches(file, SIZES, names=names)


def test_whole_numbers_may_be_written_as_decimals(file: Path) -> None:
    file.write_text("image,text\n3.0,5.0\n4.0,1\n")
    assert read_matches(file, SIZES).together("image", "text").tolist() == [[3, 5], [4, 1]]
    file.write_text("image,text\n1.5,3\n")
    with pytest.raises(InputError, match=r"expected a row number \(0 to 9\) or nothing, got '1.5'"):
        read_matches(file, SIZES)


def test_what_stands_for_an_item_is_read_back() -> None:
    for names in (None, ["cat", "dog", "cat", " cow "], ["7", "0", "1", "2"]):
        items = ItemNames(4, names)
        assert [items.row_of(items.cell_of(row), "here") for row in range(4)] == [0, 1, 2, 3]
    for names in (["cat", "cat", "0", "1"], ["", "1", "2", "3"]):
        with pytest.raises(
            InputError, match=r"row 0 has no name of its own.*give each item a name"
        ):
            ItemNames(4, names).cell_of(0)


def test_an_unknown_name_offers_the_nearest(file: Path) -> None:
    file.write_text("image,text\npictures/7.pgn,3\n")
    with pytest.raises(UnknownNameError) as caught:
        read_matches(file, SIZES, names=NAMED)
    said = str(caught.value).splitlines()
    assert said[0].endswith(
        "matches.csv, line 2, column 'image': there is no item 'pictures/7.pgn': did you mean "
        "'pictures/7.png'? The 10 items are called 'pictures/0.png', 'pictures/1.png', "
        "'pictures/2.png', ..."
    )
    assert said[1:] == [
        "what is expected, for example:",
        "    image,text,sound",
        "    pictures/0.png,3,1",
        "    pictures/1.png,0,",
        "    ,4,2",
        "    pictures/5.png,,0",
    ]


def test_lines_of_json(tmp_path: Path) -> None:
    path = tmp_path / "matches.jsonl"
    path.write_text(
        '{"text": 3, "image": "pictures/1.png"}\n{"image": 4, "text": null, "sound": 2}'
    )
    assert read_matches(path, SIZES, names=NAMED).rows.tolist() == [[1, 3, -1], [4, -1, 2]]
    path.write_text('{"image": 0, "text": 3}\n{"image": 0, "txet": 4}')
    with pytest.raises(UnknownNameError, match=r"line 2: modality 'txet': did you mean") as caught:
        read_matches(path, SIZES)
    shown = str(caught.value).partition("for example:\n")[2].splitlines()
    assert shown[1] == '    {"image": 1, "text": 0}'
    assert len(shown) == 5


def test_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet

    path = tmp_path / "matches.parquet"
    columns = {"image": ["pictures/1.png", None], "text": [3.0, 5.0], "sound": [None, 0]}
    pyarrow.parquet.write_table(arrow.table(columns), path)
    assert read_matches(path, SIZES, names=NAMED).rows.tolist() == [[1, 3, -1], [-1, 5, 0]]
    pyarrow.parquet.write_table(arrow.table({"image": [1, 2], "text": [3, 6]}), path)
    with pytest.raises(InputError, match=r"row 1 \(counted from 0\), column 'text': row 6, but"):
        read_matches(path, SIZES)


def test_tables_of_other_endings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "matches.xlsx").write_bytes(b"")
    with pytest.raises(InputError, match=r"expected a table, a file that ends in \.csv"):
        read_matches(tmp_path / "matches.xlsx", SIZES)


def test_unknown_modality_offers_the_nearest(file: Path) -> None:
    file.write_text("image,txet\n0,1\n")
    with pytest.raises(UnknownNameError, match=r"line 1: modality 'txet': did you mean 'text'"):
        read_matches(file, SIZES)


def test_other_columns_are_to_be_left_out(file: Path) -> None:
    file.write_text("image,text,price\n0,1,3\n")
    with pytest.raises(UnknownNameError, match=r"'price'.*no others: leave out other columns"):
        read_matches(file, SIZES)
    file.write_text(",image,text\n0,0,1\n")
    with pytest.raises(UnknownNameError, match=r"leave out the index \(pandas: index=False\)"):
        read_matches(file, SIZES)
    file.write_text("image,text\n0,1\n")
    with pytest.raises(InputError, match="row 0, but this modality has no rows at all"):
        read_matches(file, dict.fromkeys(SIZES, 0))


def test_no_file_and_no_text(file: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no file of matches"):
        read_matches(file, SIZES)
    file.write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(InputError, match=r"(?s)cannot be read as CSV text.*save it as UTF-8"):
        read_matches(file, SIZES)
