"""Latents together with what their items are called."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class NamedLatents:
    """Rows as they were found on disk, and the names by which matches may speak of them."""

    rows: Any
    """(row, dim): an array, a memory map, or `Latents`."""
    names: Sequence[str] | None = None
    """What each item is called: file names, an id column, names of cells; None without names."""
