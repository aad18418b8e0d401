"""Tables as people keep them (.csv, .tsv, .jsonl, .parquet), read row by row as text."""

import contextlib
import csv
import json
import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amodal.errors import (
    DamagedError,
    InputError,
    NotFoundError,
    UnknownNameError,
    import_extra,
    unknown_name,
)

DELIMITERS = {".csv": ",", ".tsv": "\t"}
LINES_OF_JSON = (".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")
ENDINGS = (*DELIMITERS, *LINES_OF_JSON, *PARQUET)
BATCH = 8192
"""Rows of a Parquet file that are held at once."""

Rows = Iterator[tuple[int, dict[str, str]]]


@dataclass(frozen=True)
class Table:
    """A table that is read once, from its first row to its last."""

    path: Path
    names: tuple[str, ...]
    """The columns; of lines of JSON only those of the first line."""
    rows: Rows
    """The number of each row, and its cells by column; "" where there is nothing."""
    unit: str
    """What the numbers count: lines of the file (from 1), or rows (from 0)."""

    def where(self, number: int, column: str = "") -> str:
        """The place of a cell, for messages."""
        from_where = " (counted from 0)" if self.unit == "row" else ""
        place = f"{self.path}, {self.unit} {number}{from_where}"
        return f"{place}, column {column!r}" if column else place


def open_table(path: str | Path) -> Table:
    """Open a table; rows are read as they are asked for.

    Args:
        path: of a .csv or .tsv file with a header, of a .jsonl (.ndjson) file with an object on
            each line, or of a .parquet file.

    Raises:
        NotFoundError: there is no such file.
        InputError: its ending is none of these; later, a row that cannot be read.
        DamagedError: it is no Parquet file.
        MissingExtraError: Parquet without `amodal[tables]`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "items.jsonl"
        >>> _ = path.write_text('{"file": "a.png", "stars": 4}\\n{"file": "b.png"}\\n', "utf-8")
        >>> list(open_table(path).rows)
        [(1, {'file': 'a.png', 'stars': '4'}), (2, {'file': 'b.png'})]
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise InputError(f"{path}: expected a table, a file that ends in {', '.join(ENDINGS)}")
    if not path.exists():
        raise NotFoundError(f"there is no file {path}")
    if path.is_dir():
        raise InputError(f"{path} is a folder, expected a file")
    if ending in PARQUET:
        return _open_parquet(path)
    if ending in LINES_OF_JSON:
        return _open_json(path)
    records = records_of(path)
    _, header = next(records, (1, []))
    names = tuple(name.strip() for name in header)
    return Table(path, names, _named(path, names, records), "line")


def text_column(path: str | Path, column: str | None = None) -> Iterator[str]:
    """The texts of one column of a table, in order, in constant memory.

    Args:
        path: see `open_table`.
        column: which; may be left out where there is only one.

    Raises:
        UnknownNameError: there is no such column; the nearest is offered.
        InputError: several columns and none chosen, or a row without a text in it.
        NotFoundError, DamagedError, MissingExtraError: see `open_table`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "items.csv"
        >>> _ = path.write_text('id,title\\n1,"A shoe, red"\\n2,A hat\\n', "utf-8")
        >>> list(text_column(path, "title"))
        ['A shoe, red', 'A hat']
    """
    table = open_table(path)
    if column is None and len(table.names) != 1:
        raise InputError(
            f"{path} has the columns {', '.join(table.names)}: say which one holds the texts"
        )
    column = table.names[0] if column is None else column
    if column not in table.names and table.path.suffix.lower() not in LINES_OF_JSON:
        raise unknown_name(f"column of {path}:", column, table.names)
    return _texts(table, column)


def _texts(table: Table, column: str) -> Iterator[str]:
    for number, cells in table.rows:
        if column not in cells and table.path.suffix.lower() in LINES_OF_JSON:
            raise unknown_name(f"column of {table.where(number)}:", column, cells)
        if not cells[column].strip():
            raise InputError(
                f"{table.where(number, column)}: there is no text: fill it in, or delete the row"
            )
        yield cells[column]


def records_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The records of a .csv or .tsv file that hold anything, each with its last line's number.

    Raises:
        InputError: it is not text, or its quotes do not close.
    """
    delimiter = DELIMITERS[path.suffix.lower()]
    try:
        # utf-8-sig: spreadsheets put a byte order mark before the first name.
        with open(path, newline="", encoding="utf-8-sig") as handle:
            reader = csv.reader(handle, delimiter=delimiter, strict=True)
            for record in reader:
                if any(cell.strip() for cell in record):
                    yield reader.line_num, record
    except (UnicodeDecodeError, csv.Error) as error:
        save = "; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else ""
        raise InputError(
            f"{path} cannot be read as {path.suffix[1:].upper()} text ({error}){save}"
        ) from error


