"""`transfer`: does what was learnt through one modality hold through another, or a damaged one?"""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from amodal.evaluation.odd_one_out import CHANCE
from amodal.study.base import Row, Study, Summary, choose
from amodal.study.cells import FULL, REFERENCE, Cell
from amodal.study.choices import SMALL_TO_LARGE, cells_near
from amodal.study.classifying import (
    FUSED,
    MISSING,
    STRENGTHS,
    classifier_settings,
    population_figures,
)
from amodal.study.comparing import (
    RANDOM,
    Space,
    better_by,
    by_matches,
    difference_table,
    draw_shares,
    file_words,
    in_space,
    means,
    method_lines,
    middle,
    modalities,
    one_line,
    ordered_pairs,
    space_words,
    spaces,
)
from amodal.study.downstream import random_encoder
from amodal.study.plots import Drawing, Line, draw_lines, line_of
from amodal.study.settings import StudySettings
from amodal.study.store import RunStore, Trained
from amodal.study.tables import markdown_table, mean_text

KEPT = ("transfer ", "fused accuracy", "alone accuracy", "error ", "alone error")
COMPARED = ("cont", REFERENCE, "tr+cont", "tr+dcy", "tr+dcy+cy", RANDOM)
CORRUPTED = (REFERENCE, "cont", "tr+cont", "tr+dcy+cy", FULL)
"""Methods whose fused states are shown under corruption."""
ALONE, OTHER = "full: corrupted one alone", "full: intact one alone"


def cells(settings: StudySettings) -> list[Cell]:
    """The runs of `downstream`."""
    return cells_near(settings, SMALL_TO_LARGE)


def measure(trained: Trained, settings: StudySettings) -> list[Row]:
    """Accuracy of every classifier on every other modality, and under corruption."""
    seeds = [cell.seed for cell in trained.cells]
    own = classifier_settings(settings)
    found = population_figures(trained.population, trained.things, seeds, own)
    return [_kept(row) for row in found]


def beside(store: RunStore, settings: StudySettings) -> list[Row]:
    """The same of workspaces that were never trained."""
    rows = []
    for cell in {(c.pairing, c.latents): c for c in cells(settings)}.values():
        first = cell.pairing == settings.pairings[0]
        seeds = settings.seeds if first else settings.seeds_elsewhere
        things = store.things.of(cell.pairing, cell.latents)
        own = classifier_settings(settings)
        about = cell.to_json() | {"method": RANDOM, "matches": 0, "variant": ""}
        for seed, row in zip(seeds, random_encoder(cell, things, seeds, own), strict=True):
            rows.append(about | {"seed": seed} | _kept(row))
    return rows


def _kept(row: Row) -> Row:
    same = {f"own {k.removeprefix('accuracy ')}": v for k, v in row.items() if _is_own(k)}
    return same | {k: v for k, v in row.items() if k.startswith(KEPT)}


def _is_own(name: str) -> bool:
    """Overall accuracy on the states that the classifier was trained on."""
    return name.startswith("accuracy ") and "," not in name


def summarise(rows: list[Row], settings: StudySettings) -> Summary:
    """Means of everything, and what the full workspace is better by."""
    figures = list(dict.fromkeys(k for row in rows for k in row if k.startswith((*KEPT, "own "))))
    compared = [figure for figure in figures if figure.startswith("transfer")]
    return {
        "chance": CHANCE,
        "means": means(rows, figures),
        "full_minus_others": [
            each for figure in compared for each in better_by(rows, figure, than=COMPARED)
        ],
    }


def drawings(rows: list[Row], summary: Summary) -> list[Drawing]:
    """Transfer against matches in every space, corruption in those of the first pairing."""
    found = [_transfer_drawing(in_space(rows, space), space) for space in spaces(rows)]
    for space in spaces(rows):
        if space[0] == rows[0]["pairing"]:
            found.append(_accuracy_drawing(in_space(rows, space), space))
            found.append(_error_drawing(in_space(rows, space), space))
    return found


def _transfer_drawing(rows: list[Row], space: Space) -> Drawing:
    pairs = ordered_pairs(space)

    def fill(panels: Sequence[Axes]) -> None:
        for panel, (trained_on, tested_on) in zip(panels, pairs, strict=True):
            draw_shares(
                panel,
                method_lines(rows, f"transfer {trained_on} to {tested_on}"),
                title=f"trained on {trained_on},\ntested on {tested_on}",
                xlabel="matches",
                ylabel="odd one named, share" if panel is panels[0] else "",
                chance=CHANCE,
            )

    return Drawing(
        f"transfer-{file_words(space)}",
        f"Classifiers of one modality's states used on another's without training, "
        f"{space_words(space)}. Bands: 95 % intervals over seeds.",
        fill,
        panels=len(pairs),
    )


