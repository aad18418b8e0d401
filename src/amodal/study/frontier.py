"""`frontier`: how few matches does Amodal's default need?"""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from amodal.data.figures import Figure
from amodal.data.kinds import Kind, kind_of
from amodal.study.base import Row, Study, Summary, choose, present
from amodal.study.cells import REFERENCE, Cell, grid, unique
from amodal.study.comparing import space_words, spaces
from amodal.study.factor import Curve, times_as_many
from amodal.study.measures import ERROR, TITLES, saving_rows
from amodal.study.pairs_only import (
    BEST,
    MODELS,
    MOST_KERNEL,
    TREES,
    best_rows,
    fitted_rows,
    networks,
)
from amodal.study.plots import Drawing, Line, draw_lines, line_of, plain_ticks
from amodal.study.preset_fits import DEFAULT, ENSEMBLE, preset_rows
from amodal.study.saving import factor_line, space_title
from amodal.study.settings import StudySettings
from amodal.study.store import RunStore
from amodal.study.tables import markdown_table, mean_text, number

MOST = 5000
"""Matches up to which the default is fitted: beyond, every method is good."""
MOST_ENSEMBLE = 200
"""Matches up to which an ensemble of networks takes part: beyond, its fits are the slowest of the
study, and the single networks stand for it."""
FEWEST = 10
READ_BACK = 1.5
"""What is drawn and read again may be so many times as far off as what is read at once."""
Space = tuple[str, str]


def cells(settings: StudySettings) -> list[Cell]:
    """Translation alone, at every number of matches, and the tuned networks beside it."""
    own = _grid(settings, most=max(settings.matches))
    return unique(networks([*own, *_elsewhere(settings, most=max(settings.matches))]))


def _grid(settings: StudySettings, *, most: int) -> list[Cell]:
    """The first pairing with every image model; a few matches more than other studies have."""
    fewest = () if settings.budget == "smoke" else (FEWEST,)
    numbers = [n for n in sorted({*fewest, *settings.matches}) if n <= most]
    return grid(
        pairing=settings.pairings[0],
        latents=settings.latents,
        method=REFERENCE,
        matches=numbers,
        seed=settings.seeds,
    )


def _elsewhere(settings: StudySettings, *, most: int) -> list[Cell]:
    return grid(
        pairing=settings.pairings[1:2],
        latents="default",
        method=REFERENCE,
        matches=[n for n in settings.matches_elsewhere if n <= most],
        seed=settings.seeds_elsewhere,
    )


def beside(store: RunStore, settings: StudySettings) -> list[Row]:
    """The default's own fits, and closed forms and trees on the same matches."""
    own = [*_grid(settings, most=MOST), *_elsewhere(settings, most=MOST)]
    wanted = [
        (name, cell)
        for cell in own
        for name in MODELS
        if (name == "ridge")
        or (name == "kernel ridge" and cell.matches <= MOST_KERNEL)
        or (name == "boosted trees" and cell.matches >= TREES[0] and "text" not in cell.pairing)
    ]
    return [
        *preset_rows(store, settings, own),
        *preset_rows(
            store, settings, [c for c in own if c.matches <= MOST_ENSEMBLE], name=ENSEMBLE
        ),
        *fitted_rows(store, settings, wanted),
    ]


def summarise(rows: list[Row], settings: StudySettings) -> Summary:
    """Factors against translation alone and the best of matches alone, and from how many matches
    on people can read the answers."""
    found: Summary = {"kind": settings.kind.name, "spaces": [], "readable": []}
    for space in spaces(rows):
        own = choose(rows, pairing=space[0], latents=space[1])
        references = {
            REFERENCE: choose(own, method=REFERENCE, variant=""),
            BEST: best_rows(own),
        }
        factors = [
            factor
            for against, reference in references.items()
            for factor in _factors(choose(own, method=DEFAULT), reference, against)
        ]
        about = {"pairing": space[0], "latents": space[1]}
        found["spaces"].append(about | {"factors": factors})
        for method in (DEFAULT, REFERENCE):
            chosen = choose(own, method=method, variant="")
            for way in _ways(space):
                fewest = readable_from(chosen, way, settings.kind)
                tried = max(present(chosen, "matches"))
                found["readable"].append(
                    about | {"method": method, "way": way, "from": fewest, "tried": tried}
                )
    return found


