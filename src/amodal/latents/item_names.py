"""What the things behind latents are called: `items.txt` in a store, a line for each row."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amodal.data.lines import Lines
from amodal.errors import DamagedError
from amodal.files import atomic_path
from amodal.latents.store import MANIFEST, REMEDY, read_manifest

NAMES = "items.txt"


@dataclass(frozen=True)
class NamedLatents:
    """Rows as they were found on disk, and the names by which matches may speak of them."""

    rows: Any
    """(row, dim): an array, a memory map, or `Latents`."""
    names: Sequence[str] | None = None
    """What each item is called: file names, an id column, names of cells; None without names."""


def write_names(folder: Path, names: Sequence[str]) -> None:
    """Write a line for each thing; line breaks within a name become blanks."""
    with atomic_path(folder / NAMES) as temporary, open(temporary, "w", encoding="utf-8") as handle:
        for name in names:
            handle.write(" ".join(name.splitlines()) + "\n")


def read_names(store: str | Path) -> Sequence[str] | None:
    """What the rows of a store are called, in their order; None where nobody has said.

    Args:
        store: the folder. Names are read from the disk as they are asked for.

    Raises:
        NotFoundError, DamagedError: there is no such store, or it has another number of rows.

    Example:
        >>> import tempfile, numpy as np
        >>> from amodal.latents.encoding import encode_to_store
        >>> from amodal.unimodal import load_model
        >>> raw = np.array([[0, 1, 0, 0.5, 0, -1, 0, 1, 1, 0, 0]] * 2, np.float32)
        >>> folder = Path(tempfile.mkdtemp()) / "attributes"
        >>> _ = encode_to_store(load_model("shapes/attributes"), raw, folder, names=["egg", "kite"])
        >>> list(read_names(folder))
        ['egg', 'kite']
    """
    rows, path = read_manifest(store).rows, Path(store) / NAMES
    if not path.is_file():
        return None
    names = Lines(path)
    if len(names) != rows:
        raise DamagedError(
            f"{path} has {len(names)} lines, but {Path(store) / MANIFEST} tells of {rows} rows: "
            f"{REMEDY}"
        )
    return names
