"""One page from all that a report shows."""

import shlex
from collections.abc import Callable
from pathlib import Path

from amodal.files import atomic_path
from amodal.report import galleries, plots, tables
from amodal.report.contents import ReportContents
from amodal.report.examples_sheet import examples_sheet
from amodal.report.measures import in_words
from amodal.report.page import findings, page, paragraph, preformatted, section, tiles
from amodal.report.verdict import between_latents, findings_of, headline, key_figures, weakest

PAGE, FIGURES, EXAMPLES = "report.html", "figures", "examples"


def write_report(folder: Path, contents: ReportContents) -> Path:
    """Write the page, its drawings once more as files, and its first examples as one picture.

    Args:
        folder: the run folder.
        contents: everything that is shown.

    Returns:
        The page's path.
    """
    figures = {
        "learning-curves": plots.learning_curves(contents.history),
        "comparison-curves": plots.comparison_curves(contents.results, tables.LATENTS),
        "comparison": plots.compared_dots(contents.kind, contents.results, tables.LATENTS),
    }
    for name, svg in figures.items():
        _write(folder / FIGURES / f"{name}.svg", '<?xml version="1.0"?>\n' + svg)
    with atomic_path(folder / FIGURES / f"{EXAMPLES}.png") as temporary:
        temporary.write_bytes(examples_sheet(contents.examples, _examples_title(contents)))
    body = [
        _top(contents),
        *_galleries(contents),
        _figures(contents),
        _comparison(contents, figures),
        _made(contents, figures),
    ]
    _write(folder / PAGE, page("Amodal: the demo's report", body))
    return folder / PAGE


def _examples_title(contents: ReportContents) -> str:
    s = contents.settings
    return (
        f"From {s['matches']} matches and {s['unmatched']:,} unmatched things a modality; "
        "the first held-out things, none chosen"
    )


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8")


def _top(contents: ReportContents) -> str:
    s, kind = contents.settings, contents.kind
    numbers = in_words(len(kind.attribute_names))
    return "\n".join(
        [
            '<header><p class="kind">Amodal, demo report</p>',
            f"<h1>{headline(contents)}</h1>",
            paragraph(
                "Three models were trained apart and then frozen: one of pictures, one of "
                f"sentences, one of attributes ({numbers} numbers). None has seen another "
                "modality. "
                f"{s['matches']} things seen through all three, and {s['unmatched']:,} further "
                "things a modality that match nothing, were enough to carry each into the others. "
                f"Everything below is measured on {s['test']:,} things that neither a fit nor any "
                "frozen model has seen.",
                "lead",
            ),
            tiles(key_figures(kind, contents.figures)),
            paragraph(weakest(kind, contents.figures, contents.unimodal)),
            *_smoke_warning(contents),
            "</header>",
        ]
    )


def _smoke_warning(contents: ReportContents) -> list[str]:
    if not contents.smoke:
        return []
    text = "This is the demo at its smoke size: it shows that everything works, not how well."
    return [paragraph(text, "warning")]


def _galleries(contents: ReportContents) -> list[str]:
    examples = contents.examples
    first = "The first held-out things, in order: none were chosen."
    sections: list[tuple[str, str, Callable[[], str]]] = [
        (
            "Pictures from sentences",
            f"{first} A sentence names what it sees softly, so the drawn picture can only be near "
            "the true one.",
            lambda: galleries.pictures_from_sentences(examples),
        ),
        (
            "Sentences of one's own",
            "Typed by hand. What a sentence leaves out is filled in; the line below each says how "
            "far to trust the answer.",
            lambda: galleries.own_words(examples.own_words),
        ),
        ("Sentences from pictures", first, lambda: galleries.sentences_from_pictures(examples)),
        (
            "Attributes as drawn pictures",
            "From picture to attributes, drawn exactly as the numbers say; and from attributes to "
            "a picture, as the image model draws it.",
            lambda: galleries.drawn_attributes(examples),
        ),
        (
            "Round trips",
            "A picture to words or attributes and back; a sentence to a picture and back.",
            lambda: galleries.round_trips(examples) + galleries.sentence_round_trips(examples),
        ),
        (
            "Searching pictures with sentences",
            "The nearest pictures of the first held-out sentences. The one that the sentence was "
            "written for is framed in green and ticked.",
            lambda: galleries.searches(examples.searches),
        ),
    ]
    return [section(title, paragraph(text), make()) for title, text, make in sections]


