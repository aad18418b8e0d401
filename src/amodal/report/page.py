"""The skeleton of a page that needs nothing but itself: no scripts, no fonts, no network."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files

from amodal import __version__


def page(title: str, body: Sequence[str]) -> str:
    """A whole HTML document."""
    style = files("amodal.report").joinpath("style.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + f"\n<footer>Written by amodal {__version__}. This page is one file and loads nothing."
        "</footer>\n</main></body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A heading and what is under it."""
    return f"<section><h2>{escape(title)}</h2>\n" + "\n".join(parts) + "</section>"


def paragraph(text: str, kind: str = "") -> str:
    """Plain text as a paragraph; `kind` is its class in the style sheet.

    Example:
        >>> paragraph("a < b", "note")
        '<p class="note">a &lt; b</p>'
    """
    return f"<p{_class(kind)}>{escape(text)}</p>"


def findings(sentences: Sequence[str]) -> str:
    """A list of sentences."""
    return '<ul class="findings">' + "".join(f"<li>{escape(s)}</li>" for s in sentences) + "</ul>"


def tiles(values: Sequence[tuple[str, str]]) -> str:
    """Key figures, large: (figure, what it is)."""
    cards = (
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
        for value, what in values
    )
    return '<div class="tiles">' + "".join(cards) + "</div>"


def preformatted(text: str) -> str:
    """Text as it is typed."""
    return f"<pre><code>{escape(text)}</code></pre>"


def _class(kind: str) -> str:
    return f' class="{escape(kind)}"' if kind else ""
