"""Tables of the report."""

from collections.abc import Mapping, Sequence
from html import escape

from amodal.data.kinds import Kind
from amodal.evaluation.translation import Figures
from amodal.report.contents import ArmResult
from amodal.report.measures import Measure, columns_of, in_words, over_draws

LATENTS = {
    "default": "symmetry-aware image latents (the default)",
    "vae": "VAE image latents (the kind of Devillers et al. 2024)",
}
FOUND = (
    ("recall@1", "first answer right", ".1%"),
    ("recall@5", "among 5", ".1%"),
    ("recall@10", "among 10", ".1%"),
    ("median_rank", "median rank", ".1f"),
    ("foscttm", "FOSCTTM", ".4f"),
)
LOST = (("translation_loss", "translation loss", ".4f"),)

Columns = Sequence[tuple[str, str, str]]


def read_columns(kind: Kind) -> Columns:
    """What is read in pictures and attributes."""
    return [(each.name, each.title, each.form) for each in kind.figures]


def said_columns(kind: Kind) -> Columns:
    """What sentences say."""
    names = kind.descriptor_names
    said = [(f"{name}_right", name, ".1%") for name in names]
    return [*said, ("all_right", f"all {in_words(len(names))}", ".1%")]


def read_table(kind: Kind, figures: Figures, unimodal: Figures) -> str:
    """What is read in pictures and attributes that were translated; at the end the models alone."""
    rows = {
        "picture to attributes": figures["image to attributes"],
        "attributes to picture, read back": figures["attributes to image"],
        "sentence to picture, read back": figures["text to image"],
        "sentence to attributes": figures["text to attributes"],
        "(the image model alone: encoded and drawn again)": unimodal["image"],
    }
    return named_table(rows, (*LOST, *read_columns(kind)))


def said_table(kind: Kind, figures: Figures, unimodal: Figures) -> str:
    """What sentences say rightly."""
    rows = {
        "picture to sentence": figures["image to text"],
        "attributes to sentence": figures["attributes to text"],
        "(the text model alone: encoded and said again)": unimodal["text"],
    }
    return named_table(rows, (*LOST, *said_columns(kind)))


def found_table(figures: Figures) -> str:
    """Retrieval."""
    rows = {
        direction.replace("image", "picture").replace("text", "sentence"): values
        for direction, values in figures.items()
        if "foscttm" in values
    }
    return named_table(rows, FOUND)


def cycles_table(figures: Figures) -> str:
    """What is lost on round trips, beside what is lost within one modality."""
    rows = {
        direction: {"loss": value}
        for direction, values in figures.items()
        for name, value in values.items()
        if name in ("cycle_loss", "demi_cycle_loss")
    }
    return named_table(rows, (("loss", "loss", ".4f"),))


def named_table(rows: Mapping[str, Mapping[str, float]], columns: Columns) -> str:
    """Rows of named figures; what a row does not have stays empty."""
    body = [
        [name, *(_text(values, key, form) for key, _, form in columns)]
        for name, values in rows.items()
    ]
    return table(["", *(title for _, title, _ in columns)], body)


def comparison_table(kind: Kind, results: Sequence[ArmResult]) -> str:
    """All arms on both sets of latents: mean over draws, and under it the 95 % interval."""
    columns = columns_of(kind)
    head = ["", *(measure.title for measure in columns)]
    lines = []
    for latents, title in LATENTS.items():
        lines.append(f'<tr><td class="group" colspan="{len(head)}">{escape(title)}</td></tr>')
        for result in results:
            if result.latents == latents:
                cells = "".join(f"<td>{_cell(measure, result)}</td>" for measure in columns)
                lines.append(f"<tr><td>{escape(result.title)}</td>{cells}</tr>")
    return _framed(head, "".join(lines))


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Plain cells."""
    lines = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in body)
    return _framed(head, "".join(f"<tr>{line}</tr>" for line in lines))


def _framed(head: Sequence[str], body: str) -> str:
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    return f'<div class="scroll"><table><tr>{cells}</tr>{body}</table></div>'


def _cell(measure: Measure, result: ArmResult) -> str:
    found = over_draws(measure, result)
    text = escape(measure.text(found.mean))
    if found.low is None or found.high is None:
        return text
    half = measure.text((found.high - found.low) / 2)
    return f"{text}<small>± {escape(half)}</small>"


def _text(values: Mapping[str, float], key: str, form: str) -> str:
    return format(values[key], form).replace("%", " %") if key in values else ""
