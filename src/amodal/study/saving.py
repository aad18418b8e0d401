"""`saving`: how many times fewer matches are needed for the same loss?"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from matplotlib.axes import Axes

from amodal.data.kinds import Kind, kind_of
from amodal.study.base import Row, Study, Summary, choose, present
from amodal.study.cells import FULL, METHODS, REFERENCE, Cell, grid, unique
from amodal.study.factor import Curve, saving_factor
from amodal.study.measures import (
    CONTRAST,
    DRAWN,
    DRAWN_METHODS,
    ERROR,
    LOSS,
    TITLES,
    saving_rows,
)
from amodal.study.pairs_only import BEST, MODELS, best_rows, network_cells, pairs_only_rows
from amodal.study.plots import MORE_COLOURS, Drawing, Line, draw_lines, line_of, plain_ticks
from amodal.study.settings import StudySettings
from amodal.study.store import RunStore
from amodal.study.tables import LATENT_TITLES, markdown_table, number

WITHOUT_MATCHES = "dcy+cy"
"""Learns from no match: a few numbers of them, by which it is only judged, are enough."""
CLIP = "cont"
"""What contrastive losses are compared with: without that loss the states of two modalities need
not be alike at all."""
LEVELS = (20, 50, 100, 200, 500, 1000, 3000, 10_000, 100_000)
"""Levels of loss are those that the reference reaches with so many matches; where none of these
was tried, with as many as were."""
LEAST_DRAWN = 0.15
"""Factors below are bounds that say no more than that a method never gets there."""


def core_cells(settings: StudySettings) -> list[Cell]:
    """The runs that most studies look at: every method, number of matches and seed."""
    cells: list[Cell] = []
    for place, pairing in enumerate(settings.pairings):
        first = place == 0
        images = settings.latents if first and "image" in pairing else ("default",)
        methods = settings.methods if first else settings.methods_elsewhere
        numbers = settings.matches if first else settings.matches_elsewhere
        for method in methods:
            few = method == WITHOUT_MATCHES and first
            cells += grid(
                pairing=pairing,
                latents=images,
                method=method,
                matches=settings.spread(3) if few else numbers,
                seed=settings.seeds if first else settings.seeds_elsewhere,
            )
    return cells


def cells(settings: StudySettings) -> list[Cell]:
    """All of them, and the tuned networks that learn from matches alone."""
    return unique(core_cells(settings) + network_cells(settings))


def beside(store: RunStore, settings: StudySettings) -> list[Row]:
    """Closed-form models and trees on the same matches."""
    return pairs_only_rows(store, settings)


def summarise(rows: list[Row], settings: StudySettings) -> Summary:
    """Factors of every method at several levels, against the reference and against the best of
    matches alone."""
    summary: Summary = {
        "kind": settings.kind.name,
        "reference": REFERENCE,
        "full": FULL,
        "spaces": [],
    }
    for pairing, latents in _spaces(rows):
        own = choose(rows, pairing=pairing, latents=latents)
        plain = choose(own, variant="")
        found: dict[str, Any] = {"pairing": pairing, "latents": latents, "factors": []}
        for value, against in ((ERROR, REFERENCE), (LOSS, REFERENCE), (CONTRAST, CLIP)):
            if rows_of_reference := choose(plain, method=against):
                found["factors"] += _factors(plain, value, against, rows_of_reference)
        if any(row["method"] in MODELS for row in own):
            best = best_rows(own)
            found["factors"] += _factors(plain, ERROR, BEST, best)
            found["winners"] = [
                {key: row[key] for key in ("matches", "seed", "winner", ERROR)} for row in best
            ]
        summary["spaces"].append(found)
    return summary


def _spaces(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row["pairing"], row["latents"]) for row in rows))


def _factors(
    rows: list[Row], value: str, against: str, reference_rows: list[Row]
) -> list[dict[str, Any]]:
    """Every method's factor at the losses that a reference reaches with so many matches."""
    reference = Curve.of(reference_rows, value)
    tried = reference.matches[1:].astype(int).tolist()  # at the first nothing is known of fewer
    levels = [n for n in LEVELS if n in tried] or tried
    inside = [n for n in levels if _comes_down_at(reference, n)]
    found = []
    for method in present(rows, "method"):
        own = [row for row in choose(rows, method=method) if row.get(value) is not None]
        if method == against or method not in METHODS or not own:
            continue
        if value == CONTRAST and "contrastive" not in METHODS[method]:
            continue
        curve = Curve.of(own, value)
        for matches in inside:
            factor = saving_factor(reference, curve, reference.level_at(matches))
            about = {"figure": value, "against": against, "method": method, "at": matches}
            found.append(about | factor.to_json() | {"text": str(factor)})
    return found


def _comes_down_at(reference: Curve, matches: int) -> bool:
    """Whether fewer matches have a higher loss: where a curve is flat, a level has no place."""
    place = list(reference.matches).index(matches)
    before = reference.level_at(float(reference.matches[place - 1]))
    return before > 1.001 * reference.level_at(matches)


