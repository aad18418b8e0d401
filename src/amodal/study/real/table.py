"""`results.csv`: every figure of every cell, for other people's plots and for later studies."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from amodal.errors import DamagedError, NotFoundError
from amodal.files import atomic_path
from amodal.study.base import Row

KEY = "key"
"""The column that names all that decides a cell."""
DIGITS = 7
"""Significant ones."""
FORTH, BACK = " first to second", " second to first"
"""The ends of columns of one direction."""
_TEXTS = (KEY, "set", "first", "second", "method")
_COUNTS = ("seed", "matches", "test")
_UNMATCHED = ("unmatched first", "unmatched second")
_FIRST = (*_TEXTS, "share", *_COUNTS, *_UNMATCHED, "seconds")


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write a row a cell; cells without a figure are empty there."""
    flat = [_flat(row) for row in rows]
    figures = sorted({name for row in flat for name in row} - set(_FIRST))
    text = io.StringIO()
    writer = csv.DictWriter(text, [*_FIRST, *figures], lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    with atomic_path(path) as temporary:
        temporary.write_text(text.getvalue(), "utf-8")


def read_table(path: Path) -> dict[str, Row]:
    """The rows of such a table by their keys, to seven digits what they were.

    Raises:
        NotFoundError: there is no such file.
        DamagedError: a line that no study has written.
    """
    if not path.is_file():
        raise NotFoundError(f"there is no table {path}: expected the results.csv of a study real")
    found = {}
    with open(path, encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file, strict=True)
        try:
            if KEY not in (lines.fieldnames or ()):
                raise KeyError(KEY)
            for line in lines:
                row = _typed(line)
                found[row.pop(KEY)] = row
        except (csv.Error, KeyError, TypeError, ValueError) as error:
            raise DamagedError(
                f"{path}, line {lines.line_num}, is no row of a study real ({error}): take the "
                "table from where it was written again, or leave it out to measure everything"
            ) from error
    return found


def rounded(row: Row) -> Row:
    """The row as it comes back from a table, so that pages are the same with and without one."""
    return {n: float(_told(v)) if isinstance(v, float) else v for n, v in row.items()}


def _told(value: float) -> str:
    return f"{value:.{DIGITS}g}"


def _flat(row: Row) -> Row:
    flat = {_renamed(name, _ways(row)): v for name, v in row.items() if name != "unmatched"}
    flat |= dict(zip(_UNMATCHED, row["unmatched"], strict=True))
    return {n: _told(v) if isinstance(v, float) else v for n, v in flat.items()}


def _typed(line: dict[str, str]) -> Row:
    row: Row = {name: line.pop(name) for name in _TEXTS}
    row |= {name: int(line.pop(name)) for name in _COUNTS}
    row["unmatched"] = [int(line.pop(name)) for name in _UNMATCHED]
    names = {word: way for way, word in _ways(row).items()}
    return row | {_renamed(n, names): float(value) for n, value in line.items() if value != ""}


def _ways(row: Row) -> dict[str, str]:
    """How names of figures end that are of one direction -> the end of the table's column."""
    first, second = row["first"], row["second"]
    return {f" {first} to {second}": FORTH, f" {second} to {first}": BACK}


def _renamed(name: str, ends: dict[str, str]) -> str:
    for end, other in ends.items():
        if name.endswith(end):
            return name.removesuffix(end) + other
    return name
