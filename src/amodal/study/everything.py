"""One study or all of them, one page for all that were done, and the results in documents."""

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amodal.files import atomic_path, read_json, write_json
from amodal.report.page import page, paragraph, preformatted
from amodal.report.page import section as page_section
from amodal.study.base import Done, find_study, run_study
from amodal.study.cells import METHODS
from amodal.study.markdown import as_html
from amodal.study.plots import save_drawing
from amodal.study.settings import BUDGETS, StudySettings
from amodal.study.side_by_side import drawing, settings_of, side_by_side
from amodal.study.store import RunStore
from amodal.study.studies import BY_THEMSELVES, STUDIES

ALL = "all"
REPORT = "report.html"
BESIDE = "side-by-side"
TIMES = "times.json"


def run_studies(
    name: str,
    out: Path,
    settings: StudySettings,
    *,
    docs: Path | None = None,
    beside: Sequence[Path] = (),
) -> list[str]:
    """Run one study or all; then write the report and documents of all that the folder holds.

    Args:
        name: of a study, or "all".
        out: the folder that they share.
        settings: how large.
        docs: where tables and figures of all studies in `out` go too, as Markdown and SVG.
        beside: folders of finished studies of other kinds of data, to be set beside these.

    Returns:
        Lines that say where the results are.

    Raises:
        UnknownNameError: there is no such study; the nearest is offered.
        NotFoundError, InputError: there is nothing to be set beside; before anything is trained.
    """
    for folder in beside:
        settings_of(folder)
    chosen = (
        [study for each, study in STUDIES.items() if each not in BY_THEMSELVES]
        if name == ALL
        else [find_study(name, STUDIES)]
    )
    store = RunStore(out, settings)
    done: list[Done] = []
    for study in chosen:
        begun = time.monotonic()
        done.append(run_study(study, out, settings, store=store))
        _add_time(out, study.name, settings.budget, time.monotonic() - begun)
    compared = write_side_by_side(out, [*beside, out]) if beside else ""
    write_report(out, settings)
    lines = [f"{each.study.name}: {each.folder}" for each in done]
    if docs is not None:
        if compared:
            # First, so that the page that lists all knows of it.
            _write(docs / f"{BESIDE}.md", _beside_page(out, docs, compared))
        write_documents(docs, out, settings)
        lines.append(f"documents: {docs}")
    return [*lines, f"report: {out / REPORT}"]


def write_side_by_side(out: Path, folders: Sequence[Path]) -> str:
    """Tables and a figure of several folders' studies, into `out/side-by-side`; the tables."""
    text, figure = side_by_side(folders), drawing(folders)
    _write(out / BESIDE / "section.md", text)
    if figure is not None:
        save_drawing(figure, out / BESIDE)
    shown = [] if figure is None else [{"name": figure.name, "caption": figure.caption}]
    write_json(out / BESIDE / "figures.json", shown)
    return text


def _beside_page(out: Path, docs: Path, text: str) -> str:
    """The document of the comparison; its figure is copied beside it."""
    findings, tables = parted(text)
    lines = ["# The same studies on several kinds of data", "", findings, ""]
    for figure in _captions(out / BESIDE):
        name, caption = figure["name"], figure["caption"]
        _write(docs / f"{name}.svg", (out / BESIDE / f"{name}.svg").read_text("utf-8"))
        lines += [f"![{caption}]({name}.svg)", "", caption, ""]
    return "\n".join([*lines, tables]).rstrip() + "\n"


def write_report(out: Path, settings: StudySettings) -> None:
    """One self-contained page of every study that the folder holds."""
    body = [
        "<h1>What a shared workspace is worth</h1>",
        paragraph(about(settings)),
        page_section("The methods", as_html(methods_table())),
    ]
    shown = [(study.name, study.title, study.question) for study in STUDIES.values()]
    question = "What does the full workspace reach on each kind of data, with as many matches?"
    for name, title, asked in [(BESIDE, "What changes with complexity", question), *shown]:
        folder = out / name
        if (folder / "section.md").exists():
            findings, tables = parted((folder / "section.md").read_text("utf-8"))
            figures = [_figure(folder, each) for each in _captions(folder)]
            parts = [paragraph(asked, "note"), as_html(findings), *figures]
            body.append(page_section(title, *parts, as_html(tables)))
    body.append(page_section("Again", preformatted(command(out, settings))))
    with atomic_path(out / REPORT) as temporary:
        temporary.write_text(page("Amodal: the study", body), "utf-8")


