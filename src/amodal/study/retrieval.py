"""`retrieval`: is the same thing found by its state in another modality?"""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes

from amodal.evaluation.of_population import states
from amodal.evaluation.retrieval import RECALLS
from amodal.evaluation.retrieval_of_population import chance, population_retrieval
from amodal.model.inference import translate_members
from amodal.study.base import Row, Study, Summary, choose, present
from amodal.study.cells import FULL, REFERENCE, Cell
from amodal.study.choices import cells_near
from amodal.study.classifying import pool_latents
from amodal.study.comparing import (
    Space,
    better_by,
    by_matches,
    draw_shares,
    file_words,
    in_space,
    means,
    method_lines,
    methods_of,
    middle,
    one_line,
    ordered_pairs,
    space_words,
    spaces,
)
from amodal.study.plots import Drawing, draw_lines
from amodal.study.settings import StudySettings
from amodal.study.store import Trained
from amodal.study.tables import markdown_table, mean_text, number
from amodal.study.things import StudyThings
from amodal.workspace import Population

POOLS = (100, 1000, 10_000)
MATCHES = (20, 100, 500, 2000, 10_000)
QUERIES = 1000
"""Of each run, direction and pool size; over five seeds recall is known to a hundredth."""
FIGURES = (*(f"recall@{k}" for k in RECALLS), "median_rank", "foscttm")
BY_TRANSLATION = "translated "
"""Before the figures of ranking by the cosine between a translation and the other's latents."""
LEAST = 1e-5
"""Where a logarithmic axis of FOSCTTM ends: below it the queries are too few to tell."""
COMPARED = ("cont", REFERENCE, "tr+cont", "tr+dcy", "tr+dcy+cy")


def cells(settings: StudySettings) -> list[Cell]:
    """Every method at five numbers of matches."""
    return cells_near(settings, MATCHES)


def measure(trained: Trained, settings: StudySettings) -> list[Row]:
    """Both ways of every two modalities, in pools of every size."""
    found = retrieval_rows(trained.population, trained.things)
    return [
        # Decoders that nothing has trained translate nothing.
        {k: v for k, v in row.items() if cell.method != "cont" or not k.startswith(BY_TRANSLATION)}
        for cell, row in zip(trained.cells, found, strict=True)
    ]