def drawings(rows: list[Row], summary: Summary) -> list[Drawing]:
    """Curves of each loss, the factors, and what people can read."""
    seeds = len(present(rows, "seed"))
    bands = f"Mean over {seeds} seeds, bands: 95 % intervals; both axes logarithmic."
    first = rows[0]["pairing"]
    images = [latents for pairing, latents in _spaces(rows) if pairing == first]
    found = [
        _loss_drawing(rows, [(first, latents) for latents in images], value, name, bands)
        for value, name in ((ERROR, "translation"), (LOSS, "cross-entropy"), (CONTRAST, "contrast"))
    ]
    others = [space for space in _spaces(rows) if space[0] != first]
    if others:
        found.append(_loss_drawing(rows, others, ERROR, "other-pairings", bands))
    if factors := _factor_drawing(summary, first, images):
        found.append(factors)
    if "attributes" in first:
        source = next(name for name in first.split("-") if name != "attributes")
        found += [
            _readable_drawing(rows, (first, latents), way, bands, kind_of(summary["kind"]))
            for latents in images
            for way in ((source, "attributes"), ("attributes", source))
            if way[1] != "text"
        ]
    return found


def _loss_drawing(
    rows: list[Row], spaces: list[tuple[str, str]], value: str, name: str, bands: str
) -> Drawing:
    def fill(panels: Sequence[Axes]) -> None:
        for panel, (pairing, latents) in zip(panels, spaces, strict=True):
            own = choose(rows, pairing=pairing, latents=latents, variant="")
            lines = [
                line_of(choose(own, method=method), value, label=method)
                for method in METHODS
                if any(row.get(value) is not None for row in choose(own, method=method))
            ]
            if value == ERROR:
                lines += _pairs_only_lines(choose(rows, pairing=pairing, latents=latents))
            draw_lines(
                panel,
                lines,
                title=space_title(pairing, latents),
                xlabel="matches given",
                ylabel=TITLES[value] if panel is panels[0] else "",
            )

    return Drawing(
        name=f"saving-{name}",
        caption=f"{TITLES[value].capitalize()} on held-out things against the number of matches. "
        + bands,
        fill=fill,
        panels=len(spaces),
        height=3.9,
    )


def _pairs_only_lines(rows: list[Row]) -> list[Line]:
    if not any(row["method"] in MODELS for row in rows):
        return []
    lines = [
        line_of(
            choose(rows, method=name),
            ERROR,
            label=name,
            colour=colour,
            marker=marker,
            dashed=True,
        )
        for name, colour, marker in zip(
            MODELS, ("#888844", "#cc9966", "#997755"), "1+x", strict=True
        )
    ]
    best = line_of(best_rows(rows), ERROR, label=BEST, colour="#5555aa", marker="d", dashed=True)
    return [line for line in [*lines, best] if line.x]


def _factor_drawing(summary: Summary, first: str, images: list[str]) -> Drawing | None:
    """Factors against the matches that the reference needs; none of a single number of matches."""

    def fill(panels: Sequence[Axes]) -> None:
        for panel, (latents, against) in zip(panels, shown, strict=True):
            space = next(
                s for s in summary["spaces"] if (s["pairing"], s["latents"]) == (first, latents)
            )
            chosen = choose(space["factors"], figure=ERROR, against=against)
            for method in present(chosen, "method"):
                factor_line(panel, choose(chosen, method=method), method, bars=method == FULL)
            panel.axhline(1, color="#888888", lw=0.8)
            panel.set(
                title=f"{LATENT_TITLES.get(latents, latents)}\nagainst {against}",
                xlabel=f"matches that {against} needs\nfor the same loss",
                ylabel="times fewer matches" if panel is panels[0] else "",
                xscale="log",
                yscale="log",
            )
            plain_ticks(panel)

    kinds = {f["against"] for s in summary["spaces"] for f in s["factors"]}
    shown = [
        (latents, against)
        for against in (REFERENCE, BEST)
        if against in kinds
        for latents in images
    ]
    if not shown:
        return None
    return Drawing(
        name="saving-factor",
        caption="The saving factor: matches that the reference needs, divided by the matches that "
        "a method needs for the same translation loss (squared error). Triangles are bounds: the "
        "other curve does not come so far within the numbers that were tried. Curves end "
        f"where the factor falls below {LEAST_DRAWN}: the method never gets there. Bars: 95 % "
        "bootstrap intervals over seeds, of the full workspace only.",
        fill=fill,
        panels=len(shown),
        height=3.9,
    )