def _figures(contents: ReportContents) -> str:
    pool = contents.settings["test"]
    return section(
        "The figures",
        paragraph(
            "Drawn pictures are read back by a separate reader, sentences by the grammar's own "
            "parser. The last row of a table is what the frozen model alone gives: the best that "
            "could be hoped for."
        ),
        "<h3>Read in pictures and attributes</h3>",
        tables.read_table(contents.kind, contents.figures, contents.unimodal),
        "<h3>Said in sentences, share right</h3>",
        tables.said_table(contents.kind, contents.figures, contents.unimodal),
        paragraph(
            f"{contents.kind.leniency}: captions themselves are written that softly.",
            "note",
        ),
        f"<h3>Search in a pool of {pool:,}</h3>",
        tables.found_table(contents.figures),
        paragraph(
            "FOSCTTM: the share of wrong answers that stand before the right one; 0 is perfect, "
            "0.5 is chance.",
            "note",
        ),
        "<h3>Cycles</h3>",
        tables.cycles_table(contents.figures),
    )


def _comparison(contents: ReportContents, figures: dict[str, str]) -> str:
    s = contents.settings
    return section(
        "What is each part worth?",
        paragraph(
            f"Five ways to fit, each with the same {s['draws']} draws of {s['matches']} matches "
            f"(n = {s['draws']} of everything below; intervals are 95 %, Student's, over draws). "
            "One workspace a draw, chosen by two-fold hold-out within its own matches; at most "
            f"{s['comparison_steps']} steps, which is few for a network without a start. "
            f"The main model above averages {s['members']}."
        ),
        paragraph(between_latents(contents.results)),
        *_findings(contents),
        tables.comparison_table(contents.kind, contents.results),
        _plot(figures["comparison"], "Each way to fit on either set of latents; bars: 95 %."),
        _plot(
            figures["comparison-curves"],
            "Error on matches held out within the fit, geometric mean over blocks and directions; "
            f"bands: 95 % over {s['draws']} draws. A curve ends where the first draw stopped.",
        ),
    )


def _findings(contents: ReportContents) -> list[str]:
    parts = []
    for latents, title in tables.LATENTS.items():
        parts.append(f"<h3>On {title}</h3>")
        parts.append(findings(findings_of(contents.kind, contents.results, latents)))
    return parts


def _made(contents: ReportContents, figures: dict[str, str]) -> str:
    seconds = [[stage, f"{taken:.1f} s"] for stage, taken in contents.seconds.items()]
    total = ["all", f"{sum(contents.seconds.values()):.0f} s"]
    settings = [
        [name.replace("_", " "), value if isinstance(value, str) else f"{value:,}"]
        for name, value in contents.settings.items()
    ]
    versions = [list(pair) for pair in contents.environment.items()]
    return section(
        "How it was made",
        _plot(
            figures["learning-curves"],
            f"The main model in training; bands: 95 % over its {contents.settings['members']} "
            "members.",
        ),
        "<h3>How long each stage took</h3>",
        tables.table(["stage", "time"], [*seconds, total]),
        "<h3>Settings</h3>",
        tables.table(["setting", "value"], settings),
        "<h3>With what</h3>",
        tables.table(["", ""], versions),
        "<h3>Again</h3>",
        preformatted(contents.command),
        paragraph("The same seed gives the same figures. Then ask it something of your own:"),
        preformatted(
            f"amodal translate {shlex.quote(contents.folder)} --from text --to image "
            f"{shlex.quote(contents.kind.own_words[0])} --out out.png"
        ),
    )


def _plot(svg: str, caption: str) -> str:
    return f'<figure class="plot">{svg}<figcaption>{caption}</figcaption></figure>'
