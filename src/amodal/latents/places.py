"""Latents by where they are: a folder, an array, a table, cells. One way in for all of them."""

import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import AmodalError, DamagedError, InputError, NotFoundError, unknown_name
from amodal.latents.cell_file import read_cells
from amodal.latents.item_names import NamedLatents, read_names
from amodal.latents.number_parquet import read_number_parquet
from amodal.latents.number_table import read_number_table
from amodal.latents.store import open_store

NAMES = ("ids", "id", "names", "items")
"""Arrays of an .npz file that are taken for the names of the items."""


def read_place(modality: str, place: str | Path) -> NamedLatents:
    """Read the latents of one modality.

    Args:
        modality: for messages.
        place: a folder made by `amodal encode`; a .npy file; an .npz file with one table of
            numbers, or file.npz:key; a .csv, .tsv or .parquet file of numbers, or
            file.parquet:column for a column of lists; cells.h5ad:X_pca; cells.h5mu:rna:X_pca.

    Raises:
        NotFoundError, DamagedError, InputError, UnknownNameError, MissingExtraError: there is
            none, or it cannot be read; names the modality and the file.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "cells.npz"
        >>> np.savez(path, pcs=np.eye(2), ids=np.array(["AAC", "CGT"]))
        >>> found = read_place("rna", path)
        >>> found.rows.shape, found.names
        ((2, 2), ['AAC', 'CGT'])
    """
    path, key = split_place(place)
    try:
        if not path.exists() and path.suffix.lower() in READERS:
            raise NotFoundError(f"there is no file {path}")
        if path.is_file():
            return _reader(path)(path, key)
        return _read_store(path)
    except AmodalError as error:
        if isinstance(error, NotFoundError | DamagedError | InputError | KeyError):
            raise type(error)(f"modality {modality!r}: {error}") from error
        raise


def split_arguments(arguments: Iterable[str]) -> dict[str, str]:
    """modality=place words of a command line, by modality.

    Raises:
        InputError: a word of another form, or a modality twice.

    Example:
        >>> split_arguments(["image=latents/image", "text=t.npy"])["text"]
        't.npy'
    """
    places: dict[str, str] = {}
    for argument in arguments:
        name, equals, place = argument.partition("=")
        if not (name and equals and place):
            raise InputError(f"--latents got {argument!r}, expected modality=place")
        if name in places:
            raise InputError(f"--latents names the modality {name!r} twice")
        places[name] = place
    return places


def split_place(place: str | Path) -> tuple[Path, str | None]:
    """The file, and what of it.

    Example:
        >>> [str(part) for part in split_place("data/cells.h5mu:rna:X_pca")]
        ['data/cells.h5mu', 'rna:X_pca']
    """
    endings = "|".join(re.escape(ending[1:]) for ending in READERS)
    found = re.fullmatch(rf"(.+?\.(?:{endings})):(.+)", str(place), re.IGNORECASE)
    if found is None or Path(place).exists():
        return Path(place), None
    return Path(found[1]), found[2]


def _reader(path: Path) -> Callable[[Path, str | None], NamedLatents]:
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(
            f"{path} is neither a folder made by `amodal encode` nor a file that ends in "
            f"{', '.join(READERS)}: save your array with numpy.save, as .npy"
        )
    return reader


def _read_store(path: Path) -> NamedLatents:
    names = read_names(path)
    return NamedLatents(open_store(path), None if names is None else list(names))


def _read_npy(path: Path, key: str | None) -> NamedLatents:
    if key is not None:
        raise InputError(f"{path}:{key}: a .npy file holds one array: give {path} alone")
    return NamedLatents(_load(path))


def _read_npz(path: Path, key: str | None) -> NamedLatents:
    shapes = _shapes(path)
    tables = [name for name, shape in shapes.items() if len(shape) == 2]
    if key is None and len(tables) != 1:
        raise InputError(
            f"{path} holds {_listed(shapes)}: say which array, "
            f"{path}:{tables[0] if tables else 'key'}"
        )
    key = tables[0] if key is None else key
    if key not in shapes:
        raise unknown_name(f"array of {path}:", key, shapes)
    present = [name for name in NAMES if name != key and len(shapes.get(name, ())) == 1]
    named = [name for name in present if shapes[name] == shapes[key][:1]]
    lengths = {shapes[name][0] for name in tables}
    if present and not any(shapes[name][0] in lengths for name in present):
        raise InputError(
            f"{path}: {present[0]!r} has {shapes[present[0]][0]:,} names, {key!r} has "
            f"{shapes[key][0]:,} rows: save a name for each row, or none"
        )
    with _load(path) as arrays:
        names = _texts(path, arrays[named[0]]) if named else None
        return NamedLatents(arrays[key], names)


def _texts(path: Path, names: np.ndarray) -> list[str]:
    """Names as texts, also where they were saved as bytes."""
    if names.dtype.kind != "S":
        return [str(each) for each in names]
    try:
        return [each.decode() for each in names.tolist()]
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path}: names of items are no UTF-8 ({error}): save texts") from error


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Array -> shape, from their headers alone; arrays of Python objects are left out."""
    shapes = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                with archive.open(member) as handle:
                    version = np.lib.format.read_magic(handle)
                    old = version == (1, 0)
                    read = (
                        np.lib.format.read_array_header_1_0
                        if old
                        else (np.lib.format.read_array_header_2_0)
                    )
                    shape, _, kind = read(handle)
                if not kind.hasobject:
                    shapes[member.removesuffix(".npy")] = shape
    except (zipfile.BadZipFile, ValueError, EOFError, OSError) as error:
        raise DamagedError(f"{path} cannot be read ({error})") from error
    return shapes


def _load(path: Path) -> Any:
    mode = "r" if path.suffix.lower() == ".npy" else None
    try:
        return np.load(path, mmap_mode=mode, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DamagedError(
            f"{path} cannot be read: it is cut short, no array of numpy, or holds Python objects: "
            "save a table of numbers again, numpy.save(path, rows.astype('float32'))"
        ) from error


def _listed(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items()) or "no array"


READERS: dict[str, Callable[[Path, str | None], NamedLatents]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".csv": read_number_table,
    ".tsv": read_number_table,
    ".parquet": read_number_parquet,
    ".pq": read_number_parquet,
    ".h5ad": read_cells,
    ".h5mu": read_cells,
}
"""Ending of a file -> what reads it."""
