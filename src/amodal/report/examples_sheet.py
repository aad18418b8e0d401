"""The report's first examples as one picture, for slides and pages elsewhere."""

import io
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amodal.report.contents import Examples
from amodal.report.plots import STYLE
from amodal.typing import UInt8

GROUND = {"figure.facecolor": "white", "savefig.facecolor": "white", "text.color": "#222222"}
LETTERS = 24
"""In a line under a picture."""
ROWS = {
    "sentence given": 0.55,
    "drawn from it": 1.0,
    "the true picture": 1.0,
    "said of the true picture": 0.55,
}
"""Titles, and heights by those of a picture."""


def examples_sheet(examples: Examples, title: str) -> bytes:
    """Pictures from sentences, and sentences from pictures, as a PNG."""
    true, told = examples.true, examples.translated
    shown = [true["text"], told["text", "image"], true["image"], told["image", "text"]]
    columns = len(true["text"])
    with rc_context({**STYLE, **GROUND}):  # pyright: ignore[reportArgumentType]
        figure = Figure(figsize=(1.6 * columns + 0.9, 1.6 * sum(ROWS.values()) + 0.5))
        figure.suptitle(title, fontsize=10, y=0.985)
        axes = figure.subplots(
            len(ROWS),
            columns,
            gridspec_kw={"height_ratios": list(ROWS.values()), "hspace": 0.08, "wspace": 0.08},
        )
        figure.subplots_adjust(left=0.09, right=0.99, top=0.94, bottom=0.01)
        for row, (name, things) in zip(axes, zip(ROWS, shown, strict=True), strict=True):
            _fill(list(row), name, things)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def _fill(
    row: Sequence[Axes], name: str, things: UInt8[np.ndarray, "n side side 3"] | list[str]
) -> None:
    for place, axes in enumerate(row):
        axes.set_axis_off()
        if isinstance(things, list):
            lines = textwrap.fill(things[place], LETTERS)
            axes.text(0.5, 0.5, lines, ha="center", va="center", fontsize=7.5)
        else:
            axes.imshow(things[place], interpolation="nearest")
    row[0].text(
        -0.12, 0.5, textwrap.fill(name, 9), transform=row[0].transAxes, ha="right", va="center"
    )
