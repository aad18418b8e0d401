"""Latents from .h5ad and .h5mu files (AnnData, MuData): only the array and the names are read."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import DamagedError, InputError, import_extra, unknown_name
from amodal.files import atomic_path
from amodal.latents.item_names import NamedLatents

WIDEST = 5_000
"""Columns of X that are still taken for latents."""


def read_cells(path: Path, key: str | None = None) -> NamedLatents:
    """Read one array of cells, and what the cells are called.

    Args:
        path: a .h5ad or .h5mu file.
        key: an `.obsm` key such as X_pca, or X; in a .h5mu file after its modality, rna:X_pca.

    Raises:
        InputError: no key, or an array that is no table of numbers.
        UnknownNameError: there is no such modality or key.
        DamagedError: it is no such file.
        MissingExtraError: without `amodal[cells]`.
    """
    with _opened(path) as file:
        where, group, key = _group(path, file, key)
        held = sorted(group.get("obsm", ()))
        known = [*held, "X"] if _holds(group, "X") else held
        if not known:
            raise InputError(f"{path} holds no array of the cells: neither .obsm nor X")
        if key is None:
            raise InputError(
                f"{path}: say which array of the cells, such as {path}:{where}{known[0]}; "
                f".obsm has {', '.join(held) or 'none'}"
            )
        if key not in known:
            raise unknown_name(f".obsm key of {path}{':' + where.rstrip(':')}", key, known)
        rows = _rows(f"{path}:{where}{key}", group if key == "X" else group["obsm"], key)
        return NamedLatents(rows, _names(group))


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    hdf5 = import_extra("h5py", "cells")
    import_extra("anndata", "cells")
    try:
        with hdf5.File(path, "r") as file:
            if "obs" not in file:
                raise DamagedError(f"{path} holds no AnnData or MuData (it has no obs)")
            yield file
    except OSError as error:
        if isinstance(error, DamagedError):
            raise
        raise DamagedError(f"{path} cannot be read as HDF5 ({error})") from error


def _group(path: Path, file: Any, key: str | None) -> tuple[str, Any, str | None]:
    """The modality's part of the file, what leads to it, and the rest of the key."""
    if path.suffix.lower() != ".h5mu":
        return "", file, key
    modality, _, rest = (key or "").partition(":")
    known = sorted(file.get("mod", ()))
    if not modality:
        raise InputError(
            f"{path}: say which modality and array, such as {path}:{known[0] if known else 'rna'}"
            f":X_pca; it has {', '.join(known) or 'none'}"
        )
    if modality not in known:
        raise unknown_name(f"modality of {path}:", modality, known)
    return f"{modality}:", file["mod"][modality], rest or None


def _holds(group: Any, key: str) -> bool:
    """Whether there is an array; one that was left out (`AnnData.X` is None) is kept as null."""
    return key in group and group[key].attrs.get("encoding-type") != "null"


def _names(group: Any) -> list[str]:
    """The names of the cells."""
    obs = group["obs"]
    return [str(each) for each in _element(obs[obs.attrs["_index"]])]


def _rows(where: str, group: Any, key: str) -> np.ndarray:
    from scipy.sparse import issparse

    shape = group[key].attrs.get("shape", getattr(group[key], "shape", (0, 0)))
    if key == "X" and shape[1] > WIDEST:
        raise InputError(
            f"{where} has {shape[1]:,} columns: project on principal components first "
            "(scanpy.pp.pca), and give X_pca"
        )
    rows = _element(group[key])
    rows = rows.toarray() if issparse(rows) else np.asarray(rows)
    if rows.ndim != 2 or rows.dtype.kind not in "fiub":
        raise InputError(
            f"{where}: expected a table of numbers, got {rows.dtype} of shape {rows.shape}"
        )
    return rows


def _element(stored: Any) -> Any:
    return import_extra("anndata.io", "cells").read_elem(stored)


def names_of_cells(path: Path) -> list[str]:
    """What all cells of a .h5ad or .h5mu file are called, in its own order."""
    with _opened(path) as file:
        return _names(file)


def add_to_cells(source: Path, out: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a copy of a .h5ad or .h5mu file with further arrays in it; the rest is not read.

    Args:
        source: the file.
        out: the file to write.
        arrays: by their place in the file, such as "obsm/X_amodal" or "mod/rna/obsm/X_amodal".
    """
    write = import_extra("anndata.io", "cells").write_elem
    with atomic_path(out) as temporary:
        shutil.copyfile(source, temporary)
        with import_extra("h5py", "cells").File(temporary, "r+") as file:
            for place, values in arrays.items():
                group, _, key = place.rpartition("/")
                write(file[group], key, values)
