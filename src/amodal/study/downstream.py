"""`downstream`: what are frozen states good for, in a task that they were not made for?"""

from collections.abc import Iterator, Sequence

import torch
from matplotlib.axes import Axes

from amodal.data.kinds import Kind, kind_of
from amodal.evaluation.linear_probes import probe_errors
from amodal.evaluation.odd_one_out import CHANCE, ClassifierSettings, accuracies, fit_classifiers
from amodal.evaluation.task_trained import task_trained_logits
from amodal.study.base import Row, Study, Summary, choose
from amodal.study.cells import FULL, REFERENCE, Cell
from amodal.study.choices import SMALL_TO_LARGE, cells_near
from amodal.study.classifying import (
    FUSED,
    classifier_settings,
    named,
    own_figures,
    pool_latents,
    population_figures,
    task_of,
)
from amodal.study.comparing import (
    NO_ENCODER,
    RANDOM,
    TASK_TRAINED,
    Space,
    better_by,
    by_matches,
    difference_table,
    draw_shares,
    file_words,
    in_space,
    means,
    method_lines,
    methods_of,
    middle,
    modalities,
    one_line,
    space_words,
    spaces,
)
from amodal.study.network import architecture_of
from amodal.study.plots import Drawing
from amodal.study.settings import StudySettings
from amodal.study.store import RunStore, Trained
from amodal.study.tables import markdown_table, mean_text
from amodal.study.things import StudyThings
from amodal.workspace import Population

KEPT = ("accuracy ", "probe ")
TASK_SEEDS = 3
"""Encoders trained on the task are dear, and differ little; those of the first pairing do."""
COMPARED = ("cont", REFERENCE, "tr+cont", "tr+dcy+cy", NO_ENCODER, RANDOM, TASK_TRAINED)

BY_ATTRIBUTE = (REFERENCE, "cont", "tr+cont", FULL, NO_ENCODER, RANDOM, TASK_TRAINED)


def cells(settings: StudySettings) -> list[Cell]:
    """Every method at few, some and many matches."""
    return cells_near(settings, SMALL_TO_LARGE)


def measure(trained: Trained, settings: StudySettings) -> list[Row]:
    """Accuracy of classifiers, and errors of linear probes, on each modality's states."""
    seeds = [cell.seed for cell in trained.cells]
    own = classifier_settings(settings)
    found = population_figures(trained.population, trained.things, seeds, own)
    return [{k: v for k, v in row.items() if k.startswith(KEPT)} for row in found]


def beside(store: RunStore, settings: StudySettings) -> list[Row]:
    """The same without an encoder, with a random one, and with one trained on the task."""
    rows = []
    for cell in {(c.pairing, c.latents): c for c in cells(settings)}.values():
        things = store.things.of(cell.pairing, cell.latents)
        first = cell.pairing == settings.pairings[0]
        seeds = settings.seeds if first else settings.seeds_elsewhere
        own = classifier_settings(settings)
        kinds = [
            (NO_ENCODER, without_encoder(things, seeds, own)),
            (RANDOM, random_encoder(cell, things, seeds, own)),
        ]
        if first:
            few = seeds[:TASK_SEEDS]
            kinds.append((TASK_TRAINED, task_trained(cell, things, few, own)))
        for method, found in kinds:
            rows += list(labelled(cell, method, seeds, found))
    return rows


def labelled(cell: Cell, method: str, seeds: Sequence[int], found: Sequence[Row]) -> Iterator[Row]:
    """Rows that say what they are of, as those of cells do; they need no matches."""
    for seed, row in zip(seeds, found, strict=False):
        about = cell.to_json() | {"method": method, "matches": 0, "seed": seed, "variant": ""}
        yield about | {k: v for k, v in row.items() if k.startswith(KEPT)}


def without_encoder(
    things: StudyThings, seeds: Sequence[int], settings: ClassifierSettings
) -> list[Row]:
    """Classifiers and probes on the latents themselves; "fused" is all of them side by side."""
    latents, task = pool_latents(things), task_of(things)
    found: list[Row] = [{} for _ in seeds]
    for name, rows in (latents | {FUSED: torch.cat(list(latents.values()), 1)}).items():
        given = rows.expand(len(seeds), -1, -1)
        classifiers = fit_classifiers(given, task, seeds=seeds, settings=settings)
        figures = own_figures(name, given, classifiers, task)
        errors = probe_errors(things.kind, rows[None], things.factors[things.pool])[0]
        for run, row in enumerate(found):
            row |= {figure: float(values[run]) for figure, values in figures.items()}
            row |= {f"probe {name}, {figure}": value for figure, value in errors.items()}
    return found


def random_encoder(
    cell: Cell, things: StudyThings, seeds: Sequence[int], settings: ClassifierSettings
) -> list[Row]:
    """Workspaces that were never trained."""
    population = Population.create(architecture_of(cell, things.specs), seeds)
    return population_figures(population, things, seeds, settings)


