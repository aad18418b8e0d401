"""An index on disk, from latents: in constant memory, resumable.

The work goes on in `<out>.part`, a LanceDB table to which blocks of rows are appended; each is
there as a whole or not at all, so that the table's length says where to go on, and `index.json`
says of what index it is the beginning. The last steps make the approximate index, where there are
many rows, and give the folder its name.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.errors import DiskError, ExistsError, InputError
from amodal.files import explained_disk_errors
from amodal.model import Workspace
from amodal.progress import progress
from amodal.search.hubness import hubness, queries_with, with_hubness
from amodal.search.manifest import (
    MANIFEST,
    Manifest,
    check_same,
    fingerprint_of,
    read_manifest,
    write_manifest,
)
from amodal.search.metadata import Metadata, read_metadata, with_names
from amodal.search.rows import blocks, part, spread_over, survey
from amodal.search.settings import IndexSettings
from amodal.search.table import NAME, ROW, Parts, VectorTable, import_lancedb

SAMPLES = 100
"""Queries that the approximate index is measured with."""


@dataclass(frozen=True)
class Work:
    """One index to be built, with all that it is built from checked."""

    model: Workspace
    latents: Any
    banks: Mapping[str, Tensor]
    """Source -> retrieval vectors of queries; empty without a correction."""
    metadata: Metadata | None
    manifest: Manifest

    def columns(self, first: int, block: Any) -> dict[str, Any]:
        """The index's own columns for one block of rows."""
        total = len(block)
        found: dict[str, Any] = {ROW: np.arange(first, first + total)}
        for number, source in enumerate(self.manifest.sources):
            vectors = self.vectors(block, source)
            taken_off = hubness(vectors, self.banks.get(source), self.manifest.settings)
            found[f"vector_{number}"] = with_hubness(vectors, taken_off).numpy()
            found[f"hubness_{number}"] = taken_off.numpy()
        return found

    def vectors(self, block: Any, source: str) -> Tensor:
        """Retrieval vectors of rows of the catalogue, for queries of one source."""
        return as_tensor(self.model.retrieval_vectors(block, self.manifest.modality, source))

    def samples(self, source: str) -> Tensor:
        """Queries like those that will come: of the bank, or rows of the catalogue, translated."""
        if source in self.banks:
            rows = spread_over(self.banks[source], SAMPLES)
        else:
            some = spread_over(self.latents, SAMPLES)
            abroad = self.model.translate(some, self.manifest.modality, source)
            rows = as_tensor(self.model.retrieval_vectors(abroad, source, self.manifest.modality))
        return queries_with(rows, corrected=True)


def as_tensor(values: Any) -> Tensor:
    """numpy or torch as a float32 tensor."""
    return torch.as_tensor(values, dtype=torch.float32)


def build_index(
    model: Workspace,
    latents: Any,
    out: str | Path,
    *,
    modality: str,
    sources: tuple[str, ...] = (),
    metadata: Any = None,
    names: Sequence[str] | None = None,
    banks: Mapping[str, Any] | None = None,
    settings: IndexSettings | None = None,
    origin: Mapping[str, Any] | None = None,
) -> Manifest:
    """Build an index in the folder `out`; see `Index.build`."""
    import_lancedb()
    out, settings = Path(out), settings or IndexSettings()
    table = read_metadata(metadata)
    if names is not None:
        table = with_names(table, names)
    work = _checked(
        model, latents, modality, sources, table, banks or {}, settings, dict(origin or {})
    )
    if out.exists():
        if not (out / MANIFEST).is_file():
            raise ExistsError(f"{out} exists and is no index: remove it, or choose another --out")
        there = read_manifest(out)
        check_same(out, there, work.manifest)
        return there
    unfinished = out.with_name(out.name + ".part")
    with explained_disk_errors(out), _explained_lance_errors(out):
        rows = _prepared(unfinished, work)
        _append_rest(rows, work)
        manifest = replace(work.manifest, parts=_make_parts(rows, work))
        write_manifest(unfinished, manifest)
        unfinished.rename(out)
    return manifest


