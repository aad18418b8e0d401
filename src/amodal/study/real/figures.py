"""Figures of the real sets: the main measure against the number of matches."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from amodal.study.base import Row, choose
from amodal.study.plots import Drawing, Line, draw_lines, line_of
from amodal.study.real.methods import METHODS, OURS
from amodal.study.real.sets import RealSet
from amodal.study.real.summary import TITLES, measures_of

COLOURS = {
    "ridge": "#222222",
    "ridge-unwhitened": "#888888",
    "kernel-ridge": "#b8860b",
    "procrustes": "#bbbbbb",
    "cca": "#4477aa",
    "cca-unwhitened": "#66aacc",
    "csa": "#332288",
    "asif": "#ddaa33",
    "spectral-cca": "#117733",
    "wasserstein-procrustes": "#aa66bb",
    "contrastive": "#cc8866",
    "transport-cca": "#228833",
    OURS: "#cc3344",
}
MARKERS = dict(zip(COLOURS, "os^v<>DPXphd*", strict=True))


def drawing(chosen: RealSet, rows: Sequence[Row]) -> Drawing:
    """A panel for each pair of modalities, a line for each method."""
    measure = measures_of(chosen)[0]
    own = choose(rows, set=chosen.name)
    pairs = [pair for pair in chosen.pairs if choose(own, first=pair[0], second=pair[1])]

    def fill(panels: Sequence[Axes]) -> None:
        for panel, (first, second) in zip(panels, pairs, strict=True):
            lines = _lines(choose(own, first=first, second=second), measure)
            draw_lines(
                panel,
                lines,
                title=f"{first}\nand {second}",
                xlabel="matches",
                ylabel=f"{TITLES[measure]}, mean of both ways" if panel is panels[0] else "",
                yscale="linear",
            )
            panel.set_ylim(bottom=0)

    seeds = len({row["seed"] for row in own})
    return Drawing(
        name=chosen.name,
        caption=f"{TITLES[measure]} (mean of both ways) against the number of matches. Means over "
        f"{seeds} seed{'s' if seeds > 1 else ''}, bands: 95 % intervals.",
        fill=fill,
        panels=max(1, len(pairs)),
        height=4.0,
        width=3.4,
    )


def _lines(rows: Sequence[Row], measure: str) -> list[Line]:
    """Linear maps of matches alone are dashed; ours comes last, on top."""
    return [
        line_of(
            choose(rows, method=name),
            measure,
            label=name,
            colour=COLOURS.get(name, ""),
            marker=MARKERS.get(name, "o"),
            log=False,
            dashed=name in ("ridge", "ridge-unwhitened", "procrustes", "cca", "cca-unwhitened"),
        )
        for name in METHODS
        if choose(rows, method=name)
    ]
