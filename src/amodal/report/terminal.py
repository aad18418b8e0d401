"""The figures of one run as tables on the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from amodal.data.kinds import kind_of
from amodal.report.tables import FOUND, LOST, Columns, read_columns, said_columns

LOOPS = (("cycle_loss", "cycle loss", ".4f"), ("demi_cycle_loss", "demi-cycle loss", ".4f"))
OWN = (
    ("typical_error", "typical error, standard deviations", ".3f"),
    ("matches", "held-out matches", ".0f"),
)


def print_figures(found: Mapping[str, Any]) -> None:
    """Print what `evaluate_run` found, one table a kind of figure."""
    from rich.console import Console

    console = Console(width=None)
    console.print(f"measured on {found['things']}", highlight=False)
    if "held_out_matches" in found:
        console.print(_table("error of translations", found["held_out_matches"], OWN, {}))
        return
    over, kind = found.get("over_draws", {}), kind_of(found["kind"])
    read, said = read_columns(kind), said_columns(kind)
    for title, columns, needed in (
        ("read in pictures and attributes", (*LOST, *read), read[0][0]),
        ("said in sentences, share right", (*LOST, *said), said[0][0]),
        (f"search in a pool of {found['pool']:,}", FOUND, "foscttm"),
        ("cycles", LOOPS, "cycle_loss"),
        ("demi-cycles", LOOPS, "demi_cycle_loss"),
    ):
        rows = {d: values for d, values in found["workspace"].items() if needed in values}
        rows |= {
            f"({name} model alone)": values
            for name, values in found.get("unimodal", {}).items()
            if needed in values
        }
        if rows:
            shown = [column for column in columns if any(column[0] in v for v in rows.values())]
            console.print(_table(title, rows, shown, over))
    if over:
        runs = next(iter(next(iter(over.values())).values()))["runs"]
        console.print(
            f"± : half of the 95 % interval over {runs} draws of the matches, one workspace each, "
            "trained shorter than this run's",
            highlight=False,
        )


def _table(
    title: str, rows: Mapping[str, Mapping[str, float]], columns: Columns, over: Mapping[str, Any]
) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("")
    for _, name, _ in columns:
        table.add_column(name, justify="right")
    for direction, values in rows.items():
        table.add_row(direction, *_cells(direction, values, columns, over))
    return table


def _cells(
    direction: str,
    values: Mapping[str, float],
    columns: Columns,
    over: Mapping[str, Any],
) -> Sequence[str]:
    cells = []
    for key, _, form in columns:
        text = format(values[key], form).replace("%", " %") if key in values else ""
        spread = over.get(direction, {}).get(key)
        if text and spread and spread["low"] is not None:
            text += "\n± " + format((spread["high"] - spread["low"]) / 2, form).replace("%", " %")
        cells.append(text)
    return cells
