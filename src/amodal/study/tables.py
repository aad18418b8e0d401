"""Tables of the studies, as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from amodal.evaluation.intervals import mean_interval

LATENT_TITLES = {
    "default": "symmetry-aware image latents",
    "vae": "VAE image latents",
}


def markdown_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A table in GitHub's Markdown; the first column is of words, the others of numbers.

    Example:
        >>> print(markdown_table(["method", "loss"], [["tr", "0.1"]]))
        | method | loss |
        | --- | ---: |
        | tr | 0.1 |
        <BLANKLINE>
    """
    lines = [_line(head), "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join([*lines, *(_line(row) for row in body)]) + "\n"


def number(value: float | None, *, digits: int = 3) -> str:
    """A number with so many digits that count; empty for none.

    Example:
        >>> number(0.012345), number(12345.6), number(None)
        ('0.0123', '12,346', '')
    """
    if value is None or not np.isfinite(value):
        return ""
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def mean_text(rows: Sequence[Mapping[str, Any]], value: str) -> str:
    """The mean of a figure over runs and half its 95 % interval; empty where no run has it."""
    values = [row[value] for row in rows if row.get(value) is not None]
    if not values:
        return ""
    found = mean_interval(values)
    if found.low is None or found.high is None:
        return number(found.mean)
    return f"{number(found.mean)} ± {number((found.high - found.low) / 2, digits=2)}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
