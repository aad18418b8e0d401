"""Tables as text, row by row: what is read, and how what cannot be read is explained."""

from pathlib import Path

import pytest

from amodal.errors import (
    DamagedError,
    InputError,
    MissingExtraError,
    NotFoundError,
    UnknownNameError,
)
from amodal.latents.tables import open_table, text_column

TITLES = ["A shoe, red", "Ein Hut\nmit Rand", "日本の靴"]


def write(folder: Path, ending: str) -> Path:
    """Three titles with numbers, in the given format."""
    path = folder / f"items{ending}"
    if ending == ".parquet":
        arrow = pytest.importorskip("pyarrow")
        import pyarrow.parquet

        pyarrow.parquet.write_table(arrow.table({"id": [1, 2, 3], "title": TITLES}), path)
    elif ending == ".jsonl":
        import json

        lines = [json.dumps({"id": i + 1, "title": title}) for i, title in enumerate(TITLES)]
        path.write_text("\n".join(lines), "utf-8")
    else:
        between = "," if ending == ".csv" else "\t"
        rows = "".join(f'{i + 1}{between}"{title}"\n' for i, title in enumerate(TITLES))
        path.write_text(f"id{between}title\n{rows}", "utf-8")
    return path


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_texts(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path, ending)
    assert list(text_column(path, "title")) == TITLES
    table = open_table(path)
    assert table.names == ("id", "title")
    assert [cells["id"] for _, cells in table.rows] == ["1", "2", "3"]
    with pytest.raises(UnknownNameError, match=r"items.*'titel': did you mean 'title'"):
        list(text_column(path, "titel"))
    with pytest.raises(InputError, match="has the columns id, title: say which one"):
        text_column(path)


def test_rows_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("title\nfirst\nsecond,and,more\n")
    texts = text_column(path)
    assert next(texts) == "first"
    with pytest.raises(InputError, match="line 3: has 3 cells, expected 1"):
        next(texts)


def test_empty_cells_nulls_and_decimals(tmp_path: Path) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text('{"a": 3.0, "b": null}\n\n{"a": 2.5, "b": NaN}\n{"b": "x"}\n')
    assert list(open_table(path).rows) == [
        (1, {"a": "3", "b": ""}),
        (3, {"a": "2.5", "b": ""}),
        (4, {"b": "x"}),
    ]
    with pytest.raises(InputError, match="line 1, column 'b': there is no text: fill it in"):
        list(text_column(path, "b"))
    with pytest.raises(UnknownNameError, match=r"line 4: 'a'"):
        list(text_column(path, "a"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": \n', "line 2, character 6: is not JSON"),
        ("a.jsonl", b'{"a": 1}\n[1, 2]\n', r"line 2: expected an object such as .* got '\[1, 2\]'"),
        ("a.jsonl", b'{"a": [1, 2]}\n', r"line 1, column 'a': expected one text or number, got"),
        ("a.jsonl", b"\xff\xfe\x00", "cannot be read as lines of JSON"),
        ("a.csv", b"a,b\n\xff\xfe\n", "cannot be read as CSV text"),
        ("a.xlsx", b"", r"expected a table, a file that ends in \.csv, \.tsv, \.jsonl"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        list(open_table(tmp_path / name).rows)


def test_absent_folders_and_damaged_parquet(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"there is no file .*none\.csv"):
        open_table(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="is a folder, expected a file"):
        open_table(tmp_path / "folder.csv")
    pytest.importorskip("pyarrow")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 is not enough")
    with pytest.raises(DamagedError, match="cannot be read as Parquet"):
        open_table(tmp_path / "bad.parquet")


def test_parquet_without_its_package_names_the_extra(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a.parquet").write_bytes(b"")
    monkeypatch.setattr("amodal.errors.import_module", _refuse)
    with pytest.raises(MissingExtraError, match=r"'pyarrow'.*amodal\[tables\]"):
        open_table(tmp_path / "a.parquet")


def _refuse(module: str) -> None:
    raise ModuleNotFoundError(f"No module named {module!r}", name=module.partition(".")[0])
