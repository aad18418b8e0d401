"""Shared states and translations of latents on disk, written where their owner looks for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from amodal.cells import STATE, answers_for_cells, shared_states
from amodal.errors import InputError, unknown_name
from amodal.files import atomic_path
from amodal.latents.cell_file import add_to_cells, names_of_cells
from amodal.latents.item_names import NamedLatents
from amodal.latents.places import read_place, split_place


def write_embeddings(model: Any, places: Mapping[str, str], out: Path) -> list[str]:
    """Embed and translate the latents at some places, into one file.

    Args:
        model: a fitted workspace.
        places: of the latents, by modality; see `amodal.latents.places.read_place`.
        out: a .npz file of arrays, or a .h5ad or .h5mu file, a copy of the one that holds the
            latents with X_amodal and X_amodal_<modality> added to `.obsm`.

    Returns:
        What is in the file, line by line.

    Raises:
        UnknownNameError: the model has no such modality.
        InputError: latents that the model cannot take, or, for a copy of cells, of several files.
    """
    for name in places:
        if name not in model.modalities_:
            raise unknown_name("modality", name, model.modalities_)
    arrays: dict[str, Any]
    if out.suffix.lower() == ".npz":
        arrays = _plain_arrays(model, {n: read_place(n, place) for n, place in places.items()})
        with atomic_path(out) as temporary, open(temporary, "wb") as handle:
            np.savez(handle, **arrays)
    else:
        source = _one_file(places, out)
        arrays = _cell_arrays(
            model, source, places, {n: read_place(n, place) for n, place in places.items()}
        )
        add_to_cells(source, out, arrays)
    return [f"{out}:", *(f"  {name}: {values.shape}" for name, values in arrays.items())]


def _plain_arrays(model: Any, found: Mapping[str, NamedLatents]) -> dict[str, np.ndarray]:
    arrays = {}
    for name, answers in answers_for_cells(model, found).items():
        for key, values in answers.items():
            other = key.removeprefix(STATE).removeprefix("_")
            arrays[f"{name}_to_{other}" if other else name] = values
        names = found[name].names
        if names is not None:
            arrays[f"{name}_ids"] = np.array(names)
    return arrays


def _one_file(places: Mapping[str, str], out: Path) -> Path:
    """The file that all latents are in; a copy of it is to be written."""
    files = {split_place(place)[0] for place in places.values()}
    source = next(iter(files))
    if len(files) > 1 or source.suffix.lower() != out.suffix.lower():
        raise InputError(
            f"--out {out}: it becomes a copy of the {out.suffix} file that holds the latents, but "
            f"they are in {', '.join(map(str, sorted(files)))}: write an .npz file, or embed the "
            "files one by one"
        )
    return source


def _cell_arrays(
    model: Any, source: Path, places: Mapping[str, str], found: Mapping[str, NamedLatents]
) -> dict[str, np.ndarray]:
    several = source.suffix.lower() == ".h5mu"
    if not several and len(places) > 1:
        raise InputError(f"{source} holds cells of one modality, got {', '.join(places)}")
    arrays = {}
    for name, answers in answers_for_cells(model, found).items():
        part = str(split_place(places[name])[1]).partition(":")[0]
        where = f"mod/{part}/obsm" if several else "obsm"
        arrays |= {f"{where}/{key}": values for key, values in answers.items()}
    if several:
        arrays[f"obsm/{STATE}"] = shared_states(model, found, names_of_cells(source))
    return arrays