def write_documents(docs: Path, out: Path, settings: StudySettings) -> None:
    """Tables as Markdown, figures as SVG: a page for each study in `out`, one that lists them."""
    alone = [name for name in BY_THEMSELVES if command(out, settings).startswith(_words(name))]
    lines = [
        f"# Results: {', '.join([settings.kind.title, *alone])}",
        "",
        about(settings),
        "",
        f"Command: `{command(out, settings)}`",
        "",
    ]
    times = read_json(out / TIMES) if (out / TIMES).exists() else {}
    for study in STUDIES.values():
        folder = out / study.name
        if not (folder / "section.md").exists():
            continue
        seconds = times.get(study.name, {}).get("seconds")
        took = f" ({seconds:,.0f} s)" if seconds else ""
        lines.append(f"- [{study.title}]({study.name}.md){took}: {study.question}")
        findings, tables = parted((folder / "section.md").read_text("utf-8"))
        text = [f"# {study.title}", "", study.question, "", *findings.splitlines(), ""]
        for figure in _captions(folder):
            name, caption = figure["name"], figure["caption"]
            _write(docs / f"{name}.svg", (folder / f"{name}.svg").read_text("utf-8"))
            text += [f"![{caption}]({name}.svg)", "", caption, ""]
        text += [tables]
        _write(docs / f"{study.name}.md", "\n".join(text).rstrip() + "\n")
    lines += ["", *_other_pages(docs), "## Methods", "", methods_table()]
    _write(docs / "README.md", "\n".join(lines).rstrip() + "\n")


def _other_pages(docs: Path) -> list[str]:
    """Links to what else lies in the folder, by its headings."""
    own = {"README.md", *(f"{name}.md" for name in STUDIES)}
    others = sorted([*docs.glob("*.md"), *docs.glob("*/README.md")])
    links = [
        f"- [{page.read_text('utf-8').splitlines()[0].lstrip('# ')}]({page.relative_to(docs)})"
        for page in others
        if str(page.relative_to(docs)) not in own
    ]
    return ["Beside them:", "", *links, ""] if links else []


def parted(section: str) -> tuple[str, str]:
    """A section's opening list of findings, which goes before the figures, and the rest.

    Example:
        >>> parted("- one\\n- two\\n\\n| table |")
        ('- one\\n- two', '| table |')
    """
    if not section.startswith("- "):
        return "", section
    findings, _, rest = section.partition("\n\n")
    return findings, rest


def about(settings: StudySettings) -> str:
    """The size of a study in a sentence."""
    numbers = f"{min(settings.matches):,} to {max(settings.matches):,}"
    title = settings.kind.title[0].upper() + settings.kind.title[1:]
    # A folder may hold fewer things than the budget asks for.
    unmatched = f"{'at most ' if settings.data else ''}{settings.unmatched:,}"
    return (
        f"{title}, budget {settings.budget}: {len(settings.seeds)} seeds, {numbers} "
        "matches (a fifth of them, at most 1,000, held out to choose by: they count as given), "
        f"{unmatched} unmatched things a modality, {settings.steps:,} steps at most, "
        f"learning rates and weight decays tried by every run: {settings.candidates}, "
        f"{settings.test:,} held-out things to measure on. Methods named by their losses have the "
        "same network (a state through tanh of 12 numbers, or as many as the smallest latent space "
        "has; two hidden layers of 64) and no closed-form start."
    )


def methods_table() -> str:
    """Which losses each method has, and their weights, as Markdown."""
    from amodal.study.tables import markdown_table

    names = ("translation", "contrastive", "demi_cycle", "cycle")
    body = [
        [method, *(f"{losses[name]:g}" if name in losses else "" for name in names)]
        for method, losses in METHODS.items()
    ]
    head = ["method", *(name.replace("_", "-") for name in names)]
    return markdown_table(head, body)


def command(out: Path, settings: StudySettings) -> str:
    """The words that repeat all this, with NAME where some studies of several were done."""
    usual = BUDGETS[settings.budget]
    done = [name for name in STUDIES if (out / name / "section.md").exists()]
    whole = set(done) >= set(STUDIES) - set(BY_THEMSELVES)
    words = [
        "amodal",
        "study",
        ALL if whole else done[0] if len(done) == 1 else "NAME",
        "--budget",
        settings.budget,
        "--out",
        str(out),
    ]
    if settings.pairings != usual.pairings:
        words += ["--pairing", settings.pairings[0]]
    if settings.matches != usual.matches:
        words += ["--matches", *map(str, settings.matches)]
    if settings.seeds != usual.seeds:
        words += ["--seeds", str(len(settings.seeds))]
    if settings.data:
        words += ["--data", settings.data]
    return shlex.join(words)


def _words(name: str) -> str:
    """How the command of one study begins."""
    return f"amodal study {name} "


def _captions(folder: Path) -> list[dict[str, str]]:
    return read_json(folder / "figures.json")


def _figure(folder: Path, figure: dict[str, str]) -> str:
    from html import escape

    svg = (folder / f"{figure['name']}.svg").read_text("utf-8")
    caption = f"<figcaption>{escape(figure['caption'])}</figcaption>"
    return f'<figure class="plot">{svg[svg.index("<svg") :]}{caption}</figure>'


def _add_time(out: Path, name: str, budget: str, seconds: float) -> None:
    """Keep the longest time that a study took here: going on with a finished one takes none."""
    times: dict[str, Any] = read_json(out / TIMES) if (out / TIMES).exists() else {}
    before = times.get(name, {}).get("seconds", 0.0)
    times[name] = {"budget": budget, "seconds": round(max(before, seconds), 1)}
    write_json(out / TIMES, times)


def _write(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8")
