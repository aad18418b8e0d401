"""Matches as people keep them: a table with a column for each modality, a row for each thing."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from amodal.errors import InputError, NotFoundError, Notice, UnknownNameError, unknown_name
from amodal.latents.item_lookup import ItemNames
from amodal.latents.match_example import example_of_matches
from amodal.latents.matches import MatchTable
from amodal.latents.tables import ENDINGS, Table, open_table, with_example


def read_matches(
    path: str | Path,
    sizes: Mapping[str, int],
    *,
    names: Mapping[str, Sequence[str] | None] | None = None,
) -> MatchTable:
    """Read matches from a .csv, .tsv, .jsonl or .parquet file.

    Its columns are modalities; each row is one thing: which item it is in each of them, or nothing
    where the thing was not seen. An item is given by its row in the latents, counted from 0, or by
    its name where the latents' items have names (names that are themselves whole numbers leave no
    room for row numbers).

    Args:
        path: the file.
        sizes: the number of rows of each modality.
        names: what the items of a modality are called, row by row, where they have names.

    Raises:
        NotFoundError: there is no such file.
        UnknownNameError: a column is called like no modality, a cell like no item.
        InputError: a cell that is no row of its modality, a name that two items have, a thing with
            fewer than two modalities or given twice; each with file, line, column, remedy, and an
            example of what is expected.
        DamagedError, MissingExtraError: see `open_table`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "matches.csv"
        >>> _ = path.write_text("image,text\\ncat.png,3\\ndog.png,1\\n", "utf-8")
        >>> table = read_matches(
        ...     path, {"image": 2, "text": 10}, names={"image": ["dog.png", "cat.png"]}
        ... )
        >>> table.together("image", "text").tolist()
        [[1, 3], [0, 1]]
    """
    path = Path(path)
    items = {
        name: ItemNames(size, None if names is None else names.get(name))
        for name, size in sizes.items()
    }
    if path.suffix.lower() in ENDINGS and not path.exists():
        raise NotFoundError(f"there is no file of matches {path}")
    with with_example(example_of_matches(path.suffix.lower(), sizes, names or {})):
        table = open_table(path)
        _check_columns(table, items)
        rows = _rows(table, items)
    for name, known in items.items():
        if known.taken_for_name is not None:
            cell = known.taken_for_name
            warnings.warn(
                f"{path}, column {name!r}: numbers are read as names, because the items of this "
                f"modality are called by numbers ({cell} is the item called {cell}, not row "
                f"{cell})",
                Notice,
                stacklevel=2,
            )
    return MatchTable.build(MatchTable(tuple(sizes), np.array(rows, dtype=np.int64)), sizes)


def _check_columns(table: Table, items: Mapping[str, ItemNames]) -> None:
    known, path = ", ".join(items), table.path
    if table.unit == "line" and path.suffix.lower() not in (".jsonl", ".ndjson"):
        path = f"{path}, line 1"
        if table.names and all(name.lstrip("-").isdigit() or not name for name in table.names):
            raise InputError(f"{path}: expected a header such as {known.replace(' ', '')}")
        if len(table.names) < 2 or len(set(table.names)) < len(table.names):
            raise InputError(
                f"{path}: expected the names of two or more different modalities out of "
                f"{known}, separated by {'tabs' if '.tsv' in str(path) else 'commas'}, "
                f"got {','.join(table.names)!r}"
            )
    for name in table.names:
        if name not in items:
            raise _unknown_column(str(path), name, items)


def _unknown_column(where: str, name: str, items: Mapping[str, ItemNames]) -> UnknownNameError:
    """A column of anything else does not belong into the file."""
    found = unknown_name(f"column in {where}: modality", name, items)
    remedy = "leave out other columns" if name else "leave out the index (pandas: index=False)"
    return UnknownNameError(f"{found} A column for each modality and no others: {remedy}.")


def _rows(table: Table, items: Mapping[str, ItemNames]) -> list[tuple[int, ...]]:
    seen: dict[tuple[int, ...], int] = {}
    for number, cells in table.rows:
        row = _row(table, number, cells, items)
        if row in seen:
            raise InputError(
                f"{table.where(number)}: is the same match as {table.unit} {seen[row]}: "
                "delete one of them"
            )
        seen[row] = number
    if not seen:
        raise InputError(f"{table.path} holds no matches: give a row for each")
    return list(seen)


def _row(
    table: Table, number: int, cells: Mapping[str, str], items: Mapping[str, ItemNames]
) -> tuple[int, ...]:
    for name in cells:
        if name not in items:
            raise _unknown_column(table.where(number), name, items)
    row = tuple(
        known.row_of(cells.get(name, ""), table.where(number, name))
        for name, known in items.items()
    )
    if sum(each >= 0 for each in row) < 2:
        names = "one modality only" if max(row) >= 0 else "no modality"
        raise InputError(
            f"{table.where(number)}: names {names}; a match needs two: fill in another cell or "
            "delete it"
        )
    return row
