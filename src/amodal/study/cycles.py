"""`cycles`: when do unmatched things pay? Latents from readable to folded up, and one change at a
time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from amodal.study.ablation import compared, times_text
from amodal.study.base import Row, Study, Summary, choose, present
from amodal.study.cells import FULL, REFERENCE, Cell, grid, unique
from amodal.study.folding import PREFIX
from amodal.study.measures import ERROR, translation_rows
from amodal.study.network import VARIANTS
from amodal.study.pairs_only import fitted_rows
from amodal.study.plots import COLOURS, MORE_COLOURS, Drawing, plain_ticks
from amodal.study.settings import StudySettings
from amodal.study.store import RunStore
from amodal.study.tables import LATENT_TITLES, markdown_table, mean_text, number

PAIRING = "image-attributes"
STRENGTHS = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4)
"""How strongly the latents are folded (`amodal.study.folding`)."""
NUMBERS = (50, 1000)
"""Matches, or those nearest under study."""
SEEDS = 3
NEVER_CYCLED = "tr+cont"
COMPARED = (REFERENCE, NEVER_CYCLED)
"""What the whole workspace is compared with: matches alone, without and with the contrast."""
SHARED = ("", "paper-network", "dropout", "slow", "short", "long")
"""Variants that change the reference too."""
ALONE = (
    "cycle-light",
    "cycle-heavy",
    "contrast-heavy",
    "one-way",
    "tenth",
    "hundredth",
)
"""Variants that change the whole workspace only."""
RIDGE = "ridge"


def cells(settings: StudySettings) -> list[Cell]:
    """The dial, and the variants."""
    common: dict[str, Any] = {"pairing": PAIRING, "seed": settings.seeds[:SEEDS]}
    few, some = (settings.nearest(number) for number in NUMBERS)
    dial = grid(
        latents=dial_latents(settings),
        method=[*COMPARED, FULL],
        matches=(few, some),
        **common,
    )
    one_change: list[Cell] = []
    # With few matches nothing is learnt on the VAE's latents, whatever is changed.
    for latents, numbers in (("default", (few, some)), ("vae", (some,))):
        for method, variants in ((REFERENCE, SHARED), (FULL, (*SHARED, *ALONE))):
            one_change += grid(
                latents=latents, method=method, matches=numbers, variant=variants, **common
            )
    return unique(dial + [cell for cell in one_change if cell.latents in settings.latents])


def dial_latents(settings: StudySettings) -> list[str]:
    """The image models under study, and the first of them folded ever more."""
    strengths = STRENGTHS if settings.budget != "smoke" else STRENGTHS[1::3]
    return [*settings.latents, *(f"{PREFIX}{strength:g}" for strength in strengths)]


def beside(store: RunStore, settings: StudySettings) -> list[Row]:
    """Ridge on the same matches: how readable the latents are."""
    wanted = grid(
        pairing=PAIRING,
        latents=dial_latents(settings),
        method=REFERENCE,
        matches=settings.nearest(NUMBERS[0]),
        seed=settings.seeds[:SEEDS],
    )
    return fitted_rows(store, settings, [(RIDGE, cell) for cell in wanted])


def summarise(rows: list[Row], settings: StudySettings) -> Summary:
    """How many times the whole workspace's loss the others have, seed for seed."""
    dial, variants = [], []
    for latents in present(rows, "latents"):
        own = choose(rows, latents=latents, variant="")
        readable = choose(own, method=RIDGE)
        unread = float(np.mean([row[f"{ERROR} image to attributes"] for row in readable]))
        for matches in present(choose(own, method=FULL), "matches"):
            here = choose(own, matches=matches)
            about = {"latents": latents, "ridge_error": unread, "matches": matches}
            full = choose(here, method=FULL)
            for method in COMPARED:
                found = compared(choose(here, method=method), full, ERROR)
                dial.append(about | {"against": method} | found)
    for latents in present([row for row in rows if row["variant"]], "latents"):
        for matches in present(choose(rows, latents=latents, method=FULL), "matches"):
            here = choose(rows, latents=latents, matches=matches)
            for variant in (*SHARED, *ALONE):
                reference = variant if variant in SHARED else ""
                full = choose(here, method=FULL, variant=variant)
                other = choose(here, method=REFERENCE, variant=reference)
                if full and other:
                    about = {"latents": latents, "matches": matches, "variant": variant}
                    variants.append(about | compared(other, full, ERROR))
    return {"dial": dial, "variants": variants}


