"""Latents from Parquet files: columns of numbers, or one column that holds a list for each item."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import InputError, import_extra, unknown_name
from amodal.latents.item_names import NamedLatents
from amodal.latents.number_table import EXAMPLE, ID_COLUMNS, LARGEST
from amodal.latents.tables import BATCH, parquet_file, with_example


def read_number_parquet(path: Path, column: str | None = None) -> NamedLatents:
    """Read the numbers of a Parquet file, batch by batch.

    Args:
        path: of the file.
        column: which one holds the latents, as lists; when left out, all columns of numbers are
            the latents, or else the only column of lists is.

    Raises:
        UnknownNameError: there is no such column.
        InputError: no numbers, empty or infinite cells, lists of unequal length; with row, column,
            remedy, and an example of what is expected.
        DamagedError, MissingExtraError: see `amodal.latents.tables.parquet_file`.
    """
    with with_example(EXAMPLE), parquet_file(path) as file:
        schema = file.schema_arrow
        named = _id_column(schema)
        wanted = _wanted(path, schema, named, column)
        read = [*wanted, *([named] if named else [])]
        rows: np.ndarray | None = None
        names: list[str] = []
        start = 0
        for batch in file.iter_batches(batch_size=BATCH, columns=read):
            parts = [_numbers(path, name, batch.column(name), start) for name in wanted]
            block = np.concatenate(parts, axis=1)
            if rows is None:
                rows = np.empty((file.metadata.num_rows, block.shape[1]), np.float32)
            _check_width(path, wanted[0], start, block, rows)
            rows[start : start + len(block)] = block
            names += [str(each) for each in batch.column(named).to_pylist()] if named else []
            start += len(block)
        if rows is None:
            raise InputError(f"{path} has no rows")
        return NamedLatents(rows, names if named else None)


def _id_column(schema: Any) -> str | None:
    """The column of names: pandas' index, one that is called so, or the only one of texts."""
    pandas = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    index = [name for name in pandas.get("index_columns", ()) if isinstance(name, str)]
    called = [name for name in schema.names if name.lower() in ID_COLUMNS]
    texts = [field.name for field in schema if str(field.type) in TEXTS]
    found = [*index[:1], *called[:1], *(texts if len(texts) == 1 else ())]
    return found[0] if found else None


def _wanted(path: Path, schema: Any, named: str | None, column: str | None) -> list[str]:
    kinds = {field.name: str(field.type) for field in schema if field.name != named}
    if column is not None:
        if column not in kinds:
            raise unknown_name(f"column of {path}:", column, kinds)
        return [column]
    lists = [name for name, kind in kinds.items() if "list" in kind]
    others = {name: kind for name, kind in kinds.items() if name not in lists}
    numbers = [name for name, kind in others.items() if kind.startswith(NUMBERS)]
    if len(lists) == 1 and not numbers:
        return lists
    if lists:
        raise InputError(
            f"{path} has lists of numbers in {', '.join(lists)}"
            f"{' and single numbers in ' + ', '.join(numbers[:3]) if numbers else ''}: "
            f"say which are the latents, {path}:{lists[0]}"
        )
    if len(numbers) < len(others) or not numbers:
        wrong = [f"{name} ({kind})" for name, kind in others.items() if name not in numbers]
        raise InputError(
            f"{path}: expected columns of numbers, got {', '.join(wrong[:3]) or 'none'}: leave "
            "such columns out; a column of names is called id"
        )
    return numbers


NUMBERS = ("int", "uint", "float", "double", "halffloat", "bool")
"""How pyarrow's types of numbers begin."""
TEXTS = ("string", "large_string", "string_view")
"""pyarrow's types of text."""


def _numbers(path: Path, name: str, column: Any, start: int) -> np.ndarray:
    """(row, dim) of one column, a list's or a single number's."""
    width = 1
    if "list" in str(column.type):
        _refuse(path, name, np.asarray(column.is_null()), start, "is empty")
        lengths = np.asarray(import_extra("pyarrow.compute", "tables").list_value_length(column))
        width = int(lengths[0]) if len(lengths) else 0
        said = f"the list has not the {width} numbers of the row before"
        _refuse(path, name, lengths != width, start, said)
        column = column.flatten()
    if not str(column.type).startswith(NUMBERS):
        raise InputError(f"{path}, column {name!r}: expected numbers, got {column.type}")
    values = column.cast("double").to_numpy(zero_copy_only=False).reshape(-1, max(width, 1))
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(values) <= LARGEST).all(axis=1)
    _refuse(path, name, bad, start, "is empty, or no finite number that float32 can hold")
    return values.astype(np.float32)


def _refuse(path: Path, name: str, bad: np.ndarray, start: int, what: str) -> None:
    if bad.any():
        row = start + int(bad.argmax())
        raise InputError(
            f"{path}, row {row} (counted from 0), column {name!r}: {what}: remove the row, or fill "
            "it in"
        )


def _check_width(path: Path, name: str, start: int, block: np.ndarray, rows: np.ndarray) -> None:
    if block.shape[1] != rows.shape[1]:
        raise InputError(
            f"{path}, row {start} (counted from 0), column {name!r}: the list has "
            f"{block.shape[1]} numbers, those before {rows.shape[1]}"
        )
