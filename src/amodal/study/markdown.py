"""The little Markdown that sections are written in, as HTML."""

import re
from collections.abc import Iterator
from html import escape

from amodal.report.tables import table


def as_html(text: str) -> str:
    """Paragraphs, bold, code, lists, headings and tables.

    Example:
        >>> as_html("**Found:** `tr` needs 4 times more.")
        '<p><b>Found:</b> <code>tr</code> needs 4 times more.</p>'
    """
    return "\n".join(_block(block) for block in _blocks(text))


def _blocks(text: str) -> Iterator[list[str]]:
    """Lines that belong together: a table is a block of its own."""
    block: list[str] = []
    for line in text.splitlines():
        apart = block and line.startswith("|") != block[0].startswith("|")
        if (not line.strip() or apart) and block:
            yield block
            block = []
        if line.strip():
            block.append(line.strip())
    if block:
        yield block


def _block(lines: list[str]) -> str:
    if lines[0].startswith("|"):
        head, _, *body = (_cells(line) for line in lines)
        return table(head, body)
    if lines[0].startswith("#"):
        return f"<h3>{_inline(lines[0].lstrip('# '))}</h3>"
    if lines[0].startswith("- "):
        # A line that begins no item goes on with the last one.
        items = re.split(r"\n- ", "\n" + "\n".join(lines))[1:]
        return "<ul>" + "".join(f"<li>{_inline(' '.join(i.split()))}</li>" for i in items) + "</ul>"
    return f"<p>{_inline(' '.join(lines))}</p>"


def _cells(line: str) -> list[str]:
    parts = re.split(r"(?<!\\)\|", line.strip().strip("|"))
    return [part.strip().replace("\\|", "|") for part in parts]


def _inline(text: str) -> str:
    marked = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text, quote=False))
    return re.sub(r"`(.+?)`", r"<code>\1</code>", marked)