def drawings(rows: list[Row], summary: Summary) -> list[Drawing]:
    """What cycles are worth against how readable the latents are; and one change at a time."""
    found = [_dial_drawing(summary)]
    if any(one["variant"] for one in summary["variants"]):
        found.append(_variant_drawing(summary))
    return found


def _dial_drawing(summary: Summary) -> Drawing:
    def fill(panels: Sequence[Axes]) -> None:
        for panel, against in zip(panels, COMPARED, strict=True):
            for place, matches in enumerate(present(summary["dial"], "matches")):
                own = choose(summary["dial"], against=against, matches=matches)
                colour = (COLOURS[FULL], MORE_COLOURS[4])[place]
                folded = sorted(
                    (one for one in own if one["latents"].startswith(PREFIX)),
                    key=lambda one: one["ridge_error"],
                )
                _points(panel, folded, colour, f"{matches:,} matches, folded", "o-")
                for latents, marker in (("default", "*"), ("vae", "s")):
                    title = LATENT_TITLES[latents].replace(" latents", "")
                    label = f"{matches:,} matches, {title}"
                    _points(panel, choose(own, latents=latents), colour, label, marker, size=9)
            panel.axhline(1, color="#888888", lw=0.8)
            panel.set(
                title=f"against {against}",
                xlabel="error of ridge, image to attributes,\non 50 matches (1: reads nothing)",
                ylabel=f"loss of {against} / loss of {FULL}",
                yscale="log",
            )
            plain_ticks(panel)

    return Drawing(
        name="cycles-dial",
        caption="What the unmatched things are worth against how readable the image latents are: "
        "translation loss (squared error) of the others divided by that of the full workspace, "
        "seed for seed, bars 95 % intervals over seeds. The dial folds the symmetry-aware "
        "latents ever more, by turns that can be undone exactly: all information stays, and ever "
        "fewer of it can be read from few matches. Above the line the full workspace is better.",
        fill=fill,
        panels=len(COMPARED),
        height=3.9,
    )


def _points(
    panel: Axes,
    found: list[dict[str, Any]],
    colour: str,
    label: str,
    marker: str,
    *,
    size: float = 5,
) -> None:
    known = [one for one in found if one["times"] is not None]
    if not known:
        return
    places = [one["ridge_error"] for one in known]
    heights = [one["times"] for one in known]
    panel.plot(places, heights, marker, color=colour, label=label, ms=size, lw=1.2)
    for one in known:
        if one["low"] is not None:
            panel.plot([one["ridge_error"]] * 2, [one["low"], one["high"]], color=colour, lw=0.9)


def _variant_drawing(summary: Summary) -> Drawing:
    places = [(one["latents"], one["matches"]) for one in summary["variants"]]
    # The dial's own places have no variants.
    shown = [place for place in dict.fromkeys(places) if places.count(place) > 1]
    variants = [v for v in (*SHARED, *ALONE) if choose(summary["variants"], variant=v)]

    def fill(panels: Sequence[Axes]) -> None:
        for panel, (latents, matches) in zip(panels, shown, strict=True):
            own = choose(summary["variants"], latents=latents, matches=matches)
            for height, variant in enumerate(variants):
                for one in choose(own, variant=variant):
                    _bar(panel, one, height)
            panel.axvline(1, color="#888888", lw=0.8)
            titles = [VARIANTS[v].title for v in variants]
            panel.set_yticks(
                range(len(titles)), titles if panel is panels[0] else [""] * len(titles)
            )
            panel.invert_yaxis()
            panel.set(
                title=f"{LATENT_TITLES[latents]}\n{matches:,} matches",
                xlabel=f"loss of {REFERENCE} / loss of {FULL}",
                xscale="log",
            )
            plain_ticks(panel)

    return Drawing(
        name="cycles-variants",
        caption=f"One change at a time: translation loss (squared error) of {REFERENCE} divided by "
        f"that of {FULL}, seed for seed: geometric mean and 95 % interval over seeds. "
        "Right of the line the full workspace is better.",
        fill=fill,
        panels=len(shown),
        height=4.2,
        width=4.2,
        legend=False,
    )


