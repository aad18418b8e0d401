"""The demo's comparison as Markdown tables, those of docs/results/demo.md.

amodal demo --out runs/demo
python benchmarks/demo_tables.py runs/demo
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

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


def read_columns(direction: str) -> list[Column]:
    """What is read in translations between pictures and attributes."""
    return [
        Column(direction, "translation_loss", "translation loss", "{:.4f}"),
        Column(direction, "shape_accuracy", "shape, %", "{:.1f}", 100),
        Column(direction, "place_pixels", "place, px"),
        Column(direction, "size_pixels", "size, px"),
        Column(direction, "rotation_degrees", "rotation, degrees", "{:.1f}"),
        Column(direction, "colour_levels", "colour, of 255", "{:.1f}"),
    ]


TABLES: dict[str, list[Column]] = {
    "Picture to attributes": read_columns("image to attributes"),
    "Attributes to picture, read back": read_columns("attributes to image"),
    "Picture and sentence": [
        Column("image to text", "translation_loss", "picture to sentence: loss", "{:.3f}"),
        Column("image to text", "all_right", "all five things right, %", "{:.0f}", 100),
        Column("image to text", "recall@1", "first of 1,000, %", "{:.0f}", 100),
        Column("text to image", "translation_loss", "sentence to picture: loss", "{:.3f}"),
        Column("text to image", "place_pixels", "place, px", "{:.1f}"),
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


def tables(arms: Sequence[Mapping[str, Any]]) -> str:
    """All tables, a section for each kind of image latents."""
    by_name = {(arm["latents"], arm["arm"]): arm for arm in arms}
    parts = []
    for latents, title in LATENTS.items():
        parts.append(f"## {title}\n")
        own = [by_name[latents, arm] for arm in ARMS if (latents, arm) in by_name]
        for heading, columns in TABLES.items():
            body = [[arm["title"], *(cell(arm, column) for column in columns)] for arm in own]
            parts += [f"{heading}:\n", markdown_table(["", *(c.title for c in columns)], body)]
    return "\n".join(parts)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/demo")
    print(tables([arm for f in sorted(folder.glob("comparison/*.json")) for arm in read_json(f)]))
