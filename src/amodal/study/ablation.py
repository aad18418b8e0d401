"""`ablation`: what is lost without the shared state, without cycles, without each loss?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from amodal.evaluation.intervals import paired_difference
from amodal.study.base import Row, Study, Summary, choose, present
from amodal.study.cells import FULL, Cell, grid, unique
from amodal.study.measures import CONTRAST, ERROR, LOSS, TITLES, translation_rows
from amodal.study.pairs_only import image_models
from amodal.study.plots import COLOURS, MORE_COLOURS, Drawing, plain_ticks
from amodal.study.saving import space_title
from amodal.study.settings import StudySettings
from amodal.study.tables import markdown_table, mean_text

NUMBERS = (50, 1000)
"""Matches at which it is examined, or those nearest under study."""


@dataclass(frozen=True)
class Part:
    """One way to leave something out."""

    title: str
    method: str
    variant: str = ""


PARTS = (
    Part("the full workspace", FULL),
    Part("no contrastive loss", "tr+dcy+cy"),
    Part("no demi-cycles", "tr+cont+cy"),
    Part("no cycles", "tr+cont+dcy"),
    Part("no unmatched things (tr+cont)", "tr+cont"),
    Part("no workspace: separate translators, with cycles (tr+cy)", "tr+cy"),
    Part("no workspace: separate translators (tr)", "tr"),
    Part("the same, wide and without a bottleneck, with cycles", "tr+cy", "mlp"),
    Part("the same, wide and without a bottleneck", "tr", "mlp"),
    Part("no matches to learn from (dcy+cy)", "dcy+cy"),
    Part("a smaller workspace: 4 numbers", FULL, "state-4"),
    Part("a larger workspace: 32 numbers", FULL, "state-32"),
)
"""Two modalities trained by `tr` alone are two translators that share no weight: encoder of the
one and decoder of the other. So `tr` and `tr+cy` are "no workspace", without and with cycles."""
OF_THREE = (
    "Of three modalities each encoder serves two targets, so separate translators still share "
    "encoders and decoders here: “no workspace” says only that states are not made alike.\n"
)


def cells(settings: StudySettings) -> list[Cell]:
    """Every part at a few numbers of matches."""
    numbers = tuple(dict.fromkeys(settings.nearest(number) for number in NUMBERS))
    return unique(
        [
            cell
            for part in PARTS
            for cell in grid(
                pairing=settings.pairings[0],
                latents=image_models(settings),
                method=part.method,
                matches=numbers,
                seed=settings.seeds,
                variant=part.variant,
            )
        ]
    )


def summarise(rows: list[Row], settings: StudySettings) -> Summary:
    """Each part's losses as multiples of the full workspace's, seed for seed."""
    found = []
    for latents in present(rows, "latents"):
        for matches in present(rows, "matches"):
            own = choose(rows, latents=latents, matches=matches)
            found += [
                {"latents": latents, "matches": matches, "part": part.title, "figure": figure}
                | compared(of_part(own, part), of_part(own, PARTS[0]), figure)
                for part in PARTS
                for figure in (ERROR, LOSS, CONTRAST)
            ]
    return {"full": FULL, "comparisons": found}


def of_part(rows: list[Row], part: Part) -> list[Row]:
    """The runs of one part."""
    return choose(rows, method=part.method, variant=part.variant)


def compared(rows: list[Row], full: list[Row], figure: str) -> dict[str, Any]:
    """How many times the full workspace's figure, seed for seed: geometric mean, 95 % interval and
    p-value of the paired t-test on logarithms."""
    pairs = [
        (row[figure], other[figure])
        for row in rows
        for other in choose(full, seed=row["seed"])
        if row.get(figure) and other.get(figure)
    ]
    if not pairs:
        return {"times": None, "low": None, "high": None, "p": None}
    first, second = np.log(np.array(pairs)).T
    found = paired_difference(first, second)
    back = [None if end is None else float(np.exp(end)) for end in (found.low, found.high)]
    times = float(np.exp(found.mean))
    return {"times": times, "low": back[0], "high": back[1], "p": p_value(first - second)}


def p_value(differences: np.ndarray) -> float | None:
    """Of Student's test that their mean is 0; None for one or for equal ones."""
    if len(differences) < 2 or np.ptp(differences) < 1e-12:
        return None
    from scipy.stats import t

    score = differences.mean() / (differences.std(ddof=1) / len(differences) ** 0.5)
    return float(2 * t.sf(abs(score), len(differences) - 1))


