"""Conditions on metadata, checked before they are used."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from amodal.errors import AmodalError, InputError, unknown_name
from amodal.search.table import VectorTable


def count_kept(table: VectorTable, where: str, columns: Mapping[str, str]) -> int:
    """How many rows meet a condition.

    Args:
        table: the rows.
        where: the condition, as SQL has it: "colour = 'red' AND price < 20".
        columns: those that it may speak of, with their types.

    Raises:
        InputError, UnknownNameError: it cannot be understood.
    """
    if not columns:
        raise InputError(
            f"where is {where!r}, but this index has no metadata: build it with --metadata (in "
            "Python metadata=...), a table with one line for each row"
        )
    try:
        return table.table.count_rows(filter=where)
    except (ValueError, RuntimeError, OSError) as error:
        raise _explained(where, str(error), columns) from error


def _explained(where: str, reason: str, columns: Mapping[str, str]) -> AmodalError:
    """What is wrong with a condition, in the words of its user."""
    absent = re.search(r"No field named [`\"]?(.+?)[`\"]?\.(?: |$)", reason)
    if absent is None:
        return InputError(
            f"where {where!r} is no condition that can be read ({_short(reason)}): expected one "
            f"such as {_example(columns)}, on the columns {_listed(columns)}"
        )
    name = absent[1]
    spaced = next((known for known in columns if known.startswith(f"{name} ")), None)
    if spaced is not None and spaced in where:
        return InputError(f"where {where!r}: a name with a blank stands in backticks, `{spaced}`")
    wrong = unknown_name("column", name, columns)
    # What stands to the right of a comparison was meant as a text, not as the name of a column.
    value = re.search(rf"(?:=|<|>|LIKE|IN\s*\()\s*[`\"]?{re.escape(name)}", where, re.I)
    if value and not get_close_matches(name, list(columns), n=1, cutoff=0.8):
        return InputError(
            f"where {where!r}: {name} is no column; a text stands in single quotes, '{name}'. "
            f"Columns: {_listed(columns)}"
        )
    return wrong


def _short(reason: str) -> str:
    """LanceDB's own words, without the place in its source and the statement made around ours."""
    inner = re.search(r"parser error: (.*?)\)?$", reason, re.S)
    text = inner[1] if inner else reason.replace("Invalid user input: ", "")
    return re.sub(r",? (/\S+\.rs:\d+:\d+|Line: \d+.*)", "", text).splitlines()[0][:200]


def _example(columns: Mapping[str, str]) -> str:
    name, kind = next(iter(columns.items()))
    return f"\"{name} = '...'\"" if "string" in kind else f'"{name} = 3"'


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in columns.items())
