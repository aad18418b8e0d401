"""The same studies on several kinds of data, side by side: what changes with complexity."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from amodal.errors import InputError, NotFoundError
from amodal.files import read_json
from amodal.study.base import Summary, choose, find_study
from amodal.study.cells import FULL, REFERENCE
from amodal.study.comparing import space_words
from amodal.study.measures import ERROR
from amodal.study.plots import MORE_COLOURS, Drawing, plain_ticks
from amodal.study.saving import factor_line
from amodal.study.settings import StudySettings
from amodal.study.studies import STUDIES
from amodal.study.tables import markdown_table, number

Figures = Iterator[tuple[str, str, str]]
"""(heading of a table, line in it, the figure as text)."""


def side_by_side(folders: Sequence[Path]) -> str:
    """Tables of what the full workspace reaches in each folder, where all of them have it.

    Args:
        folders: of finished studies, two or more, each of a kind of data of its own.

    Returns:
        Markdown: what each folder holds, then a table for each measure, a column a folder.

    Raises:
        NotFoundError: a folder holds no finished study.
        InputError: two folders hold the same kind of data, or nothing can be compared.
    """
    settings = [settings_of(folder) for folder in folders]
    titles = [each.kind.title for each in settings]
    if len(set(titles)) < len(titles):
        raise InputError(
            f"--beside compares kinds of data, and two of these folders hold {titles[-1]}: "
            f"{', '.join(map(str, folders))}"
        )
    lines = [
        f"- {title}: {len(each.seeds)} seeds, {min(each.matches):,} to {max(each.matches):,} "
        f"matches{f', of {each.data}' if each.data else ''}."
        for title, each in zip(titles, settings, strict=True)
    ]
    tables = [_tables(study, folders, titles) for study in COMPARED]
    found = [table for table in tables if table]
    if not found:
        raise InputError(
            f"{' and '.join(map(str, folders))} share no study with equal numbers of matches: run "
            f"one of {', '.join(COMPARED)} with the same --matches in both"
        )
    return "\n".join(lines) + "\n\n" + "\n".join(found)


def drawing(folders: Sequence[Path]) -> Drawing | None:
    """The saving factors of all folders, a panel a pairing; None where one has no `saving`."""
    places = [folder / "saving" / "summary.json" for folder in folders]
    if not all(place.exists() for place in places):
        return None
    titles = [settings_of(folder).kind.title for folder in folders]
    factors = [_reference_factors(read_json(place)) for place in places]
    shown = [space for space in factors[0] if all(space in own for own in factors)]
    if not shown:
        return None

    def fill(panels: Sequence[Axes]) -> None:
        for panel, space in zip(panels, shown, strict=True):
            for own, title, colour in zip(factors, titles, MORE_COLOURS, strict=False):
                factor_line(panel, own[space], title, colour=colour)
            panel.axhline(1, color="#888888", lw=0.8)
            panel.set(
                title=space_words(space).replace(", ", "\n"),
                xlabel=f"matches that {REFERENCE} needs\nfor the same loss",
                ylabel="times fewer matches" if panel is panels[0] else "",
                xscale="log",
                yscale="log",
            )
            plain_ticks(panel)

    return Drawing(
        name="side-by-side",
        caption=f"The saving factor of {FULL} against {REFERENCE} (translation loss) on "
        f"{' and '.join(titles)}. Triangles are bounds; bars: 95 % bootstrap intervals over seeds.",
        fill=fill,
        panels=len(shown),
        height=3.6,
        width=3.0,
    )


def _reference_factors(summary: Summary) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Space -> the full workspace's factors against the reference, of which one is known."""
    found = {}
    for space in summary["spaces"]:
        own = choose(space["factors"], figure=ERROR, method=FULL, against=REFERENCE)
        if any(factor["sign"] != "?" for factor in own):
            found[space["pairing"], space["latents"]] = own
    return found


def settings_of(folder: Path) -> StudySettings:
    """The settings of the studies in a folder.

    Raises:
        NotFoundError: there are none.
    """
    for name in STUDIES:
        if (folder / name / "config.json").exists():
            return StudySettings.from_json(read_json(folder / name / "config.json")["settings"])
    raise NotFoundError(
        f"{folder} holds no finished study: give the --out of another `amodal study`"
    )


def _tables(study: str, folders: Sequence[Path], titles: Sequence[str]) -> str:
    """The tables of one study, if every folder holds it."""
    places = [folder / study / "summary.json" for folder in folders]
    if not all(place.exists() for place in places):
        return ""
    columns = [{(h, line): text for h, line, text in COMPARED[study](read_json(p))} for p in places]
    shared = [key for key in columns[0] if all(key in column for column in columns)]
    parts = [f"**{find_study(study, STUDIES).title}**\n"] if shared else []
    for heading in dict.fromkeys(heading for heading, _ in shared):
        body = [
            [line, *(column[heading, line] for column in columns)]
            for own, line in shared
            if own == heading
        ]
        parts.append(markdown_table([heading, *titles], body))
    return "\n".join(parts)


def _savings(summary: Summary) -> Figures:
    for space in summary["spaces"]:
        for factor in choose(space["factors"], figure=ERROR, method=FULL):
            heading = f"times fewer matches than {factor['against']}, for the same translation loss"
            words = space_words((space["pairing"], space["latents"]))
            yield heading, f"{words}: that of {factor['at']:,}", factor["text"]


def _means(chosen: Callable[[str], bool]) -> Callable[[Summary], Figures]:
    """The full workspace's means of some figures."""

    def of(summary: Summary) -> Figures:
        for row in choose(summary["means"], method=FULL, region=False):
            if chosen(row["figure"]):
                words = space_words((row["pairing"], row["latents"]))
                yield row["figure"], f"{words}: {row['matches']:,} matches", _with_interval(row)

    return of


def _with_interval(row: dict[str, Any]) -> str:
    if row["low"] is None:
        return number(row["mean"])
    return f"{number(row['mean'])} ± {number((row['high'] - row['low']) / 2, digits=2)}"


COMPARED: dict[str, Callable[[Summary], Figures]] = {
    "saving": _savings,
    "downstream": _means(lambda figure: figure.startswith("accuracy") and "," not in figure),
    "transfer": _means(lambda figure: figure.startswith("transfer")),
    "retrieval": _means(lambda figure: figure.startswith("recall@1 ") and figure.endswith(" 1000")),
}
"""Study -> what of its summary is compared."""
