"""Metadata from files of every format: the same lines, in any blocks, or a plain refusal."""

import json
from pathlib import Path

import pytest
from catalogue import as_csv, items

from amodal.errors import DamagedError, InputError, NotFoundError
from amodal.search.metadata import read_metadata, with_names

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
COLUMNS = items(50)


def write(path: Path) -> Path:
    """The same 50 lines in the format that the path's ending asks for."""
    if path.suffix == ".csv":
        path.write_text(as_csv(COLUMNS))
    elif path.suffix == ".parquet":
        parquet.write_table(pyarrow.table(COLUMNS), path, row_group_size=7)
    else:
        lines = [dict(zip(COLUMNS, line, strict=True)) for line in zip(*COLUMNS.values())]  # noqa: B905
        path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_every_format_gives_the_same_lines(ending: str, tmp_path: Path) -> None:
    table = read_metadata(write(tmp_path / f"items.{ending}"))
    assert table is not None
    table.check(50)
    assert table.columns == {"colour": "string", "price": "double", "title": "string"}
    take = table.reader(skip=10)
    first, second = take(25), take(15)
    for name, values in COLUMNS.items():
        assert first[name].to_pylist() + second[name].to_pylist() == values[10:]


def test_blocks_of_a_long_file_have_one_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amodal.search.metadata.BLOCK_BYTES", 200)
    path = tmp_path / "items.csv"
    path.write_text("name,note\n" + "NA,\n" * 90 + "dress,late\n" * 10)
    table = read_metadata(path)
    assert table is not None
    table.check(100)
    taken = table.reader(skip=0)(100)
    assert taken["name"].to_pylist() == ["NA"] * 90 + ["dress"] * 10
    assert taken["note"].to_pylist() == [None] * 90 + ["late"] * 10
    path.write_text("price\n" + "10\n" * 90 + "cheap\n")
    wrong = read_metadata(path)
    assert wrong is not None
    with pytest.raises(DamagedError, match=r"(?s)cheap.*of the type of its first ones.*title,"):
        wrong.check(91)


def test_line_breaks_within_values_may_lie_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amodal.search.metadata.BLOCK_BYTES", 200)
    texts = [f"a dress\nof {row} parts\nin wool" for row in range(100)]
    path = tmp_path / "items.csv"
    path.write_text("text,price\n" + "".join(f'"{text}",3\n' for text in texts))
    table = read_metadata(path)
    assert table is not None
    table.check(100)
    assert table.reader(skip=0)(100)["text"].to_pylist() == texts


def test_a_dataframe_is_a_dict_of_columns() -> None:
    pandas = pytest.importorskip("pandas")
    table = read_metadata(pandas.DataFrame(COLUMNS, index=range(100, 150)))
    assert table is not None
    assert table.columns == {"colour": "string", "price": "double", "title": "string"}
    assert table.reader(skip=0)(50)["title"].to_pylist() == COLUMNS["title"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"row": [1]}, "a column is called 'row'"),
        ({"vector_0": [1]}, "a column is called 'vector_0'"),
        ({"a.b": [1]}, "names with a dot"),
        ({"Colour": ["x"], "colour": ["y"]}, r"columns of the same name: \['colour'\]"),
    ],
)
def test_names_that_cannot_be_used(columns: dict, message: str) -> None:
    table = read_metadata(columns)
    assert table is not None
    with pytest.raises(InputError, match=message):
        table.check(1)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no file .*absent.csv"):
        read_metadata(tmp_path / "absent.csv")
    with pytest.raises(InputError, match=r"expected a file that ends in .csv, .parquet, .jsonl"):
        read_metadata(tmp_path / "items.xlsx")
    for ending in ("csv", "parquet", "jsonl"):
        path = tmp_path / f"empty.{ending}"
        path.write_bytes(b"")
        with pytest.raises(DamagedError, match="cannot be read"):
            read_metadata(path)


def test_digest_is_of_the_values() -> None:
    first, same, other = (
        read_metadata({"price": values}) for values in ([1.0, 2.0], (1.0, 2.0), [1.0, 3.0])
    )
    assert first is not None
    assert same is not None
    assert other is not None
    assert first.digest == same.digest != other.digest


def test_bytes_and_other_separators_are_refused(tmp_path: Path) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes("caption,price\nsch\xf6n,3\n".encode("latin-1"))
    with pytest.raises(InputError, match="'caption' holds bytes that are no UTF-8"):
        read_metadata(latin).check(1)
    semicolons = tmp_path / "semicolons.csv"
    semicolons.write_text("title;price\nmug;3\n")
    with pytest.raises(InputError, match="has one column, 'title;price': separate columns by com"):
        read_metadata(semicolons).check(1)


def test_names_stand_first_and_in_order() -> None:
    names = [f"thing {number}" for number in range(25_000)]
    alone = with_names(None, names)
    assert alone.reader(12_345)(2)["item"].to_pylist() == ["thing 12345", "thing 12346"]
    alone.check(25_000)
    prices = read_metadata({"price": list(range(25_000))})
    both = with_names(prices, names)
    assert list(both.columns) == ["item", "price"]
    assert both.reader(24_999)(1)["item"].to_pylist() == ["thing 24999"]
    assert len({alone.digest, both.digest, prices.digest}) == 3
    with pytest.raises(InputError, match="has 25,000 lines, the latents have 24,999 rows"):
        with_names(prices, names[:-1]).check(24_999)
    named = read_metadata({"item": ["a", "b"]})
    assert with_names(named, ["a", "b"]) is named
    with pytest.raises(InputError, match=r"row 0 .* is 'a', in the latents it is 'b': sort"):
        with_names(named, ["b", "a"])