def drawings(rows: list[Row], summary: Summary) -> list[Drawing]:
    """Every part's loss as a multiple of the full workspace's."""
    kinds, parts = present(rows, "latents"), PARTS[1:]

    def fill(panels: Sequence[Axes]) -> None:
        for panel, latents in zip(panels, kinds, strict=True):
            numbers = present(rows, "matches")
            for place, matches in enumerate(numbers):
                own = choose(summary["comparisons"], latents=latents, matches=matches, figure=ERROR)
                offset = 0.16 * (2 * place - len(numbers) + 1)
                colour = (COLOURS[FULL], *MORE_COLOURS[1:])[place]
                _dots(panel, own, parts, offset, colour, f"{matches:,} matches")
            panel.axvline(1, color="#888888", lw=0.8)
            names = [part.title for part in parts] if panel is panels[0] else [""] * len(parts)
            panel.set_yticks(range(len(parts)), names)
            panel.invert_yaxis()
            panel.set(
                title=space_title(rows[0]["pairing"], latents),
                xlabel="times the full workspace's translation loss",
                xscale="log",
            )
            plain_ticks(panel)

    return [
        Drawing(
            name="ablation",
            caption="Translation loss (squared error) on held-out things without one part, as a "
            "multiple of the full workspace's, seed for seed: geometric mean and 95 % interval "
            f"over {len(present(rows, 'seed'))} seeds. Right of the line: the part helped.",
            fill=fill,
            panels=len(kinds),
            height=4.2,
            width=4.6,
        )
    ]


def _dots(
    panel: Axes,
    found: list[dict[str, Any]],
    parts: Sequence[Part],
    offset: float,
    colour: str,
    label: str,
) -> None:
    for height, part in enumerate(parts):
        for one in choose(found, part=part.title):
            if one["times"] is None:
                continue
            panel.plot(one["times"], height + offset, "o", color=colour, ms=5, label=label)
            label = "_"
            if one["low"] is not None:
                panel.plot([one["low"], one["high"]], [height + offset] * 2, color=colour, lw=1.4)


SURE = 0.05
"""Below this p a part is said to matter."""


def findings(summary: Summary, pairing: str) -> list[str]:
    """Which parts matter, in words, for each kind of latents and number of matches."""
    lines = []
    for latents in present(summary["comparisons"], "latents"):
        for matches in present(summary["comparisons"], "matches"):
            own = choose(summary["comparisons"], latents=latents, matches=matches, figure=ERROR)
            sure = [one for one in own if one["p"] is not None and one["p"] < SURE]
            worse = [f"{one['part']} ({one['times']:.2g})" for one in sure if one["times"] > 1]
            better = [f"{one['part']} ({one['times']:.2g})" for one in sure if one["times"] < 1]
            title = space_title(pairing, latents).replace("\n", ", ")
            lines.append(
                f"- {title}, {matches:,} matches: worse than the full workspace, with p < {SURE}: "
                f"{'; '.join(worse) or 'nothing'}. Better: {'; '.join(better) or 'nothing'}."
            )
    return lines


def section(rows: list[Row], summary: Summary) -> str:
    """What matters in words, then a table for each kind of latents and number of matches."""
    pairing = rows[0]["pairing"]
    parts = [
        "\n".join(findings(summary, pairing)) + "\n",
        "Multiples are of the full workspace's translation loss (squared error), seed for seed: "
        "geometric mean, 95 % interval, and p of the paired t-test on logarithms (not corrected "
        f"for the {len(PARTS) - 1} comparisons of a table).\n",
        *([OF_THREE] if pairing.count("-") > 1 else []),
    ]
    head = ["", TITLES[ERROR], TITLES[LOSS], TITLES[CONTRAST], "times the full", "p"]
    for latents in present(rows, "latents"):
        for matches in present(rows, "matches"):
            own = choose(rows, latents=latents, matches=matches)
            title = space_title(pairing, latents).replace("\n", ", ")
            parts.append(f"**{title}, {matches:,} matches**\n")
            body = []
            for part in PARTS:
                these = of_part(own, part)
                (test,) = choose(
                    summary["comparisons"],
                    latents=latents,
                    matches=matches,
                    part=part.title,
                    figure=ERROR,
                )
                means = [mean_text(these, figure) for figure in (ERROR, LOSS, CONTRAST)]
                body.append([part.title, *means, times_text(test), p_text(test["p"])])
            parts.append(markdown_table(head, body))
    return "\n".join(parts)


def times_text(found: dict[str, Any]) -> str:
    """A multiple and its interval."""
    if found["times"] is None:
        return ""
    if found["low"] is None:
        return f"{found['times']:.3g}"
    return f"{found['times']:.3g} ({found['low']:.3g} to {found['high']:.3g})"


def p_text(p: float | None) -> str:
    """A p-value.

    Example:
        >>> p_text(0.00002), p_text(0.034), p_text(None)
        ('< 0.001', '0.034', '')
    """
    if p is None:
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


STUDY = Study(
    name="ablation",
    title="What is each part worth?",
    question="Are both the shared workspace and the cycles critical, and what do the other parts "
    "add?",
    cells=cells,
    measure=translation_rows,
    summarise=summarise,
    drawings=drawings,
    section=section,
)
