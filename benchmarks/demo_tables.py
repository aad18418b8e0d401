"""The demo's comparison as Markdown tables, those of docs/results/demo.md and demo-factory.md.

amodal demo --out runs/demo
python benchmarks/demo_tables.py runs/demo
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from amodal.data.figures import Figure
from amodal.data.kinds import Kind, kind_of
from amodal.evaluation.intervals import mean_interval
from amodal.files import read_json
from amodal.study.tables import markdown_table

ARMS = ("ridge", "translation", "full", "translation-plain", "full-plain")
LATENTS = {
    "default": "Symmetry-aware image latents (the default)",
    "vae": "A VAE's image latents",
}


class Column(NamedTuple):
    """One figure of one direction, as a table shows it."""

    direction: str
    figure: str
    title: str
    form: str = "{:.2f}"
    factor: float = 1


def read_columns(direction: str, kind: Kind) -> list[Column]:
    """What is read in translations between pictures and attributes."""
    loss = Column(direction, "translation_loss", "translation loss", "{:.4f}")
    return [loss, *(column(direction, figure) for figure in kind.figures)]


def column(direction: str, figure: Figure) -> Column:
    """A figure by which people judge this kind of data; shares in per cent."""
    form = f"{{:.{figure.digits}f}}"
    if figure.is_share:
        return Column(direction, figure.name, f"{figure.what}, %", form, 100)
    return Column(direction, figure.name, figure.title, form)


def tables_of(kind: Kind) -> dict[str, list[Column]]:
    """Heading of each table -> its columns."""
    return {
        "Picture to attributes": read_columns("image to attributes", kind),
        "Attributes to picture, read back": read_columns("attributes to image", kind),
        "Picture and sentence": [
            Column("image to text", "translation_loss", "picture to sentence: loss", "{:.3f}"),
            Column("image to text", "all_right", "all things right, %", "{:.0f}", 100),
            Column("image to text", "recall@1", "first of 1,000, %", "{:.0f}", 100),
            Column("text to image", "translation_loss", "sentence to picture: loss", "{:.3f}"),
            column("text to image", kind.roughest),
            Column("text to image", "recall@1", "first of 1,000, %", "{:.0f}", 100),
        ],
    }


def cell(arm: Mapping[str, Any], column: Column) -> str:
    """The mean over draws of matches, and half its 95 % interval."""
    values = [draw[column.direction][column.figure] * column.factor for draw in arm["figures"]]
    found = mean_interval(values)
    if found.low is None or found.high is None:
        return column.form.format(found.mean)
    return f"{column.form} ± {column.form}".format(found.mean, (found.high - found.low) / 2)


def tables(arms: Sequence[Mapping[str, Any]], kind: Kind) -> str:
    """All tables, a section for each kind of image latents."""
    by_name = {(arm["latents"], arm["arm"]): arm for arm in arms}
    parts = []
    for latents, title in LATENTS.items():
        parts.append(f"## {title}\n")
        own = [by_name[latents, arm] for arm in ARMS if (latents, arm) in by_name]
        for heading, columns in tables_of(kind).items():
            body = [[arm["title"], *(cell(arm, column) for column in columns)] for arm in own]
            parts += [f"{heading}:\n", markdown_table(["", *(c.title for c in columns)], body)]
    return "\n".join(parts)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/demo")
    arms = [arm for f in sorted(folder.glob("comparison/*.json")) for arm in read_json(f)]
    print(tables(arms, kind_of(read_json(folder / "demo.json")["settings"].get("data", "shapes"))))