def _named(path: Path, names: tuple[str, ...], records: Iterator[tuple[int, list[str]]]) -> Rows:
    for line, record in records:
        if len(record) != len(names):
            raise InputError(
                f"{path}, line {line}: has {len(record)} cells, expected {len(names)} as in the "
                "header; leave a cell empty (0,,4) where there is nothing"
            )
        yield line, dict(zip(names, record, strict=True))


def _open_json(path: Path) -> Table:
    rows = _json_rows(path)
    first = next(rows, None)
    if first is None:
        return Table(path, (), iter(()), "line")

    def all_rows() -> Rows:
        yield first
        yield from rows

    return Table(path, tuple(first[1]), all_rows(), "line")


def _json_rows(path: Path) -> Rows:
    try:
        with open(path, encoding="utf-8-sig") as handle:
            for line, text in enumerate(handle, 1):
                if text.strip():
                    yield line, _json_cells(f"{path}, line {line}", text)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} cannot be read as lines of JSON ({error}); save it as UTF-8"
        ) from error


def _json_cells(where: str, text: str) -> dict[str, str]:
    try:
        value = json.loads(text.strip())
    except json.JSONDecodeError as error:
        raise InputError(f"{where}, character {error.colno}: is not JSON ({error.msg})") from error
    if not isinstance(value, dict):
        raise InputError(f"{where}: expected an object such as {{...}}, got {text.strip()[:40]!r}")
    return {name: _text(f"{where}, column {name!r}", cell) for name, cell in value.items()}


def _open_parquet(path: Path) -> Table:
    with parquet_file(path) as file:
        names = tuple(file.schema_arrow.names)

    def rows() -> Rows:
        number = 0
        with parquet_file(path) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                for cells in batch.to_pylist():
                    where = f"{path}, row {number} (counted from 0), column"
                    yield number, {n: _text(f"{where} {n!r}", cell) for n, cell in cells.items()}
                    number += 1

    return Table(path, names, rows(), "row")


@contextlib.contextmanager
def parquet_file(path: Path) -> Iterator[Any]:
    """An open `pyarrow.parquet.ParquetFile`.

    Raises:
        DamagedError: it is none.
        MissingExtraError: pyarrow is not installed.
    """
    parquet = import_extra("pyarrow.parquet", "tables")
    arrow = import_extra("pyarrow", "tables")
    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except (arrow.ArrowInvalid, OSError) as error:
        if isinstance(error, DamagedError | NotFoundError):
            raise
        raise DamagedError(f"{path} cannot be read as Parquet ({error})") from error


def _text(where: str, value: Any) -> str:
    """A cell as it would stand in a CSV file."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # columns of whole numbers with gaps are often kept as decimals
    if isinstance(value, dict | list):
        raise InputError(f"{where}: expected one text or number, got {str(value)[:40]}")
    return str(value)


@contextlib.contextmanager
def with_example(example: str) -> Iterator[None]:
    """End every refusal in the block with an example of what is expected."""
    try:
        yield
    except (InputError, UnknownNameError) as error:
        shown = textwrap.indent(example, "    ")
        raise type(error)(f"{error}\nwhat is expected, for example:\n{shown}") from error