def retrieval_rows(population: Population, things: StudyThings) -> list[Row]:
    """For each run "recall@1 A to B among 100" and so on, by states; and, in the middle pool,
    "translated recall@1 A to B among 1000", by translations."""
    latents = pool_latents(things)
    sizes = sizes_for(len(things.pool))
    of = {name: states(population, {name: rows}) for name, rows in latents.items()}
    found: list[Row] = [{} for _ in range(len(population))]
    for source, target in ordered_pairs(("-".join(things.names), "")):
        _add(found, "", of[source], of[target], sizes, f"{source} to {target}")
        there = translate_members(population, latents[source], source, target)
        known = latents[target].expand(len(population), -1, -1)
        words = f"{source} to {target}"
        _add(found, BY_TRANSLATION, there, known, [sizes[len(sizes) // 2]], words)
    return found


def sizes_for(things: int) -> list[int]:
    """Pool sizes that so many things allow.

    Example:
        >>> sizes_for(2000), sizes_for(60)
        ([100, 1000], [60])
    """
    return [size for size in POOLS if size <= things] or [things]


def _add(
    rows: list[Row],
    how: str,
    queries: torch.Tensor,
    catalogue: torch.Tensor,
    sizes: Sequence[int],
    words: str,
) -> None:
    ranked = population_retrieval(queries, catalogue, pools=sizes, most=QUERIES)
    for size, figures in ranked.items():
        for name, values in figures.items():
            for row, value in zip(rows, values.tolist(), strict=True):
                row[f"{how}{name} {words} among {size}"] = value


def summarise(rows: list[Row], settings: StudySettings) -> Summary:
    """Means of everything, chance, and what the full workspace is better by in the middle pool."""
    figures = list(dict.fromkeys(k for row in rows for k in row if " among " in k))
    pools = _pools(rows)
    compared = [f for f in figures if "recall@1 " in f and f.endswith(f"among {_main(pools)}")]
    return {
        "chance": {str(size): chance(size) for size in pools},
        "means": means(rows, figures),
        "full_minus_others": [
            each for figure in compared for each in better_by(rows, figure, than=COMPARED)
        ],
    }


def _pools(rows: Sequence[Row]) -> list[int]:
    found = {int(name.rsplit(" ", 1)[1]) for row in rows for name in row if " among " in name}
    return sorted(found)


def _main(pools: Sequence[int]) -> int:
    """The pool size that is shown where one must do."""
    return pools[len(pools) // 2]


def drawings(rows: list[Row], summary: Summary) -> list[Drawing]:
    """Recall and FOSCTTM against matches; in the spaces of the first pairing recall against the
    size of the pool too."""
    found = []
    for space in spaces(rows):
        own = in_space(rows, space)
        found.append(_recall_drawing(own, space))
        if space[0] == rows[0]["pairing"]:
            found += [_foscttm_drawing(own, space), _pool_drawing(own, space)]
    return found


def _recall_drawing(rows: list[Row], space: Space) -> Drawing:
    size, pairs = _main(_pools(rows)), ordered_pairs(space)

    def fill(panels: Sequence[Axes]) -> None:
        for panel, (source, target) in zip(panels, pairs, strict=True):
            draw_shares(
                panel,
                method_lines(rows, f"recall@1 {source} to {target} among {size}"),
                title=f"{source} to {target}",
                xlabel="matches",
                ylabel="first answer is right, share" if panel is panels[0] else "",
                chance=chance(size)["recall@1"],
            )

    return Drawing(
        f"retrieval-recall-at-1-{file_words(space)}",
        f"Retrieval by the cosine of states in pools of {size:,}, {space_words(space)}: share of "
        "queries whose first answer is right. Bands: 95 % intervals over seeds.",
        fill,
        panels=len(pairs),
    )


def _foscttm_drawing(rows: list[Row], space: Space) -> Drawing:
    size, pairs = _main(_pools(rows)), ordered_pairs(space)
    names = {pair: f"foscttm {pair[0]} to {pair[1]} among {size}" for pair in pairs}
    raised = [
        row | {name: max(row[name], LEAST) for name in names.values() if name in row}
        for row in rows
    ]

    def fill(panels: Sequence[Axes]) -> None:
        for panel, (pair, name) in zip(panels, names.items(), strict=True):
            draw_lines(
                panel,
                method_lines(raised, name, log=True),
                title=" to ".join(pair),
                xlabel="matches",
                ylabel="share of wrong things that are closer" if panel is panels[0] else "",
            )
            panel.axhline(0.5, color="#888888", lw=0.8, ls=":", label="chance")

    return Drawing(
        f"retrieval-foscttm-{file_words(space)}",
        f"FOSCTTM by the cosine of states in pools of {size:,}, {space_words(space)}: the share of "
        f"wrong things closer than the right one. Less than {LEAST:g} is drawn as {LEAST:g}. "
        "Bands: 95 % intervals over seeds.",
        fill,
        panels=len(pairs),
    )


def _pool_drawing(rows: list[Row], space: Space) -> Drawing:
    pools, pairs, matches = _pools(rows), ordered_pairs(space), middle(rows)
    own = choose(rows, matches=matches)

    def fill(panels: Sequence[Axes]) -> None:
        for panel, (source, target) in zip(panels, pairs, strict=True):
            each = [
                row
                | {"pool": size, "value": row.get(f"recall@10 {source} to {target} among {size}")}
                for row in own
                for size in pools
            ]
            draw_shares(
                panel,
                [one_line(each, "value", method, x="pool") for method in methods_of(own)],
                title=f"{source} to {target}",
                xlabel="things in the pool",
                ylabel="right one among the first ten, share" if panel is panels[0] else "",
                chance=chance(pools[-1])["recall@10"],
            )

    return Drawing(
        f"retrieval-pools-{file_words(space)}",
        f"Recall at 10 against the size of the pool, {matches:,} matches, {space_words(space)}. "
        "Bands: 95 % intervals over seeds.",
        fill,
        panels=len(pairs),
    )


def section(rows: list[Row], summary: Summary) -> str:
    """Recall at 1 against matches, by states and by translations; every figure at one number."""
    size = _main(_pools(rows))
    parts = [
        "Means ± half the 95 % interval over seeds. By states: cosine between the two states. By "
        "translations: cosine between the translation and the other modality's latents.\n"
    ]
    for space in spaces(rows):
        own = in_space(rows, space)
        for source, target in ordered_pairs(space):
            for how, name in (("", "states"), (BY_TRANSLATION, "translations")):
                words = f"{source} to {target} by {name}, recall at 1 among {size:,}"
                parts.append(f"**{space_words(space)}: {words}**\n")
                parts.append(by_matches(own, f"{how}recall@1 {source} to {target} among {size}"))
        if space[0] == rows[0]["pairing"]:
            parts += _full_tables(own, space)
    return "\n".join(parts)


def _full_tables(rows: list[Row], space: Space) -> list[str]:
    """Every figure and pool at the middle number of matches, the mean of both ways."""
    matches, parts = middle(rows), []
    own = [_both_ways(row, space) for row in choose(rows, matches=matches)]
    for size in _pools(rows):
        guess = chance(size)
        body = [["chance", *(number(guess[figure]) for figure in FIGURES)]]
        for method in present(own, "method"):
            chosen = choose(own, method=method)
            body.append([method, *(mean_text(chosen, f"{f} among {size}") for f in FIGURES)])
        words = f"mean of both ways by states, {matches:,} matches, among {size:,}"
        parts.append(f"**{space_words(space)}: {words}**\n")
        parts.append(markdown_table(["", *FIGURES], body))
    return parts


def _both_ways(row: Row, space: Space) -> Row:
    pairs = ordered_pairs(space)
    result: Row = {"method": row["method"]}
    for size in _pools([row]):
        for figure in FIGURES:
            values = [row.get(f"{figure} {a} to {b} among {size}") for a, b in pairs]
            known = [value for value in values if value is not None]
            if known:
                result[f"{figure} among {size}"] = sum(known) / len(known)
    return result


STUDY = Study(
    name="retrieval",
    title="Is the same thing found?",
    question="Among 100, 1,000 and (where there are so many) 10,000 things of another modality, "
    f"where does the same thing stand when all are ranked by their states, with {FULL} "
    "and with each part left out?",
    cells=cells,
    measure=measure,
    summarise=summarise,
    drawings=drawings,
    section=section,
)
