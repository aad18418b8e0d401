"""Learning curves and the comparison as vector drawings, readable on light and dark ground."""

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from amodal.data.kinds import Kind
from amodal.evaluation.intervals import mean_interval
from amodal.report.contents import ArmResult
from amodal.report.measures import LOSS, READ, Measure, all_right, over_draws, readable

COLOURS = ("#4477aa", "#cc6677", "#228833", "#b8860b", "#8866bb")
INK = "#7d8696"
STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    # The same data give the same bytes.
    "svg.hashsalt": "amodal",
}
Curve = tuple[Sequence[int], Sequence[float], Sequence[float], Sequence[float]]
"""Steps, means, lower and upper bounds."""


def drawn(height: float, columns: int, fill: Callable[[Sequence[Axes]], None]) -> str:
    """One SVG with panels side by side."""
    with rc_context(STYLE):  # pyright: ignore[reportArgumentType]
        figure = Figure(figsize=(9, height), layout="constrained")
        axes = np.atleast_1d(figure.subplots(1, columns))
        fill(list(axes))
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    return svg[svg.index("<svg") :]


def learning_curves(history: Sequence[Mapping[str, Any]]) -> str:
    """The main model: error on held-out matches, and each loss, over training."""

    def fill(panels: Sequence[Axes]) -> None:
        score, losses = panels
        judged = [row for row in history if row["held_out"] is not None]
        _line(score, spread_over(judged, "held_out", by="group", log=False), COLOURS[0], "")
        score.set(
            title="error on held-out matches",
            xlabel="step",
            ylabel="squared error, of unit variance",
            yscale="log",
        )
        fitting = [row for row in history if row["held_out"] is None]
        names = [n for n in history[-1] if n not in ("step", "run", "group", "held_out", "draw")]
        for name, colour in zip(names, COLOURS, strict=False):
            curve = spread_over(fitting, name, by="group", log=True)
            _line(losses, curve, colour, name.replace("_", "-"))
        losses.set(title="training losses", xlabel="step", ylabel="loss", yscale="log")
        if names:
            losses.figure.legend(loc="outside lower center", ncols=4)

    return drawn(3.2, 2, fill)


def comparison_curves(results: Sequence[ArmResult], latents: Mapping[str, str]) -> str:
    """Error on held-out matches over training, for each arm, on either set of latents."""

    def fill(panels: Sequence[Axes]) -> None:
        for panel, (name, title) in zip(panels, latents.items(), strict=True):
            own = [result for result in results if result.latents == name]
            for result, colour in zip(own, COLOURS, strict=False):
                judged = [row for row in result.curves if row["held_out"] is not None]
                curve = spread_over(judged, "held_out", by="draw", log=False)
                if len(curve[0]) == 1:
                    panel.axhline(curve[1][0], color=colour, ls="--", lw=1.4, label=result.title)
                else:
                    _line(panel, curve, colour, result.title)
            panel.set(title=title, xlabel="step", yscale="log")
        panels[0].set_ylabel("squared error on held-out matches, of unit variance")
        lowest = min(panel.get_ylim()[0] for panel in panels)
        highest = max(panel.get_ylim()[1] for panel in panels)
        for panel in panels:
            panel.set_ylim(lowest, highest)
        handles, labels = panels[0].get_legend_handles_labels()
        panels[0].figure.legend(handles, labels, loc="outside lower center", ncols=2)

    return drawn(4.4, 2, fill)


def compared_dots(kind: Kind, results: Sequence[ArmResult], latents: Mapping[str, str]) -> str:
    """A few measures of every arm, both sets of latents side by side, with 95 % intervals."""
    chosen = [LOSS, readable(READ, kind.finest), all_right(kind)]
    arms = list(dict.fromkeys(result.title for result in results))

    def fill(panels: Sequence[Axes]) -> None:
        for panel, measure in zip(panels, chosen, strict=True):
            for offset, (name, colour) in zip(
                (-0.14, 0.14), zip(latents, COLOURS, strict=False), strict=True
            ):
                _dots(panel, measure, results, arms, name, offset, colour)
            panel.set_yticks(range(len(arms)), arms if panel is panels[0] else [""] * len(arms))
            panel.invert_yaxis()
            panel.set_title(_wrapped(measure.title))
            panel.set_xscale("log" if measure.lower_is_better else "linear")
            panel.grid(axis="x", color=INK, alpha=0.2, lw=0.6)
        handles, labels = panels[0].get_legend_handles_labels()
        panels[0].figure.legend(handles, labels, loc="outside lower center", ncols=2)

    return drawn(3.4, len(chosen), fill)


def _dots(
    panel: Axes,
    measure: Measure,
    results: Sequence[ArmResult],
    arms: Sequence[str],
    latents: str,
    offset: float,
    colour: str,
) -> None:
    label = {"default": "symmetry-aware latents", "vae": "VAE latents"}[latents]
    for result in results:
        if result.latents != latents:
            continue
        found, height = over_draws(measure, result), arms.index(result.title) + offset
        panel.plot(found.mean, height, "o", color=colour, ms=5, label=label)
        label = "_"
        if found.low is not None and found.high is not None:
            # An interval may reach below 0, where a logarithmic axis ends, and a share above 1.
            low = max(found.low, found.mean / 10 if measure.lower_is_better else 0.0)
            high = found.high if measure.lower_is_better else min(found.high, 1.0)
            panel.plot([low, high], [height] * 2, color=colour, lw=1.4)


def spread_over(rows: Sequence[Mapping[str, Any]], name: str, *, by: str, log: bool) -> Curve:
    """Geometric mean over draws or members at each step, with its 95 % interval.

    Args:
        rows: of a history.
        name: of the figure; `held_out` is a mean logarithm of squared errors already.
        by: what varies: "draw" or "group"; runs that share it are averaged first.
        log: whether the figure is still to be put on a logarithmic scale.
    """
    at: dict[int, dict[Any, list[float]]] = {}
    for row in rows:
        if name in row:
            value = np.log(max(row[name], 1e-12)) if log else row[name]
            at.setdefault(row["step"], {}).setdefault(row[by], []).append(float(value))
    most = max((len(groups) for groups in at.values()), default=0)
    # Where some have stopped, the rest is another population: the curve ends.
    steps = [step for step in sorted(at) if len(at[step]) == most]
    found = [mean_interval([float(np.mean(v)) for v in at[step].values()]) for step in steps]
    means = [float(np.exp(each.mean)) for each in found]
    lows = [float(np.exp(each.mean if each.low is None else each.low)) for each in found]
    highs = [float(np.exp(each.mean if each.high is None else each.high)) for each in found]
    return steps, means, lows, highs


def _line(panel: Axes, curve: Curve, colour: str, label: str) -> None:
    steps, means, lows, highs = curve
    panel.plot(steps, means, color=colour, lw=1.6, label=label)
    panel.fill_between(steps, lows, highs, color=colour, alpha=0.15, lw=0)


def _wrapped(title: str) -> str:
    return title.replace(": ", ":\n")