def _bar(panel: Axes, one: dict[str, Any], height: int) -> None:
    colour = COLOURS[FULL] if one["variant"] == "" else MORE_COLOURS[4]
    panel.plot(one["times"], height, "o", color=colour, ms=5)
    if one["low"] is not None:
        panel.plot([one["low"], one["high"]], [height] * 2, color=colour, lw=1.4)


def findings(summary: Summary) -> list[str]:
    """The ends of the dial in words."""
    lines = []
    for matches in present(summary["dial"], "matches"):
        own = choose(summary["dial"], against=REFERENCE, matches=matches)
        known = [one for one in own if one["times"] is not None]
        most, least = (chosen(known, key=lambda one: one["times"]) for chosen in (max, min))
        lines.append(
            f"- With {matches:,} matches the loss of {REFERENCE} is {times_text(most)} times that "
            f"of {FULL} on the {words_of(most['latents'])}, of which ridge on "
            f"{present(summary['dial'], 'matches')[0]:,} matches leaves an error of "
            f"{number(most['ridge_error'])}, and {times_text(least)} times on the "
            f"{words_of(least['latents'])}, of which it leaves {number(least['ridge_error'])}."
        )
    return lines


def words_of(latents: str) -> str:
    """Latents, for people."""
    if latents.startswith(PREFIX):
        return f"latents folded by {latents.removeprefix(PREFIX)}"
    return LATENT_TITLES.get(latents, latents)


def section(rows: list[Row], summary: Summary) -> str:
    """Findings, and both tables."""
    parts = ["\n".join(findings(summary)) + "\n", "**The dial of readability**\n"]
    body = []
    for latents, matches in dict.fromkeys((o["latents"], o["matches"]) for o in summary["dial"]):
        own = choose(summary["dial"], latents=latents, matches=matches)
        here = choose(rows, latents=latents, matches=matches, variant="")
        losses = [mean_text(choose(here, method=m), ERROR) for m in (*COMPARED, FULL)]
        times = {one["against"]: times_text(one) for one in own}
        body.append(
            [words_of(latents), number(own[0]["ridge_error"]), f"{matches:,}", *losses]
            + [times[method] for method in COMPARED]
        )
    head = ["latents", "ridge's error", "matches", *COMPARED, FULL]
    head += [f"{method} / {FULL}" for method in COMPARED]
    parts += [markdown_table(head, body), "**One change at a time**\n"]
    body = []
    places = [(one["latents"], one["matches"]) for one in summary["variants"]]
    for one, place in zip(summary["variants"], places, strict=True):
        if places.count(place) == 1:
            continue
        here = choose(rows, latents=one["latents"], matches=one["matches"])
        reference = one["variant"] if one["variant"] in SHARED else ""
        body.append(
            [
                VARIANTS[one["variant"]].title,
                LATENT_TITLES[one["latents"]],
                f"{one['matches']:,}",
                mean_text(choose(here, method=REFERENCE, variant=reference), ERROR),
                mean_text(choose(here, method=FULL, variant=one["variant"]), ERROR),
                times_text(one),
            ]
        )
    head = ["change", "latents", "matches", REFERENCE, FULL, f"{REFERENCE} / {FULL}"]
    return "\n".join([*parts, markdown_table(head, body)])


STUDY = Study(
    name="cycles",
    title="When do cycles pay?",
    question="On what does it depend whether unmatched things help: on how readable the latents "
    "are, or on the network, the training and the amount of data?",
    cells=cells,
    measure=translation_rows,
    summarise=summarise,
    drawings=drawings,
    section=section,
    beside=beside,
)
