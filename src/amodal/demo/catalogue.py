"""A catalogue to search, of a demo's own things or of a folder of generated data."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from amodal.data import open_dataset
from amodal.data.dataset import MODALITY_NAMES
from amodal.demo.settings import read_record
from amodal.demo.things import DemoThings
from amodal.errors import InputError
from amodal.files import checksum
from amodal.latents import Latents
from amodal.search.generated import CatalogueThings
from amodal.search.pictures import PictureFiles
from amodal.unimodal import UnimodalModel

BLOCK = 4096
"""Things that are encoded at once."""


def demo_catalogue(folder: Path, modality: str) -> CatalogueThings | None:
    """The things that a demo's fit saw in a modality, and the held-out ones.

    Returns:
        The things; None where no demo made the run.
    """
    record = read_record(folder)
    if record is None or modality not in MODALITY_NAMES:
        return None
    things = DemoThings(record.settings)
    seen = [things.pools.matched[: record.settings.matches], things.pools.unmatched[modality]]
    return _of_demo(things, np.concatenate([*seen, things.test]), modality)


def demo_queries(folder: Path, modality: str, count: int) -> CatalogueThings:
    """Things that the demo's fit saw in one modality alone: what people may ask for."""
    record = read_record(folder)
    if record is None:
        raise InputError(f"{folder} is not the run of a demo: give --queries {modality}=place")
    things = DemoThings(record.settings)
    return _of_demo(things, things.pools.unmatched[modality][:count], modality)


def _of_demo(things: DemoThings, rows: np.ndarray, modality: str) -> CatalogueThings:
    kind = things.settings.kind
    return CatalogueThings(kind, things.factors, things.raw, rows, {"demo": modality})


def data_catalogue(source: Mapping[str, Any], data: Path, index: Path) -> CatalogueThings:
    """The things of a data folder behind the rows of a store of latents.

    Args:
        source: what the store's manifest says of where they came from.
        data: the folder.
        index: the folder of the index, from which the data is found again.

    Raises:
        InputError: the latents were made from other data.
    """
    dataset = open_dataset(data)
    if source.get("manifest") != checksum(dataset.path / "manifest.json"):
        raise InputError(
            f"the latents were not made from {data}: give the folder that they were encoded from"
        )
    if "split" in source:
        rows = dataset.rows(source["split"])
    else:
        rows = np.arange(source["first"], source["end"])
    place = os.path.relpath(data.resolve(), index.resolve())
    origin = {"data": place, "source": dict(source)}
    return CatalogueThings(dataset.kind, dataset.factors, dataset.raw, rows, origin)


def pictures_origin(folder: Path, index: Path) -> dict[str, Any]:
    """What an index keeps of the folder of pictures behind its rows."""
    return {"pictures": os.path.relpath(folder.resolve(), index.resolve())}


def found_again(
    origin: Mapping[str, Any], run: Path, index: Path, data: Path | None
) -> CatalogueThings | PictureFiles | None:
    """The things behind an index, by what it says of their origin.

    Args:
        origin: as the index has it.
        run: the run folder.
        index: the folder of the index.
        data: where the data, or the folder of pictures, is, if it has moved.

    Returns:
        The things; None where the index knows of none.
    """
    if "demo" in origin:
        return demo_catalogue(run, origin["demo"])
    if "source" in origin:
        return data_catalogue(origin["source"], data or index / origin["data"], index)
    if "pictures" in origin:
        return PictureFiles(data or index / origin["pictures"])
    if data is not None:
        raise InputError(
            "this index does not know which things its rows are: index again with --data"
        )
    return None


def encoded(things: CatalogueThings, modality: str, model: UnimodalModel) -> Latents:
    """Latents of all things of a catalogue, by the unimodal model of a modality."""
    rows = things.rows
    starts = range(0, len(rows), BLOCK)
    raw = (things.raw(modality, rows[start : start + BLOCK]) for start in starts)
    latents = torch.cat([model.encode(each) for each in raw])
    return Latents(latents, model.specification, model.fingerprint, model.name)