def _factors(own: list[Row], reference: list[Row], against: str) -> list[dict[str, Any]]:
    """At the loss that the default reaches with each number of matches: how many times more the
    reference needs."""
    curve, other = Curve.of(own, ERROR), Curve.of(reference, ERROR)
    found = []
    for matches in present(own, "matches"):
        factor = times_as_many(other, curve, matches)
        about = {"figure": ERROR, "against": against, "method": DEFAULT, "at": matches}
        found.append(about | factor.to_json() | {"text": str(factor)})
    return found


def _ways(space: Space) -> list[str]:
    names = space[0].split("-")
    if "attributes" not in names or "image" not in names:
        return []
    return ["image to attributes", "attributes to image"]


def readable_from(rows: list[Row], way: str, kind: Kind) -> int | None:
    """The fewest matches from which on every seed's answers can be read, by all figures with a bar.

    Returns:
        None where that is never so.
    """
    times = 1.0 if way.endswith("to attributes") else READ_BACK
    fewest = None
    for matches in sorted(present(rows, "matches"), reverse=True):
        if not all(_is_read(row, way, kind, times) for row in choose(rows, matches=matches)):
            break
        fewest = matches
    return fewest


def _is_read(row: Row, way: str, kind: Kind, times: float) -> bool:
    values = [(figure, row.get(f"{figure.name} {way}")) for figure in barred(kind)]
    return all(
        value is not None and figure.readable(value, times=times) for figure, value in values
    )


def barred(kind: Kind) -> list[Figure]:
    """The figures that say from where on people can read."""
    return [figure for figure in kind.figures if figure.bar is not None]


def drawings(rows: list[Row], summary: Summary) -> list[Drawing]:
    """Losses and factors in every space; what people can read in the first."""
    kind = kind_of(summary["kind"])
    found = [_loss_drawing(rows), _factor_drawing(summary)]
    return found + [
        _readable_drawing(rows, space, way, kind) for space in spaces(rows) for way in _ways(space)
    ]


def _lines(own: list[Row], value: str, *, log: bool = True, best: bool = True) -> list[Line]:
    """Curves of the default, of translation alone and, where all of its models were measured by
    the figure, of the best of matches alone."""
    lines = [
        line_of(choose(own, method=DEFAULT), value, label=DEFAULT, colour="#cc3344", log=log),
        line_of(choose(own, method=REFERENCE, variant=""), value, label=REFERENCE, log=log),
    ]
    if best:
        known = best_rows(own)
        lines.append(
            line_of(known, value, label=BEST, colour="#5555aa", marker="d", dashed=True, log=log)
        )
    return [line for line in lines if line.x]


def _loss_drawing(rows: list[Row]) -> Drawing:
    def fill(panels: Sequence[Axes]) -> None:
        for panel, space in zip(panels, spaces(rows), strict=True):
            draw_lines(
                panel,
                _lines(choose(rows, pairing=space[0], latents=space[1]), ERROR),
                title=space_title(*space),
                xlabel="matches given",
                ylabel=TITLES[ERROR] if panel is panels[0] else "",
            )

    return Drawing(
        name="frontier-loss",
        caption=f"{TITLES[ERROR].capitalize()} on held-out things against the number of matches. "
        "Geometric means over seeds, bands: 95 % intervals; both axes logarithmic.",
        fill=fill,
        panels=len(spaces(rows)),
    )


def _factor_drawing(summary: Summary) -> Drawing:
    def fill(panels: Sequence[Axes]) -> None:
        for panel, space in zip(panels, summary["spaces"], strict=True):
            for against, colour in ((REFERENCE, "#222222"), (BEST, "#5555aa")):
                own = choose(space["factors"], against=against)
                factor_line(panel, own, f"against {against}", colour=colour)
            panel.axhline(1, color="#888888", lw=0.8)
            panel.set(
                title=space_title(space["pairing"], space["latents"]),
                xlabel=f"matches that {DEFAULT} is given",
                ylabel="times more that the other needs" if panel is panels[0] else "",
                xscale="log",
                yscale="log",
            )
            plain_ticks(panel)

    return Drawing(
        name="frontier-factor",
        caption="How many times as many matches translation alone, and the best of matches alone, "
        "need for the same translation loss. Triangles are bounds: the other curve does not come "
        "so far, or begins lower. Bars: 95 % bootstrap intervals over seeds.",
        fill=fill,
        panels=len(summary["spaces"]),
    )