def task_trained(
    cell: Cell, things: StudyThings, seeds: Sequence[int], settings: ClassifierSettings
) -> list[Row]:
    """The encoder of each modality trained together with its classifier, by the task alone."""
    architecture, task = architecture_of(cell, things.specs), task_of(things)
    found: list[Row] = [{} for _ in seeds]
    for name, rows in pool_latents(things).items():
        logits = task_trained_logits(architecture, name, rows, task, seeds=seeds, settings=settings)
        for figure, values in named(name, accuracies(logits, task)).items():
            for row, value in zip(found, values.tolist(), strict=True):
                row[figure] = value
    return found


def summarise(rows: list[Row], settings: StudySettings) -> Summary:
    """Means of everything, and what the full workspace is better by."""
    figures = list(dict.fromkeys(k for row in rows for k in row if k.startswith(KEPT)))
    overall = [figure for figure in figures if figure.startswith("accuracy") and "," not in figure]
    return {
        "kind": settings.kind.name,
        "chance": CHANCE,
        "means": means(rows, figures),
        "full_minus_others": [
            each for figure in overall for each in better_by(rows, figure, than=COMPARED)
        ],
    }


def drawings(rows: list[Row], summary: Summary) -> list[Drawing]:
    """Accuracy against matches in every space; by attribute in the first."""
    kind = kind_of(summary["kind"])
    found = [_accuracy_drawing(in_space(rows, space), space) for space in spaces(rows)]
    first = spaces(rows)[0]
    return [*found, _attribute_drawing(in_space(rows, first), first, kind)]


def _accuracy_drawing(rows: list[Row], space: Space) -> Drawing:
    shown = [*modalities(space), FUSED]

    def fill(panels: Sequence[Axes]) -> None:
        for panel, name in zip(panels, shown, strict=True):
            draw_shares(
                panel,
                method_lines(rows, f"accuracy {name}"),
                title=f"{name} states",
                xlabel="matches",
                ylabel="odd one named, share" if name == shown[0] else "",
                chance=CHANCE,
            )

    return Drawing(
        f"downstream-accuracy-{file_words(space)}",
        f"Odd-one-out on frozen states, {space_words(space)}: share of test triplets whose odd one "
        "is named, by the modality through which the things are seen. Bands: "
        "95 % intervals over seeds.",
        fill,
        panels=len(shown),
    )


def _attribute_drawing(rows: list[Row], space: Space, kind: Kind) -> Drawing:
    matches, names = middle(rows), modalities(space)
    at = [row for row in rows if row["matches"] in (matches, 0)]

    def fill(panels: Sequence[Axes]) -> None:
        for panel, name in zip(panels, names, strict=True):
            each = [
                row | {"place": place, "value": row.get(f"accuracy {name}, {attribute}")}
                for row in at
                for place, attribute in enumerate(kind.shared_names, start=1)
            ]
            draw_shares(
                panel,
                [one_line(each, "value", method, x="place") for method in BY_ATTRIBUTE],
                title=f"{name} states",
                xlabel="attribute that two of three share",
                ylabel="odd one named, share" if name == names[0] else "",
                xscale="linear",
                chance=CHANCE,
            )
            words = [attribute.replace(" ", "\n") for attribute in kind.shared_names]
            panel.set_xticks(range(1, len(words) + 1), words)

    return Drawing(
        f"downstream-attributes-{file_words(space)}",
        f"The same by the attribute that two of the three share, at {matches:,} matches, "
        f"{space_words(space)}. Bands: 95 % intervals over seeds.",
        fill,
        panels=len(names),
    )


def section(rows: list[Row], summary: Summary) -> str:
    """Tables of accuracy, and of what linear probes read."""
    parts = [
        f"Chance is {CHANCE:.3f}. Means ± half the 95 % interval over seeds; what needs no matches "
        "(no encoder, a random one, one trained on the task) is the same at every number. "
        "Differences are paired by seed, with their 95 % interval, † where it leaves out 0.\n"
    ]
    for space in spaces(rows):
        own = in_space(rows, space)
        for name in (*modalities(space), FUSED):
            parts.append(f"**{space_words(space)}: odd one named, from {name} states**\n")
            parts.append(by_matches(own, f"accuracy {name}"))
            if space[0] == rows[0]["pairing"]:
                found = summary["full_minus_others"]
                parts.append(difference_table(found, space, f"accuracy {name}"))
    space = spaces(rows)[0]
    for name in modalities(space):
        matches = middle(in_space(rows, space))
        parts.append(f"**Linear probes of {name} states at {matches:,} matches**\n")
        parts.append(_probe_table(in_space(rows, space), name, matches, kind_of(summary["kind"])))
    return "\n".join(parts)


def _probe_table(rows: list[Row], name: str, matches: int, kind: Kind) -> str:
    body = []
    for method in methods_of(rows):
        own = [r for r in choose(rows, method=method) if r["matches"] in (matches, 0)]
        texts = [mean_text(own, f"probe {name}, {figure.name}") for figure in kind.figures]
        if any(texts):
            body.append([method, *texts])
    return markdown_table(["", *(figure.title for figure in kind.figures)], body)


STUDY = Study(
    name="downstream",
    title="What are the states good for?",
    question="How well does a small classifier name the odd one of three things from frozen "
    "workspace states, and what can a linear map read from them?",
    cells=cells,
    measure=measure,
    summarise=summarise,
    drawings=drawings,
    section=section,
    beside=beside,
)
