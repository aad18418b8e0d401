"""Matches as people keep them: a CSV file with a column for each modality and a line for each."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from amodal.errors import InputError, NotFoundError, unknown_name
from amodal.latents.matches import MatchTable


def read_matches(path: str | Path, sizes: Mapping[str, int]) -> MatchTable:
    """Read matches from a CSV file.

    The first line names modalities; each further line is one thing: its row in each of them,
    counted from 0, or nothing where the thing was not seen.

    Args:
        path: the file.
        sizes: the number of rows of each modality.

    Raises:
        NotFoundError: there is no such file.
        UnknownNameError: a column is called like no modality.
        InputError: a cell that is no row of its modality, a line with too many or too few cells,
            or with fewer than two rows; each with file, line, column and remedy.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "matches.csv"
        >>> _ = path.write_text("image,text\\n0,3\\n5,1\\n", "utf-8")
        >>> read_matches(path, {"image": 10, "text": 10}).together("image", "text").tolist()
        [[0, 3], [5, 1]]
    """
    path = Path(path)
    header, *lines = _lines(path) or [(1, [])]
    columns = _columns(path, header[1], sizes)
    rows = [_row(path, line, cells, columns, sizes) for line, cells in lines]
    if not rows:
        raise InputError(f"{path} holds no matches: give a line for each, such as 0,3")
    order = [columns.index(name) if name in columns else None for name in sizes]
    table = [[-1 if at is None else row[at] for at in order] for row in rows]
    return MatchTable.build(MatchTable(tuple(sizes), np.array(table, dtype=np.int64)), sizes)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """The lines that hold anything, with their numbers, cells without surrounding blanks."""
    try:
        # utf-8-sig: spreadsheets put a byte order mark before the first name.
        with open(path, newline="", encoding="utf-8-sig") as handle:
            reader = csv.reader(handle)
            cells = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except FileNotFoundError:
        raise NotFoundError(f"there is no file of matches {path}") from None
    except (UnicodeDecodeError, csv.Error, IsADirectoryError) as error:
        raise InputError(f"{path} cannot be read as CSV text ({error})") from error
    return [(line, row) for line, row in cells if any(row)]


def _columns(path: Path, names: list[str], sizes: Mapping[str, int]) -> list[str]:
    known = ", ".join(sizes)
    if len(names) < 2 or len(set(names)) < len(names):
        raise InputError(
            f"{path}, line 1: expected the names of two or more different modalities out of "
            f"{known}, separated by commas, got {','.join(names)!r}"
        )
    if all(name.lstrip("-").isdigit() or not name for name in names):
        raise InputError(f"{path}, line 1: expected a header such as {known.replace(' ', '')}")
    for name in names:
        if name not in sizes:
            raise unknown_name(f"column in {path}, line 1: modality", name, sizes)
    return names


def _row(
    path: Path, line: int, cells: list[str], columns: list[str], sizes: Mapping[str, int]
) -> list[int]:
    if len(cells) != len(columns):
        raise InputError(
            f"{path}, line {line}: has {len(cells)} cells, expected {len(columns)} as in the "
            "header; leave a cell empty (0,,4) where the thing was not seen"
        )
    row = [
        _number(f"{path}, line {line}, column {name!r}", cell, sizes[name])
        for name, cell in zip(columns, cells, strict=True)
    ]
    if sum(number >= 0 for number in row) < 2:
        raise InputError(
            f"{path}, line {line}: names one modality only; a match needs two: fill in another "
            "cell or delete the line"
        )
    return row


def _number(where: str, cell: str, rows: int) -> int:
    if not cell:
        return -1
    if not cell.isascii() or not cell.isdigit():
        raise InputError(
            f"{where}: expected a row number (0 to {rows - 1}) or nothing, got {cell!r}"
        )
    if int(cell) >= rows:
        raise InputError(
            f"{where}: row {int(cell)}, but there are only {rows} rows (0 to {rows - 1}); rows are "
            "counted from 0"
        )
    return int(cell)
