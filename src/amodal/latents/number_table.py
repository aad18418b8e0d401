"""Latents from tables of numbers: a row for each item, perhaps a column with their names."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from amodal.errors import InputError
from amodal.latents.item_names import NamedLatents
from amodal.latents.tables import records_of, with_example
from amodal.typing import Float32

ID_COLUMNS = ("id", "ids", "item", "items", "name", "names", "file", "")
"""What the column of names may be called ("" is how pandas writes an index)."""
EXAMPLE = """\
id,x1,x2,x3
cat.png,0.12,-1.5,0.3
dog.png,0.9,0.25,-0.7
cow.png,-0.4,1,2.2
hen.png,0,0.6,1.8"""
LARGEST = float(np.finfo(np.float32).max)
CHUNK = 8192
"""Lines that are held as text at once."""


def read_number_table(path: Path, column: str | None = None) -> NamedLatents:
    """Read a .csv or .tsv file of numbers.

    A header may name the columns. One column may hold names: one that is called id, item, name or
    file, or else the first, where it holds no numbers.

    Args:
        path: of the file.
        column: must be left out: lists of numbers in one column are for Parquet.

    Raises:
        InputError: a cell that is no finite number, or a line with too many or too few cells; with
            line, column, remedy, and an example of what is expected.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "touch.csv"
        >>> _ = path.write_text("id,x,y\\nstone,1,2.5\\nmoss,0,-1\\n", "utf-8")
        >>> found = read_number_table(path)
        >>> found.rows.tolist(), found.names
        ([[1.0, 2.5], [0.0, -1.0]], ['stone', 'moss'])
    """
    if column is not None:
        raise InputError(
            f"{path}:{column}: of a {path.suffix} file all columns are read: give {path} alone"
        )
    with with_example(EXAMPLE):
        return _read(path)


def _read(path: Path) -> NamedLatents:
    records = records_of(path)
    first = next(records, None)
    second = next(records, None)
    if first is None or (second is None and not all(map(_is_number, first[1]))):
        raise InputError(f"{path} holds no rows of numbers")
    headless = _is_headless(path, first[1])
    columns = [f"{at + 1}" for at in range(len(first[1]))] if headless else first[1]
    columns = [name.strip() for name in columns]
    data = _chain([each for each in ((first if headless else None), second) if each], records)
    named = None if headless or second is None else id_column(columns, second[1])
    names: list[str] = []
    parts = list(_parts(path, columns, named, data, names))
    if not parts:
        raise InputError(f"{path} holds no rows of numbers")
    if not parts[0].shape[1]:
        raise InputError(f"{path} has no column of numbers beside the names")
    return NamedLatents(np.concatenate(parts), names if named is not None else None)


def _is_headless(path: Path, cells: list[str]) -> bool:
    """Whether the first line holds numbers already; what may be either is refused, not guessed."""
    # pandas calls the columns of a bare array 0, 1, 2, ..., after the index if that is written.
    named = cells[1:] if cells[0] == "" else cells
    if len(cells) > 1 and named == [str(at) for at in range(len(named))]:
        return False
    numbers = sum(map(_is_number, cells))
    if 0 < numbers < len(cells):
        raise InputError(
            f"{path}, line 1: is neither a header nor numbers alone, got "
            f"{','.join(cells)[:40]!r}: where items have names, give a header such as id,x1,x2"
        )
    return numbers > 0


def id_column(columns: Sequence[str], cells: Sequence[str]) -> int | None:
    """Which column holds the names of the items, by its name or its first cell.

    Example:
        >>> id_column(["x", "id"], ["0.1", "7"]), id_column(["cell", "x"], ["AAC", "0.1"])
        (1, 0)
    """
    for at, name in enumerate(columns):
        if name.lower() in ID_COLUMNS:
            return at
    return 0 if cells and not _is_number(cells[0]) and cells[0].strip() else None


def _chain(
    first: list[tuple[int, list[str]]], rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    yield from first
    yield from rest


def _parts(
    path: Path,
    columns: list[str],
    named: int | None,
    data: Iterator[tuple[int, list[str]]],
    names: list[str],
) -> Iterator[Float32[np.ndarray, "row dim"]]:
    """Blocks of rows; the names are appended to `names` on the way."""
    rows: list[list[float]] = []
    wanted = [at for at in range(len(columns)) if at != named]
    for line, cells in data:
        if len(cells) != len(columns):
            raise InputError(
                f"{path}, line {line}: has {len(cells)} cells, expected {len(columns)} as in the "
                "lines before"
            )
        if named is not None:
            names.append(cells[named].strip())
        rows.append(_numbers(path, line, columns, wanted, cells))
        if len(rows) == CHUNK:
            yield np.array(rows, dtype=np.float32)
            rows = []
    if rows:
        yield np.array(rows, dtype=np.float32)


def _numbers(
    path: Path, line: int, columns: list[str], wanted: list[int], cells: list[str]
) -> list[float]:
    try:
        row = [float(cells[at]) for at in wanted]
    except ValueError:
        row = []
    if row and sum(map(abs, row)) <= LARGEST:
        return row
    for at in wanted:
        check_number(f"{path}, line {line}, column {columns[at]!r}", cells[at])
    return row


def check_number(where: str, cell: str) -> None:
    """Refuse what is no finite number.

    Raises:
        InputError: with the remedy.
    """
    if not _is_number(cell):
        what = f"got {cell.strip()!r}" if cell.strip() else "the cell is empty"
        raise InputError(
            f"{where}: expected a number, {what}: fill it in, or remove the row; a column of names "
            "is called id"
        )
    if not abs(float(cell)) <= LARGEST:
        raise InputError(
            f"{where}: expected a finite number that float32 can hold, got {cell.strip()}: remove "
            "the row, or replace the number"
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