def _checked(
    model: Workspace,
    latents: Any,
    modality: str,
    sources: tuple[str, ...],
    metadata: Metadata | None,
    banks: Mapping[str, Any],
    settings: IndexSettings,
    origin: dict[str, Any],
) -> Work:
    """Everything looked through before anything is written."""
    run = fingerprint_of(model)
    specs = model.specs_
    sources = sources or tuple(name for name in specs if name != modality)
    # One row of each kind first: unknown names and other models' latents are refused by it.
    for source in sources:
        model.retrieval_vectors(part(latents, slice(0, 1)), modality, source)
    needed = set(sources) if settings.hubness != "none" else set()
    if set(banks) != needed:
        raise InputError(
            f"the hubness correction {settings.hubness!r} needs example queries of "
            f"{sorted(needed) or 'no modality'}, got those of {sorted(banks) or 'none'}"
        )
    counted = survey(modality, latents, specs[modality])
    surveys = {name: survey(name, given, specs[name]) for name, given in banks.items()}
    if metadata is not None:
        metadata.check(counted.rows)
    vectors = {
        name: as_tensor(model.retrieval_vectors(spread_over(given, settings.bank), name, modality))
        for name, given in banks.items()
    }
    manifest = Manifest(
        run=run,
        modality=modality,
        sources=sources,
        rows=counted.rows,
        latents=counted.digest,
        banks={name: each.digest for name, each in surveys.items()},
        columns={} if metadata is None else metadata.columns,
        metadata="" if metadata is None else metadata.digest,
        settings=settings,
        origin=origin,
    )
    return Work(model, latents, vectors, metadata, manifest)


def _prepared(folder: Path, work: Work) -> VectorTable:
    """The table to append to: a new one, or that of an interrupted build of the same index."""
    if (folder / MANIFEST).is_file():
        check_same(folder, read_manifest(folder), work.manifest)
        return VectorTable.open(folder)
    if folder.exists() and {each.name for each in folder.iterdir()} - {f"{NAME}.lance"}:
        raise ExistsError(f"{folder} is in the way and no unfinished index: move it elsewhere")
    # A table without its manifest: it was stopped before its first row.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    table = VectorTable.create(folder, _schema(work))
    write_manifest(folder, work.manifest)
    return table


def _schema(work: Work) -> Any:
    import pyarrow

    fields = [pyarrow.field(ROW, pyarrow.int64())]
    for number, source in enumerate(work.manifest.sources):
        dim = work.vectors(part(work.latents, slice(0, 1)), source).shape[1] + 1
        vector = pyarrow.list_(pyarrow.float32(), dim)
        fields += [pyarrow.field(f"vector_{number}", vector)]
        fields += [pyarrow.field(f"hubness_{number}", pyarrow.float32())]
    return pyarrow.schema([*fields, *(work.metadata.schema if work.metadata else [])])


def _append_rest(table: VectorTable, work: Work) -> None:
    done, total = len(table), work.manifest.rows
    take = work.metadata.reader(done) if work.metadata else lambda count: {}
    description = f"indexing {work.manifest.modality}"
    with progress(description, total, unit="rows", done=done) as advance:
        for first, block in blocks(work.latents, start=done):
            table.append(work.columns(first, block) | take(len(block)))
            advance(len(block))


def _make_parts(table: VectorTable, work: Work) -> dict[str, Parts]:
    """Approximate indexes where there are many rows; none where search is exact."""
    settings, sources = work.manifest.settings, work.manifest.sources
    if work.manifest.rows < settings.exact_below:
        return {}
    made = {}
    with progress("dividing into parts", len(sources), unit="indexes") as advance:
        for number, source in enumerate(sources):
            samples = work.samples(source).numpy()
            made[source] = table.make_parts(f"vector_{number}", samples, settings.recall)
            advance()
    return made


@contextmanager
def _explained_lance_errors(out: Path) -> Iterator[None]:
    """LanceDB reports a disk that refuses as an error of its own."""
    try:
        yield
    except RuntimeError as error:
        known = ("No space left", "Permission denied", "Read-only file system", "Disk quota")
        reason = next((words for words in known if words in str(error)), None)
        if reason is None:
            raise
        raise DiskError(
            f"cannot write {out}: {reason.lower()}: make room or choose another folder, and index "
            "again to go on"
        ) from error
