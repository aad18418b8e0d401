"""`heldout`: what of things of a kind of which no match was ever given?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from amodal.data.kinds import Kind, kind_of
from amodal.errors import InputError
from amodal.evaluation.intervals import mean_interval
from amodal.evaluation.of_population import population_losses
from amodal.evaluation.readable import readable_figures
from amodal.study.base import Row, Study, Summary, choose, present
from amodal.study.cells import FULL, REFERENCE, Cell, grid
from amodal.study.choices import SMALL_TO_LARGE, nearest
from amodal.study.comparing import (
    Space,
    file_words,
    in_space,
    means,
    middle,
    modalities,
    one_line,
    space_words,
    spaces,
)
from amodal.study.measures import ERROR, LOSS, answers_of
from amodal.study.plots import Drawing, Line, draw_lines
from amodal.study.settings import StudySettings
from amodal.study.store import Trained
from amodal.study.tables import markdown_table, mean_text
from amodal.study.things import StudyThings
from amodal.typing import Int64
from amodal.unimodal import load_model
from amodal.workspace import Population

INSIDE, OUTSIDE = "inside", "outside"
METHODS_SHOWN = (REFERENCE, "tr+cont", FULL)
OUTSIDE_THINGS = 2000
"""As many as the losses of other studies are measured on."""
PICTURES = 64
"""Pictures drawn and read on either side: drawing is slow."""


def cells(settings: StudySettings) -> list[Cell]:
    """Matches from outside the region, and from everywhere as the control."""
    pairing = settings.pairings[0]
    # A twelfth of the matchable things lie inside.
    enough = [n for n in settings.matches if n <= 0.8 * settings.matchable]
    return grid(
        pairing=pairing,
        latents=settings.latents if "image" in pairing else ("default",),
        method=[m for m in METHODS_SHOWN if m in settings.methods] or settings.methods,
        matches=nearest(enough or settings.matches[:1], SMALL_TO_LARGE),
        seed=settings.seeds,
        region=(False, True),
    )


def measure(trained: Trained, settings: StudySettings) -> list[Row]:
    """Losses and readable errors on things inside and outside the region."""
    found: list[Row] = [{} for _ in trained.cells]
    for side, rows in sides(trained.things).items():
        latents = {name: trained.things.rows(name, rows) for name in trained.things.names}
        losses = population_losses(trained.population, latents)
        for name, values in losses.items():
            if name.startswith((ERROR, LOSS)):
                for row, value in zip(found, values.tolist(), strict=True):
                    row[f"{side} {name}"] = value
        for target in trained.things.names:
            for source in trained.things.names:
                if source != target:
                    _add_readable(found, trained, rows, (source, target), side)
    return found


def sides(things: StudyThings) -> dict[str, Int64[np.ndarray, " _"]]:
    """Things that no run has seen, inside and outside the region of seed 0.

    Raises:
        InputError: none are inside.
    """
    factors = things.factors[things.pool]
    inside = things.kind.in_heldout_region(factors)
    if not inside.any() or inside.all():
        raise InputError(
            f"of {len(factors)} held-out things {int(inside.sum())} lie in the held-out region "
            f"({things.kind.heldout_words()}): more things are needed"
        )
    return {INSIDE: things.pool[inside], OUTSIDE: things.pool[~inside][:OUTSIDE_THINGS]}


def _add_readable(
    found: list[Row],
    trained: Trained,
    rows: Int64[np.ndarray, " row"],
    direction: tuple[str, str],
    side: str,
) -> None:
    """What people can read in translations into one modality; pictures of a few things only."""
    source, target = direction
    rows = rows[:PICTURES] if target == "image" else rows
    things, model = trained.things, load_model(trained.things.models[target])
    if trained.cells[0].latents not in ("default", "vae"):
        return
    for run, row in enumerate(found):
        answers = _answers(trained.population, things, run, rows, direction)
        raw = model.decode(things.normalisations[target].invert(answers))
        for name, value in readable_figures(things.kind, target, raw, things.factors[rows]).items():
            row[f"{side} {name} {source} to {target}"] = value


def _answers(
    population: Population,
    things: StudyThings,
    run: int,
    rows: Int64[np.ndarray, " row"],
    direction: tuple[str, str],
) -> Any:
    source, target = direction
    return answers_of(population.choose([run]), things.rows(source, rows), source, target)[0]


def summarise(rows: list[Row], settings: StudySettings) -> Summary:
    """Means of everything, and how many times worse it is inside for want of matches there."""
    figures = list(dict.fromkeys(k for row in rows for k in row if k.startswith((INSIDE, OUTSIDE))))
    return {
        "kind": settings.kind.name,
        "region": settings.kind.heldout_words(),
        "means": means(rows, figures),
        "times_worse": [
            each for side in (INSIDE, OUTSIDE) for each in times_worse(rows, f"{side} {ERROR}")
        ],
    }


def times_worse(rows: Sequence[Row], figure: str) -> list[dict[str, Any]]:
    """A figure without matches from the region over the same with them, seed for seed.

    The geometric mean over seeds with its 95 % interval; 1 is no loss at all.
    """
    found = []
    for space in spaces(rows):
        own = in_space(rows, space)
        for method in present(own, "method"):
            for matches in present(choose(own, method=method), "matches"):
                both = [
                    {
                        r["seed"]: r.get(figure)
                        for r in choose(own, method=method, matches=matches, region=region)
                    }
                    for region in (True, False)
                ]
                ratios = [
                    float(np.log(one / both[1][seed]))
                    for seed, one in both[0].items()
                    if one and both[1].get(seed)
                ]
                if ratios:
                    about = {"pairing": space[0], "latents": space[1], "method": method}
                    interval = mean_interval(ratios).to_json()
                    times = {
                        k: None if interval[k] is None else float(np.exp(interval[k]))
                        for k in ("mean", "low", "high")
                    }
                    found.append(about | {"matches": matches, "figure": figure} | times)
    return found


def drawings(rows: list[Row], summary: Summary) -> list[Drawing]:
    """Inside against outside, with the control, in every space."""
    return [_drawing(in_space(rows, space), space, summary["region"]) for space in spaces(rows)]


def _drawing(rows: list[Row], space: Space, region: str) -> Drawing:
    def fill(panels: Sequence[Axes]) -> None:
        for panel, side in zip(panels, (INSIDE, OUTSIDE), strict=True):
            draw_lines(
                panel,
                _lines(rows, f"{side} {ERROR}"),
                title=f"things {side} the region",
                xlabel="matches",
                ylabel="translation loss (squared error)" if side == INSIDE else "",
            )
        low = min(panel.get_ylim()[0] for panel in panels)
        high = max(panel.get_ylim()[1] for panel in panels)
        for panel in panels:
            panel.set_ylim(low, high)

    return Drawing(
        f"heldout-{file_words(space)}",
        f"Translation of held-out things inside and outside a region of factor space, "
        f"{space_words(space)}. Solid: no match was from the region "
        f"({region}); dashed: as many matches from everywhere. Unmatched things "
        "are from everywhere in both. Bands: 95 % intervals over seeds.",
        fill,
        panels=2,
    )


def _lines(rows: list[Row], figure: str) -> list[Line]:
    lines = []
    for region in (True, False):
        own = choose(rows, region=region)
        for method in present(own, "method"):
            line = one_line(own, figure, method, log=True, dashed=not region)
            label = method if region else f"{method}, matches from everywhere"
            lines.append(replace(line, label=label))
    return lines


def section(rows: list[Row], summary: Summary) -> str:
    """The ratio to the control, and readable errors inside and outside."""
    parts = [
        f"The region: {summary['region']}. Matches were from outside only, unmatched things from "
        "everywhere; the control had as many matches from everywhere.\n"
    ]
    for space in spaces(rows):
        parts.append(f"**{space_words(space)}: times worse than the control**\n")
        parts.append(_ratio_table(summary["times_worse"], space))
        own, matches = in_space(rows, space), middle(in_space(rows, space))
        if "attributes" in modalities(space):
            source = next(name for name in modalities(space) if name != "attributes")
            for way in (f"{source} to attributes", f"attributes to {source}"):
                words = f"{way} inside the region, {matches:,} matches"
                table = _readable_table(choose(own, matches=matches), way, kind_of(summary["kind"]))
                if table:
                    parts += [f"**{space_words(space)}: {words}**\n", table]
    return "\n".join(parts)


def _ratio_table(ratios: list[dict[str, Any]], space: Space) -> str:
    own = choose(ratios, pairing=space[0], latents=space[1])
    numbers, body = present(own, "matches"), []
    for side in (INSIDE, OUTSIDE):
        for method in present(own, "method"):
            chosen = choose(own, method=method, figure=f"{side} {ERROR}")
            body.append(
                [f"{method}, {side}", *(_times(choose(chosen, matches=n)) for n in numbers)]
            )
    return markdown_table(["", *(f"{n:,} matches" for n in numbers)], body)


def _times(found: list[dict[str, Any]]) -> str:
    if not found:
        return ""
    mean, low, high = (found[0][key] for key in ("mean", "low", "high"))
    return f"{mean:.2f}" if low is None else f"{mean:.2f} ({low:.2f} to {high:.2f})"


def _readable_table(rows: list[Row], way: str, kind: Kind) -> str:
    body = []
    for method in present(rows, "method"):
        for region, words in ((True, "none from the region"), (False, "from everywhere")):
            own = choose(rows, method=method, region=region)
            texts = [mean_text(own, f"{INSIDE} {figure.name} {way}") for figure in kind.figures]
            if any(texts):
                body.append([f"{method}, matches {words}", *texts])
    return markdown_table(["", *(each.title for each in kind.figures)], body) if body else ""


STUDY = Study(
    name="heldout",
    title="What of things that no match has shown?",
    question="When no match is from a region of factor space, and unmatched things are from "
    "everywhere, how well are things inside it translated?",
    cells=cells,
    measure=measure,
    summarise=summarise,
    drawings=drawings,
    section=section,
)
