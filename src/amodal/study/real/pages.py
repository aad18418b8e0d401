"""Pages of the real sets, as Markdown: one that sums up, one for each set with every figure."""

from collections.abc import Sequence
from pathlib import Path

from amodal.files import atomic_path
from amodal.study.base import Row, choose
from amodal.study.plots import save_drawing
from amodal.study.real.figures import drawing
from amodal.study.real.findings import findings, translation_findings
from amodal.study.real.methods import LINEAR, METHODS, OURS
from amodal.study.real.sets import RealSet
from amodal.study.real.summary import (
    BOTH_WAYS,
    EXPLAINED,
    TITLES,
    Beside,
    beside_each_other,
    known_figures,
    measures_of,
)
from amodal.study.tables import markdown_table, mean_text, number

FOLDER = "real"
PUBLISHED = {
    "recall@10": "R10",
    "recall@1": "R1",
    "foscttm": "FOSCTTM",
    "mean_reciprocal_rank": "MRR",
    "label_transfer": "kNN5_transfer",
    "average_precision": "mAP",
}
"""The names of figures in the JSON beside the data."""


def write_pages(
    docs: Path, sets: Sequence[RealSet], rows: Sequence[Row], commands: Sequence[str]
) -> None:
    """`real.md`, and in the folder `real` a page and a figure for each set that has figures."""
    there = [chosen for chosen in sets if choose(rows, set=chosen.name)]
    _write(docs / f"{FOLDER}.md", summary_page(there, rows, commands))
    for chosen in there:
        figure = drawing(chosen, rows)
        save_drawing(figure, docs / FOLDER)
        (docs / FOLDER / f"{figure.name}.png").unlink()
        picture = f"![{figure.caption}]({figure.name}.svg)\n\n{figure.caption}\n"
        _write(docs / FOLDER / f"{chosen.name}.md", set_page(chosen, rows, picture))


