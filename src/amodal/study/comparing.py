"""Means over seeds by method, and what the full workspace is better by, seed for seed."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from amodal.evaluation.intervals import mean_interval, paired_difference
from amodal.study.base import Row, choose, present
from amodal.study.cells import FULL, METHODS
from amodal.study.plots import MORE_COLOURS, Line, draw_lines, line_of
from amodal.study.saving import space_title
from amodal.study.tables import markdown_table, mean_text

NO_ENCODER, RANDOM, TASK_TRAINED = "no encoder", "random encoder", "task-trained encoder"
BASELINES = {
    NO_ENCODER: MORE_COLOURS[3],
    RANDOM: MORE_COLOURS[6],
    TASK_TRAINED: MORE_COLOURS[5],
}
"""What trained workspaces are held against, in the place of a method, and its colour."""
Space = tuple[str, str]
"""A pairing, and the image model's kind."""


def spaces(rows: Sequence[Row]) -> list[Space]:
    """Pairings and latents, in the order of their appearance."""
    return list(dict.fromkeys((row["pairing"], row["latents"]) for row in rows))


def in_space(rows: Sequence[Row], space: Space) -> list[Row]:
    """The rows of one pairing and one kind of latents."""
    return choose(rows, pairing=space[0], latents=space[1])


def space_words(space: Space) -> str:
    """A pairing and its latents on one line."""
    return space_title(*space).replace("\n", ", ")


def file_words(space: Space) -> str:
    """The same for the name of a file."""
    return f"{space[0]}-{space[1]}" if "image" in space[0] else space[0]


def modalities(space: Space) -> list[str]:
    """Those that are joined."""
    return space[0].split("-")


def ordered_pairs(space: Space) -> list[tuple[str, str]]:
    """Every modality with every other."""
    names = modalities(space)
    return [(a, b) for a in names for b in names if a != b]


def means(rows: Sequence[Row], figures: Iterable[str]) -> list[dict[str, Any]]:
    """The mean of each figure over seeds with its interval, for each method and number of matches.

    Returns:
        Plain rows: pairing, latents, method, matches, figure, mean, low, high, runs.
    """
    found = []
    figures = list(figures)
    keys = dict.fromkeys(
        (row["pairing"], row["latents"], row["method"], row["matches"], bool(row.get("region")))
        for row in rows
    )
    for pairing, latents, method, matches, region in keys:
        about: dict[str, Any] = {"pairing": pairing, "latents": latents, "method": method}
        about["matches"] = matches
        own = [row for row in choose(rows, **about) if bool(row.get("region")) == region]
        for figure in figures:
            values = [row[figure] for row in own if _finite(row.get(figure))]
            if values:
                interval = mean_interval(values).to_json()
                found.append(about | {"region": region, "figure": figure} | interval)
    return found


def better_by(rows: Sequence[Row], figure: str, *, than: Iterable[str]) -> list[dict[str, Any]]:
    """The full workspace's figure minus another method's, seed for seed, with 95 % interval."""
    found = []
    for space in spaces(rows):
        own = in_space(rows, space)
        for matches in present(choose(own, method=FULL), "matches"):
            full = {r["seed"]: r.get(figure) for r in choose(own, method=FULL, matches=matches)}
            for method in than:
                other = choose(own, method=method)
                other = [r for r in other if r["matches"] in (matches, 0)]
                pairs = [
                    (full[r["seed"]], r.get(figure))
                    for r in other
                    if _finite(full.get(r["seed"])) and _finite(r.get(figure))
                ]
                if pairs:
                    first, second = np.array(pairs).T
                    about = {"pairing": space[0], "latents": space[1], "figure": figure}
                    about |= {"matches": matches, "against": method}
                    found.append(about | paired_difference(first, second).to_json())
    return found


def difference_table(found: Sequence[dict[str, Any]], space: Space, figure: str) -> str:
    """Differences of `better_by` as a table; † where the interval leaves out 0."""
    own = choose(found, pairing=space[0], latents=space[1], figure=figure)
    numbers = present(own, "matches")
    body = [
        [
            f"minus {method}",
            *(_signed(choose(own, against=method, matches=n)) for n in numbers),
        ]
        for method in present(own, "against")
    ]
    return markdown_table([FULL, *(f"{n:,} matches" for n in numbers)], body)


def _signed(found: Sequence[dict[str, Any]]) -> str:
    if not found:
        return ""
    mean, low, high = (found[0][key] for key in ("mean", "low", "high"))
    if low is None:
        return f"{mean:+.3f}"
    text = f"{mean:+.3f} ({low:+.3f} to {high:+.3f})"
    return f"{text} †" if low * high > 0 else text


def by_matches(rows: Sequence[Row], figure: str) -> str:
    """A table of one figure: a line a method, a column a number of matches."""
    numbers = sorted(set(present(rows, "matches")) - {0})
    body = []
    for method in methods_of(rows):
        own = choose(rows, method=method)
        always = mean_text(choose(own, matches=0), figure)
        texts = [mean_text(choose(own, matches=n), figure) or always for n in numbers]
        if any(texts):
            body.append([method, *texts])
    return markdown_table(["", *(f"{n:,} matches" for n in numbers)], body)


def methods_of(rows: Sequence[Row]) -> list[str]:
    """The methods under study in their usual order, then what they are held against."""
    known = present(rows, "method")
    return [m for m in METHODS if m in known] + [m for m in known if m not in METHODS]


def method_lines(
    rows: Sequence[Row], figure: str, *, methods: Iterable[str] = (), log: bool = False
) -> list[Line]:
    """A line a method against the number of matches; a level one for what needs no matches."""
    numbers = sorted(set(present(rows, "matches")) - {0})
    spread = [
        row | {"matches": n} for row in rows for n in (numbers if row["matches"] == 0 else [0])
    ]
    level = [row for row in spread if row["matches"]]
    known = [row for row in rows if row["matches"]]
    lines = [
        one_line(known if method in METHODS else level, figure, method, log=log)
        for method in methods or methods_of(rows)
    ]
    return [line for line in lines if line.x]


def one_line(
    rows: Sequence[Row],
    figure: str,
    method: str,
    *,
    x: str = "matches",
    log: bool = False,
    dashed: bool = False,
) -> Line:
    """The line of one method, in its colour; what is no method is dashed."""
    return line_of(
        choose(rows, method=method),
        figure,
        x=x,
        label=method,
        colour=BASELINES.get(method, ""),
        marker="" if method in METHODS else ".",
        log=log,
        dashed=dashed or method not in METHODS,
    )


def draw_shares(
    panel: Axes,
    lines: Sequence[Line],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    chance: float,
    xscale: str = "log",
) -> None:
    """Lines of shares: the axis is linear and ends at 0 and 1 even where a band does not."""
    draw_lines(
        panel, lines, title=title, xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale="linear"
    )
    low, high = panel.get_ylim()
    panel.set_ylim(max(low, -0.02), min(high, 1.02))
    panel.axhline(chance, color="#888888", lw=0.8, ls=":", label="chance")


def middle(rows: Sequence[Row]) -> int:
    """The number of matches in the middle of those of the full workspace, or of any method."""
    own = choose(rows, method=FULL) or list(rows)
    numbers = sorted(set(present(own, "matches")) - {0})
    return numbers[len(numbers) // 2] if numbers else 0


def _finite(value: Any) -> bool:
    return value is not None and bool(np.isfinite(value))