def _accuracy_drawing(rows: list[Row], space: Space) -> Drawing:
    names, matches = modalities(space), middle(rows)
    own = choose(rows, matches=matches)

    def fill(panels: Sequence[Axes]) -> None:
        for panel, name in zip(panels, names, strict=True):
            each = _by_strength(own, "fused accuracy, {}", name)
            lines = [one_line(each, "value", method, x="strength") for method in CORRUPTED]
            lines += _alone(own, name, "alone accuracy, {}", "fused accuracy, {}")
            draw_shares(panel, lines, **_words(name, "odd one named, share"), chance=CHANCE)

    return Drawing(
        f"transfer-corrupted-accuracy-{file_words(space)}",
        f"Odd-one-out from fused states while one modality is corrupted, {matches:,} matches, "
        f"{space_words(space)}. Dashed: the full workspace with the corrupted modality alone "
        "(its own classifier), and with the intact one alone (the fused classifier). Bands: 95 % "
        "intervals over seeds.",
        fill,
        panels=len(names),
    )


def _error_drawing(rows: list[Row], space: Space) -> Drawing:
    names, matches = modalities(space), middle(rows)
    own = choose(rows, matches=matches)

    def fill(panels: Sequence[Axes]) -> None:
        for panel, name in zip(panels, names, strict=True):
            figure = f"error {name}, {{}}"
            each = _by_strength(own, figure, name)
            shown = [method for method in CORRUPTED if method != "cont"]
            lines = [one_line(each, "value", m, x="strength", log=True) for m in shown]
            lines += _alone(own, name, f"alone {figure}", figure, log=True)
            draw_lines(panel, lines, **_words(name, f"squared error of {name}"))

    return Drawing(
        f"transfer-corrupted-error-{file_words(space)}",
        f"What fused states say of the corrupted modality: squared error against what it was "
        f"before, {matches:,} matches, {space_words(space)}. Dashed: the full workspace from the "
        "corrupted modality alone, and from the intact one alone (translation). Bands: 95 % "
        "intervals over seeds.",
        fill,
        panels=len(names),
    )


def _by_strength(rows: list[Row], figure: str, name: str) -> list[Row]:
    """A row for each strength of noise, with the figure as its value."""
    return [
        row | {"strength": strength, "value": row.get(figure.format(f"{name} at {strength:g}"))}
        for row in rows
        for strength in STRENGTHS
    ]


def _alone(rows: list[Row], name: str, alone: str, fused: str, *, log: bool = False) -> list[Line]:
    """The full workspace with one modality only: the corrupted one, or the intact ones."""
    full = choose(rows, method=FULL)
    gone = fused.format(f"{name} at {MISSING}")
    level = [row | {"strength": s, "value": row.get(gone)} for row in full for s in STRENGTHS]
    return [
        line_of(
            own,
            "value",
            x="strength",
            label=label,
            colour=colour,
            marker=".",
            log=log,
            dashed=True,
        )
        for own, label, colour in (
            (_by_strength(full, alone, name), ALONE, "#dd8888"),
            (level, OTHER, "#774444"),
        )
    ]


def _words(name: str, ylabel: str) -> dict[str, Any]:
    xlabel = f"noise on {name}, standard deviations"
    return {"title": f"{name} corrupted", "xlabel": xlabel, "ylabel": ylabel, "xscale": "linear"}


def section(rows: list[Row], summary: Summary) -> str:
    """Tables of transfer, and of corruption at the middle number of matches."""
    parts = [
        f"Chance is {CHANCE:.3f}. Means ± half the 95 % interval over seeds. Differences are "
        "paired by seed, with their 95 % interval, † where it leaves out 0.\n"
    ]
    for space in spaces(rows):
        own = in_space(rows, space)
        for trained_on, tested_on in ordered_pairs(space):
            words = f"trained on {trained_on} states, tested on {tested_on} states"
            parts.append(f"**{space_words(space)}: {words}**\n")
            figure = f"transfer {trained_on} to {tested_on}"
            parts.append(by_matches(own, figure))
            if space[0] == rows[0]["pairing"]:
                parts.append(difference_table(summary["full_minus_others"], space, figure))
    for space in spaces(rows):
        if space[0] == rows[0]["pairing"]:
            parts += _corruption_tables(in_space(rows, space), space)
    return "\n".join(parts)


def _corruption_tables(rows: list[Row], space: Space) -> list[str]:
    matches, parts = middle(rows), []
    steps = [*(f"{strength:g}" for strength in STRENGTHS), MISSING]
    for name in modalities(space):
        body = []
        for method in CORRUPTED:
            own = choose(rows, method=method, matches=matches)
            for what in (FUSED, "alone"):
                texts = [mean_text(own, f"{what} accuracy, {name} at {step}") for step in steps]
                if any(texts):
                    words = "fused" if what == FUSED else f"{name} alone"
                    body.append([f"{method}, {words}", *texts])
        words = f"odd one named with noise on {name}, {matches:,} matches"
        parts.append(f"**{space_words(space)}: {words}**\n")
        parts.append(markdown_table(["noise (standard deviations)", *steps], body))
    return parts


STUDY = Study(
    name="transfer",
    title="Does it hold through another modality?",
    question="Does a classifier trained on the states of one modality work on those of another "
    "without training, and on fused states while one modality is corrupted or missing?",
    cells=cells,
    measure=measure,
    summarise=summarise,
    drawings=drawings,
    section=section,
    beside=beside,
)