def summary_page(sets: Sequence[RealSet], rows: Sequence[Row], commands: Sequence[str]) -> str:
    """What was found, and for each set its main figure and FOSCTTM beside the best others."""
    beside = [each for s in sets for each in beside_each_other(s, rows, measures_of(s)[0])]
    translated = [each for s in sets for each in _translations(s, rows)]
    others = len({row["method"] for row in rows} - {OURS})
    parts = [
        "# Real latents",
        f"{OURS}'s default fit beside {others} baselines on the same latents and the same matches.",
        "```sh\n" + "\n".join(commands) + "\n```",
        f"Every figure of every seed: [results.csv]({FOLDER}/results.csv). With "
        "`--known results.csv` a study takes from there what it holds of the same tasks and "
        "methods: another method, or more seeds, need no fit of these again.",
        protocol(rows),
        "## What this says",
        "\n".join([*findings(beside), *translation_findings(translated)])
        or "Nothing yet: too few methods were measured.",
    ]
    for chosen in sets:
        parts += [
            f"## {chosen.name}",
            f"{_sentence(chosen)} [All figures]({FOLDER}/{chosen.name}.md).",
        ]
        for measure in (measures_of(chosen)[0], "foscttm"):
            parts.append(beside_table(beside_each_other(chosen, rows, measure)).rstrip())
        parts.append(beside_table(_translations(chosen, rows)).rstrip())
    parts += ["## The methods", methods_list(rows)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _translations(chosen: RealSet, rows: Sequence[Row]) -> list[Beside]:
    """By the variance that they explain; classes that match have no translation to explain."""
    known = EXPLAINED in measures_of(chosen)
    return beside_each_other(chosen, rows, EXPLAINED) if known else []


def seeds_told(rows: Sequence[Row]) -> str:
    """How many seeds, and which; for each share of matches where they differ.

    Example:
        >>> seeds_told([{"share": 0.1, "seed": 0}, {"share": 1.0, "seed": 0}])
        '1 seed (0)'
        >>> seeds_told([{"share": 0.1, "seed": k} for k in (3, 4)] + [{"share": 1, "seed": 3}])
        '0.1 of the matches: 2 seeds (3, 4), 1 of the matches: 1 seed (3)'
    """
    by_share = {
        share: sorted({row["seed"] for row in choose(rows, share=share)})
        for share in sorted({row["share"] for row in rows})
    }
    told = {
        share: f"{len(seeds)} seed{'s' if len(seeds) > 1 else ''} ({', '.join(map(str, seeds))})"
        for share, seeds in by_share.items()
    }
    if len(set(told.values())) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{share:.3g} of the matches: {words}" for share, words in told.items())


def protocol(rows: Sequence[Row]) -> str:
    """How everything was measured, in a paragraph."""
    several = len({row["seed"] for row in rows}) > 1
    intervals = "means ± half the 95 % interval (Student's)" if several else "single runs"
    return (
        f"{seeds_told(rows)}; {intervals}. Each seed draws its own matches and unmatched rows, and "
        "its own test things where a set has no split of its own: 30 % of the things, a gallery of "
        "1,000 at most. 1 %, "
        "10 % or all of the others are matched (5 at least, 3,000 at most); half of the rest give "
        "only their first modality, half only their second, so that no thing is secretly there "
        "twice; a thing that a set lists several times is for testing, matched once, or in one "
        "half. Test rows take no part in any choice; settings are chosen by folds of the matches. "
        "R@10 is the share of queries whose right answer is among the first ten, FOSCTTM the share "
        "of wrong answers that stand before the right one (0 is perfect, 0.5 is chance), R² the "
        "share of the test rows' variance that translations explain, label transfer how often most "
        "of the five nearest rows of the other modality have the query's label, mAP the mean "
        "precision at rows of the query's label. Ties count half. “Best linear” is the best on "
        f"these very test rows of {', '.join(LINEAR)}, so it is favoured; “best other” is the best "
        f"of all but {OURS}."
    )


def beside_table(entries: Sequence[Beside]) -> str:
    """Ours, the best linear map and the best other, a row for each pair and share."""
    if not entries:
        return ""
    title = TITLES[entries[0].measure]
    head = [
        "modalities",
        "matches",
        f"{title}: best linear",
        f"{title}: best other",
        f"{title}: {OURS}",
        f"{OURS} minus best linear",
        "",
    ]
    body = []
    for entry in entries:
        ours = entry.values.get(OURS)
        # A ratio of shares of variance, which may be negative, says nothing.
        over = None if entry.measure == EXPLAINED else entry.over(entry.linear)
        times = "" if over is None else f"{over:.2f}×"
        body.append(
            [
                f"{entry.first} and {entry.second}",
                f"{entry.matches:,}",
                f"{entry.values[entry.linear]} ({entry.linear})" if entry.linear else "",
                f"{entry.values[entry.other]} ({entry.other})" if entry.other else "",
                str(ours) if ours else "",
                str(entry.difference) if entry.difference else "",
                f"{times} {entry.verdict}".strip(),
            ]
        )
    return markdown_table(head, body)


def set_page(chosen: RealSet, rows: Sequence[Row], picture: str) -> str:
    """Every figure of a set, a table for each pair and number of matches."""
    parts = [
        f"# {chosen.name}",
        str(chosen.about.get("pairing", "")),
        picture.rstrip(),
        peers(chosen),
    ]
    for first, second in chosen.pairs:
        own = choose(rows, set=chosen.name, first=first, second=second)
        for share in sorted({row["share"] for row in own}):
            at = choose(own, share=share)
            unmatched = " and ".join(f"{count:,}" for count in at[0]["unmatched"])
            parts += [
                f"## {first} and {second}, {at[0]['matches']:,} matches",
                f"{share:.3g} of the training things; {unmatched} unmatched rows, "
                f"{at[0]['test']:,} test rows. → is {first} to {second}, ← the other way.",
                figures_table(chosen, at, (first, second)).rstrip(),
                known_table(chosen, (first, second), share).rstrip(),
            ]
    licence = chosen.about.get("licence")
    parts.append(f"Licence of the data, in the words of its JSON: {licence}" if licence else "")
    return "\n\n".join(part for part in parts if part) + "\n"


def figures_table(chosen: RealSet, rows: Sequence[Row], pair: tuple[str, str]) -> str:
    """All measures of one task, a row for each method; some of them both ways."""
    columns = []
    for measure in measures_of(chosen):
        if measure in BOTH_WAYS:
            forth, back = f"{pair[0]} to {pair[1]}", f"{pair[1]} to {pair[0]}"
            columns += [
                (f"{TITLES[measure]} →", f"{measure} {forth}"),
                (f"{TITLES[measure]} ←", f"{measure} {back}"),
            ]
        else:
            columns.append((TITLES[measure], measure))
    body = [
        [
            name,
            *(mean_text(choose(rows, method=name), key) for _, key in columns),
            _seconds(rows, name),
        ]
        for name in METHODS
        if choose(rows, method=name)
    ]
    return markdown_table(["method", *(title for title, _ in columns), "seconds"], body)


def known_table(chosen: RealSet, pair: tuple[str, str], share: float) -> str:
    """The figures that came with the data for the same pair and share; empty where none did."""
    known = known_figures(chosen, pair, share)
    measures = [m for m in measures_of(chosen) if m in PUBLISHED]
    if not known:
        return ""
    body = [
        [
            f"{name}, {row['n_pairs']:,} matches",
            *(
                "{} ({})".format(*(number(v) for v in row[PUBLISHED[m]]))
                if PUBLISHED[m] in row
                else ""
                for m in measures
            ),
        ]
        for name, row in known.items()
    ]
    note = (
        "From the set's JSON, means of both ways and deviations; there both modalities of every "
        "unmatched thing were given, and ties counted as hits:"
    )
    return f"{note}\n\n" + markdown_table(
        ["in the set's JSON", *(TITLES[m] for m in measures)], body
    )


def peers(chosen: RealSet) -> str:
    """What others have published on the set, as its JSON says it."""
    lines = [
        f"- {each['metric']}: "
        + ", ".join(f"{name} {value}" for name, value in each["values"].items())
        + f" ({each['cite']})."
        for each in chosen.about.get("published", [])
    ]
    return "Published, in the words of the set's JSON:\n\n" + "\n".join(lines) if lines else ""


def methods_list(rows: Sequence[Row]) -> str:
    """Each method that was measured, in a few words."""
    there = {row["method"] for row in rows}
    return "\n".join(f"- `{m.name}`: {m.title}." for m in METHODS.values() if m.name in there)


def _seconds(rows: Sequence[Row], name: str) -> str:
    return mean_text([{"seconds": r["seconds"]} for r in choose(rows, method=name)][:1], "seconds")


def _sentence(chosen: RealSet) -> str:
    text = str(chosen.about.get("pairing", "")).split(". ")[0].rstrip(".")
    return f"{text}." if text else ""


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8")