def _up_to_the_last(factors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The factors before the first one that is too small to be drawn."""
    return list(takewhile(lambda f: (f["value"] or 1) > LEAST_DRAWN, factors))


def factor_line(
    panel: Axes,
    factors: list[dict[str, Any]],
    label: str,
    *,
    colour: str = "",
    bars: bool = True,
) -> None:
    """Factors against the matches that the reference needs; triangles where one is a bound."""
    known = [f for f in _up_to_the_last(factors) if f["sign"] != "?"]
    if not known:
        return
    line = line_of([], ERROR, label=label, colour=colour)
    panel.plot(
        [f["at"] for f in known],
        [f["value"] for f in known],
        color=line.colour,
        lw=1.3,
        label=label,
    )
    for sign, marker in (("", line.marker), (">=", "^"), ("<=", "v")):
        own = [f for f in known if f["sign"] == sign]
        places, heights = [f["at"] for f in own], [f["value"] for f in own]
        panel.plot(places, heights, marker, color=line.colour, ms=6 if sign else 4)
    for f in known if bars else []:
        # An open end is not drawn: the triangle says which way it is open.
        low, high = max(f["low"] or f["value"], LEAST_DRAWN), f["high"] or f["value"]
        panel.plot([f["at"]] * 2, [low, high], color=line.colour, lw=0.9, alpha=0.7)


def _readable_drawing(
    rows: list[Row], space: tuple[str, str], way: tuple[str, str], bands: str, kind: Kind
) -> Drawing:
    source, target = way

    def fill(panels: Sequence[Axes]) -> None:
        own = choose(rows, pairing=space[0], latents=space[1])
        for panel, figure in zip(panels, kind.headline, strict=True):
            value, share = f"{figure.name} {source} to {target}", figure.is_share
            lines = [
                line_of(choose(own, method=m, variant=""), value, label=m, log=not share)
                for m in DRAWN_METHODS
            ]
            lines += [
                line_of(
                    choose(own, method=model),
                    value,
                    label=model,
                    colour=colour,
                    log=not share,
                    dashed=True,
                )
                for model, colour in zip(MODELS, MORE_COLOURS, strict=False)
            ]
            draw_lines(
                panel,
                [line for line in lines if line.x],
                title=figure.title,
                xlabel="matches given",
                ylabel="",
                yscale="linear" if share else "log",
            )
            if share:
                panel.set_ylim(top=1.02)

    read = "" if target == "attributes" else f" (the first {DRAWN} test things, read by the reader)"
    return Drawing(
        name=f"saving-readable-{space[1]}-{source}-to-{target}",
        caption=f"What people can read in {source} translated to {target}{read}, "
        f"{LATENT_TITLES.get(space[1], space[1])}. " + bands,
        fill=fill,
        panels=len(kind.headline),
        height=3.4,
    )


def space_title(pairing: str, latents: str) -> str:
    """A pairing and its latents, for people."""
    joined = " and ".join(pairing.split("-"))
    return f"{joined}\n{LATENT_TITLES.get(latents, latents)}" if "image" in pairing else joined


def finding(space: dict[str, Any], against: str) -> str:
    """Where the whole workspace saves most, and where it surely saves nothing any more."""
    known = [
        f
        for f in choose(space["factors"], figure=ERROR, against=against, method=FULL)
        if f["sign"] != "?"
    ]
    title = space_title(space["pairing"], space["latents"]).replace("\n", ", ")
    if not known:
        return ""
    best = max(known, key=lambda f: f["value"] if f["sign"] != "<=" else 0)
    where = "where it saves most" if (best["value"] or 0) > 1 else "at best"
    text = (
        f"- {title}, {FULL} against {against}: {best['text']} times fewer matches {where}, at the "
        f"loss that {against} reaches with {best['at']:,} ({number(best['level'])})"
    )
    if lost := [f["at"] for f in known if f["high"] is not None and f["high"] < 1]:
        return text + f"; it needs more matches, not fewer, from {min(lost):,} on."
    if all(f["low"] is None and f["high"] is None for f in known):
        return text + "; single runs, so that nothing is sure."
    return text + "; nowhere does it surely need more."


def section(rows: list[Row], summary: Summary) -> str:
    """What the whole workspace saves, in words; then all factors as tables."""
    found = [
        finding(space, against)
        for space in summary["spaces"]
        for against in dict.fromkeys(f["against"] for f in space["factors"])
    ]
    parts = ["\n".join(line for line in found if line) + "\n"]
    for space in summary["spaces"]:
        title = space_title(space["pairing"], space["latents"]).replace("\n", ", ")
        for value, against in dict.fromkeys((f["figure"], f["against"]) for f in space["factors"]):
            chosen = choose(space["factors"], figure=value, against=against)
            parts.append(f"**{title}: {TITLES[value]}, against {against}**\n")
            parts.append(_factor_table(chosen, against))
    return "\n".join(parts)


def _factor_table(factors: list[dict[str, Any]], against: str) -> str:
    methods = present(factors, "method")
    head = [f"matches of {against}", "level of loss", *methods]
    body = []
    for at in present(factors, "at"):
        own = choose(factors, at=at)
        texts = {f["method"]: f["text"] for f in own}
        body.append([f"{at:,}", number(own[0]["level"]), *(texts.get(m, "") for m in methods)])
    return markdown_table(head, body)


STUDY = Study(
    name="saving",
    title="How many matches does each method save?",
    question="How many times fewer matches does a workspace need, for the same held-out loss, "
    "than the same network trained on matches alone, and than the best that matches alone can do?",
    cells=cells,
    measure=saving_rows,
    summarise=summarise,
    drawings=drawings,
    section=section,
    beside=beside,
    beside_is_kept=True,
)
