"""Figures of the studies: curves with intervals, one colour a method, SVG and PNG."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from amodal.evaluation.intervals import mean_interval
from amodal.files import atomic_path

COLOURS: dict[str, str] = {
    "tr": "#222222",
    "cont": "#999999",
    "tr+cont": "#4477aa",
    "tr+cy": "#b8860b",
    "tr+dcy": "#66aacc",
    "tr+dcy+cy": "#228833",
    "dcy+cy": "#aa66bb",
    "tr+cont+dcy+cy": "#cc3344",
}
"""One colour a method, in all figures."""
MARKERS: dict[str, str] = dict(zip(COLOURS, "osD^vPX*", strict=True))
MORE_COLOURS = ("#cc6677", "#117733", "#88ccee", "#ddaa33", "#332288", "#aa4499", "#44aa99")
"""For lines that are no method."""
STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "amodal",
}


@dataclass(frozen=True)
class Drawing:
    """A figure that is not drawn yet."""

    name: str
    """Of its files."""
    caption: str
    """What it shows, for the report: units, what the bands are, how many seeds."""
    fill: Callable[[Sequence[Axes]], None]
    """Draws into the panels."""
    panels: int = 1
    """Side by side."""
    height: float = 3.6
    """In inches."""
    width: float = 3.6
    """Of one panel, in inches."""
    legend: bool = True
    """Beside the panels, from the labels of all of them."""


@dataclass(frozen=True)
class Line:
    """One curve with its interval."""

    label: str
    x: list[float]
    mean: list[float]
    low: list[float]
    high: list[float]
    colour: str
    marker: str = "o"
    dashed: bool = False


def line_of(
    rows: Sequence[Mapping[str, Any]],
    value: str,
    *,
    x: str = "matches",
    label: str,
    colour: str = "",
    marker: str = "",
    log: bool = True,
    dashed: bool = False,
) -> Line:
    """The mean of one figure over seeds at each x, with its 95 % interval.

    Args:
        rows: measured runs; those without the figure are left out.
        value: the figure.
        x: what is on the axis.
        label: of the line, for its colour too where it is a method.
        colour: any other.
        marker: any other.
        log: geometric mean and interval, for a logarithmic axis.
        dashed: as it says.
    """
    at: dict[float, list[float]] = {}
    for row in rows:
        if row.get(value) is not None and np.isfinite(row[value]):
            number = float(row[value])
            at.setdefault(row[x], []).append(float(np.log(max(number, 1e-12))) if log else number)
    back = np.exp if log else (lambda number: number)
    xs = sorted(at)
    found = [mean_interval(at[each]) for each in xs]
    return Line(
        label=label,
        x=[float(each) for each in xs],
        mean=[float(back(f.mean)) for f in found],
        low=[float(back(f.mean if f.low is None else f.low)) for f in found],
        high=[float(back(f.mean if f.high is None else f.high)) for f in found],
        colour=colour or COLOURS.get(label, MORE_COLOURS[0]),
        marker=marker or MARKERS.get(label, "o"),
        dashed=dashed,
    )


def draw_lines(
    panel: Axes,
    lines: Sequence[Line],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    xscale: str = "log",
    yscale: str = "log",
) -> None:
    """Curves with their intervals as bands."""
    for line in lines:
        if not line.x:
            continue
        panel.plot(
            line.x,
            line.mean,
            color=line.colour,
            marker=line.marker,
            ls="--" if line.dashed else "-",
            lw=1.4,
            ms=4,
            label=line.label,
        )
        panel.fill_between(line.x, line.low, line.high, color=line.colour, alpha=0.12, lw=0)
    panel.set(title=title, xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale)
    means = [value for line in lines for value in line.mean]
    if means and yscale == "log":
        # Intervals of few seeds may span decades, and would hide the curves.
        panel.set_ylim(min(means) / 1.6, max(means) * 1.6)
    plain_ticks(panel)


def plain_ticks(panel: Axes) -> None:
    """A light grid, and numbers as people write them on logarithmic axes: 0.05, 200, 10k."""
    for axis, scale in ((panel.xaxis, panel.get_xscale()), (panel.yaxis, panel.get_yscale())):
        if scale == "log":
            low, high = sorted(panel.get_xlim() if axis is panel.xaxis else panel.get_ylim())
            subs = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
            subs = (1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 7.0) if high / low < 6 else subs
            axis.set_major_locator(LogLocator(base=10, subs=subs))
            axis.set_major_formatter(FuncFormatter(lambda value, _: short_number(value)))
            axis.set_minor_formatter(NullFormatter())
    panel.grid(color="#888888", alpha=0.25, lw=0.5)


def short_number(value: float) -> str:
    """A tick's label.

    Example:
        >>> short_number(20_000), short_number(50), short_number(0.05), short_number(2_000_000)
        ('20k', '50', '0.05', '2M')
    """
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def figure_of(drawing: Drawing) -> Figure:
    """Draw it."""
    with rc_context(STYLE):  # pyright: ignore[reportArgumentType]
        figure = Figure(
            figsize=(drawing.width * drawing.panels + 1.6 * drawing.legend, drawing.height),
            layout="constrained",
        )
        panels = list(np.atleast_1d(figure.subplots(1, drawing.panels)))
        drawing.fill(panels)
        labelled: dict[str, Any] = {}
        for panel in panels:
            for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
                labelled.setdefault(label, handle)
        if drawing.legend and labelled:
            figure.legend(
                list(labelled.values()), list(labelled), loc="outside right upper", fontsize=8
            )
    return figure


def save_drawing(drawing: Drawing, folder: Path) -> None:
    """Write `NAME.svg` and `NAME.png`; the same data give the same bytes."""
    figure = figure_of(drawing)
    with rc_context(STYLE):  # pyright: ignore[reportArgumentType]
        for kind, metadata in (("svg", {"Date": None, "Creator": None}), ("png", None)):
            with atomic_path(folder / f"{drawing.name}.{kind}") as temporary:
                figure.savefig(temporary, format=kind, metadata=metadata, dpi=110)
