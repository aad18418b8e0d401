"""What a search found, on the terminal and as a sheet of pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from amodal.data.contact_sheet import contact_sheet, write_contact_sheet

MOST_SHOWN = 6
"""Queries whose findings are shown; all of them are printed without --show."""
COLUMNS = 5
"""Pictures a row."""


def print_rows(found: Sequence[Any]) -> None:
    """One line for each row that was found: query, rank, row, similarity and, where items have
    names, the item, separated by tabs."""
    # Here, because it imports torch, which takes seconds.
    from amodal.search.metadata import ITEM

    named = any(ITEM in known for each in found for known in each.metadata)
    print("query\trank\trow\tsimilarity" + (f"\t{ITEM}" if named else ""))
    for query, each in enumerate(found):
        answers = zip(each.rows, each.similarity, each.metadata, strict=True)
        for rank, (row, similarity, known) in enumerate(answers, 1):
            item = f"\t{' '.join(str(known[ITEM]).split())}" if named else ""
            print(f"{query}\t{rank}\t{row}\t{similarity:.4f}{item}")


def print_found(found: Sequence[Any], *, query: str = "") -> None:
    """A table with the metadata for each query, for people.

    Args:
        found: what was found for each query.
        query: in words; numbers of queries where it is left out.
    """
    import sys

    from rich.console import Console

    # Where nobody's terminal sets a width, lines are as long as they need to be.
    console = Console(width=None if sys.stdout.isatty() else 160)
    for number, each in enumerate(found[:MOST_SHOWN]):
        if not len(each):
            console.print(f"{query or f'query {number}'}: no row meets the condition")
            continue
        console.print(_table(each, query or f"query {number}"))
    if len(found) > MOST_SHOWN:
        console.print(f"the first {MOST_SHOWN} of {len(found)} queries are shown")


def _table(each: Any, title: str) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(title), title_justify="left")
    for name in ("rank", "row", "similarity"):
        table.add_column(name, justify="right")
    columns = list(each.metadata[0])
    for name in columns:
        numbers = isinstance(each.metadata[0][name], int | float)
        table.add_column(escape(name), justify="right" if numbers else "left")
    for rank, (row, near, metadata) in enumerate(
        zip(each.rows, each.similarity, each.metadata, strict=True), 1
    ):
        values = [_said(metadata[name]) for name in columns]
        table.add_row(str(rank), f"{row:,}", f"{near:.3f}", *map(escape, values))
    return table


def _said(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def write_sheet(path: Path, found: Sequence[Any], things: Any, *, query: str = "") -> None:
    """Write the found pictures, a row or more a query, and say where they are."""
    from amodal.search.pictures import described

    shown = [each for each in found[:MOST_SHOWN] if len(each)]
    if not shown:
        return
    pictures = np.concatenate([things.pictures(each) for each in shown])
    captions = [
        f"{rank}. row {row}, {near:.2f}. {words}".strip()
        for each in shown
        for rank, (row, near, words) in enumerate(
            zip(each.rows, each.similarity, described(each), strict=True), 1
        )
    ]
    sheet = contact_sheet(pictures, captions, columns=COLUMNS, title=query)
    write_contact_sheet(path, sheet)
    print(f"{path}: {len(pictures)} pictures, {sheet.width} x {sheet.height}")