def _readable_drawing(rows: list[Row], space: Space, way: str, kind: Kind) -> Drawing:
    figures = barred(kind)

    def fill(panels: Sequence[Axes]) -> None:
        own = choose(rows, pairing=space[0], latents=space[1])
        for panel, figure in zip(panels, figures, strict=True):
            share = figure.is_share
            draw_lines(
                panel,
                _lines(own, f"{figure.name} {way}", log=not share, best=way.endswith("attributes")),
                title=figure.title,
                xlabel="matches given",
                ylabel="",
                yscale="linear" if share else "log",
            )
            bar = _bar(figure, way)
            if bar is not None:
                panel.axhline(bar, color="#888888", lw=0.8, ls=":", label="readable")

    return Drawing(
        name=f"frontier-readable-{space[1]}-{way.replace(' ', '-')}",
        caption=f"What people can read, {way}, {space_words(space)}. Dotted: the bar. Means over "
        "seeds, bands: 95 % intervals.",
        fill=fill,
        panels=len(figures),
        width=2.9,
    )


def _bar(figure: Figure, way: str) -> float | None:
    if figure.bar is None:
        return None
    times = 1.0 if way.endswith("to attributes") else READ_BACK
    return 1 - times * (1 - figure.bar) if figure.is_share else times * figure.bar


def section(rows: list[Row], summary: Summary) -> str:
    """What is readable from how many matches; factors and losses of every space as tables."""
    parts = ["\n".join(_findings(summary)) + "\n"]
    parts.append(
        f"{DEFAULT} is the default fit: ridge start, 3 members, 4 folds of the matches given; "
        "beside them kernel ridge, an alignment by transport and a self-trained workspace. "
        f"{BEST} are ridge, kernel ridge up to {MOST_KERNEL:,} matches, boosted trees from "
        f"{TREES[0]} on (without sentences), single networks (the study's and wide ones) tuned on "
        f"a fifth of the matches, and, up to {MOST_ENSEMBLE} matches, an ensemble of as many "
        "networks, folds and steps as the default has, of three settings the best; held-out "
        "matches choose. "
        "Means ± half the 95 % interval; factors with their 95 % bootstrap interval over seeds.\n"
    )
    for space in summary["spaces"]:
        own = choose(rows, pairing=space["pairing"], latents=space["latents"])
        best = best_rows(own)
        head = [
            "matches given",
            *(f"loss: {name}" for name in (DEFAULT, REFERENCE, BEST)),
            f"times as many for {REFERENCE}",
            f"times as many for {BEST}",
        ]
        body = []
        for matches in present(choose(own, method=DEFAULT), "matches"):
            factors = [
                choose(space["factors"], at=matches, against=against)[0]["text"]
                for against in (REFERENCE, BEST)
            ]
            losses = [
                mean_text(choose(chosen, matches=matches), ERROR)
                for chosen in (
                    choose(own, method=DEFAULT),
                    choose(own, method=REFERENCE, variant=""),
                    best,
                )
            ]
            body.append([f"{matches:,}", *losses, *factors])
        parts.append(f"**{space_words((space['pairing'], space['latents']))}**\n")
        parts.append(markdown_table(head, body))
    return "\n".join(parts)


def _findings(summary: Summary) -> list[str]:
    """From how many matches on people can read both ways, and how many times more others need."""
    lines = []
    for space in summary["spaces"]:
        about = {"pairing": space["pairing"], "latents": space["latents"]}
        words = space_words((space["pairing"], space["latents"]))
        for way in dict.fromkeys(each["way"] for each in choose(summary["readable"], **about)):
            told = [
                f"{each['method']} {_from_text(each)}"
                for each in choose(summary["readable"], way=way, **about)
            ]
            lines.append(f"- {words}, {way}: readable at every seed: {'; '.join(told)}.")
        for against in (REFERENCE, BEST):
            known = [f for f in choose(space["factors"], against=against) if f["sign"] != "?"]
            if known:
                texts = [f"{f['text']} with {f['at']:,}" for f in known]
                lines.append(f"- {words}: {against} needs so many times more: {', '.join(texts)}.")
    return lines


def _from_text(found: dict[str, Any]) -> str:
    if found["from"] is None:
        return f"not with {number(found['tried'], digits=6)} matches"
    return f"from {number(found['from'], digits=6)} matches on"


STUDY = Study(
    name="frontier",
    title="How few matches?",
    question="How many matches does Amodal's default need for answers that people can read, and "
    "how many times more do translation alone and the best of matches alone need for its loss?",
    cells=cells,
    measure=saving_rows,
    summarise=summarise,
    drawings=drawings,
    section=section,
    beside=beside,
    beside_is_kept=True,
)
