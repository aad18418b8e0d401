"""Raw things into a store of latents: in constant memory, resumable to the same bytes.

The work goes on in `<out>.part`: rows are appended to the array block by block, and `progress.json`
says how many are safe on disk; where the array is shorter than that, the work begins again. The
last step measures, adds the manifest and renames the folder.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from amodal.errors import ExistsError, InputError
from amodal.files import checksum, explained_disk_errors, read_json, write_json
from amodal.latents.latents import Latents
from amodal.latents.normalisation import Normalisation
from amodal.latents.store import (
    ARRAY,
    FORMAT,
    MANIFEST,
    VERSION,
    Manifest,
    open_store,
    read_manifest,
)
from amodal.progress import progress
from amodal.specification import LatentSpec

BLOCK = 4096
"""Rows encoded, written and marked as done at once. Blocks always start at multiples of it, so
that an interrupted encoding passes the model the same batches as an uninterrupted one."""
MEASURED = 100_000
"""Rows that the normalisation is measured on, spread evenly."""
_PROGRESS = "progress.json"


@runtime_checkable
class Encoder(Protocol):
    """What is needed of a unimodal model."""

    name: str
    specification: LatentSpec

    @property
    def fingerprint(self) -> str:
        """Changes with weights and preprocessing."""
        ...

    def encode(self, raw: Any) -> torch.Tensor:
        """Raw things -> (row, dim)."""
        ...


def encode_to_store(
    model: Encoder,
    raw: Sequence[Any] | np.ndarray | Callable[[int, int], Any],
    out: str | Path,
    *,
    rows: int | None = None,
    modality: str = "",
    source: dict[str, Any] | None = None,
    model_name: str | None = None,
) -> Latents:
    """Encode raw things into the folder `out`, and open it.

    An interrupted call is resumed by the same call; a finished folder of the same encoding is
    opened and returned as it is.

    Args:
        model: the frozen unimodal model.
        raw: an array or list of raw things, or a function (start, stop) -> those things, for what
            does not fit into memory.
        out: the folder.
        rows: how many things; needed where `raw` is a function.
        modality: what they are of, for the manifest.
        source: where they come from, as plain values: two encodings with the same model, rows and
            source are taken for the same.
        model_name: what to write down as the model; its own name when left out.

    Raises:
        ExistsError: `out` (or its unfinished part) holds another encoding.
        DiskError: the disk refuses; what is done is kept.
        InputError: the model refuses the raw things, or gives something else than rows of numbers.
    """
    out = Path(out)
    read = raw if callable(raw) else lambda start, stop: raw[start:stop]
    total = _count(raw, rows)
    identity = {
        "format": FORMAT,
        "version": VERSION,
        "modality": modality,
        "model": model_name or model.name,
        "fingerprint": model.fingerprint,
        "spec": model.specification.to_json(),
        "rows": total,
        "source": source or {},
    }
    if out.exists():
        _check_same(out, identity)
        return open_store(out)
    part = out.with_name(out.name + ".part")
    if not part.exists():
        model.encode(read(0, 1))  # a model that refuses does so before anything is on the disk
    with explained_disk_errors(part):
        done, start_of_rows = _prepare(part, identity, (total, model.specification.dim))
        _encode_rest(model, read, part, identity, done=done, start_of_rows=start_of_rows)
        _finish(part, out, identity, model.specification)
    return open_store(out, checksums=False)


def _count(raw: Any, rows: int | None) -> int:
    if rows is None:
        if callable(raw):
            raise InputError("raw is a function of (start, stop): say how many things, rows=...")
        rows = len(raw)
    if rows < 1:
        raise InputError(f"there are {rows} things to encode, expected at least 1")
    return rows


def _check_same(out: Path, identity: dict[str, Any]) -> None:
    """Refuse a folder that holds anything else than this encoding."""
    if not (out / MANIFEST).is_file():
        raise ExistsError(f"{out} exists and is no store of latents: choose another --out")
    there = read_manifest(out).to_json()
    differing = [key for key in identity if there[key] != identity[key]]
    if differing:
        raise ExistsError(
            f"{out} holds another encoding (it differs in {', '.join(differing)}): choose another "
            "--out, or delete it first"
        )


def _prepare(part: Path, identity: dict[str, Any], shape: tuple[int, int]) -> tuple[int, int]:
    """Make the working folder or take up an interrupted one: rows done, bytes before the first."""
    if (part / _PROGRESS).is_file():
        begun = read_json(part / _PROGRESS)
        if begun["identity"] != identity:
            raise ExistsError(
                f"{part} is the beginning of another encoding: delete it, or finish it with its "
                "own command"
            )
        done, start_of_rows = begun["done"], begun["start_of_rows"]
        # A file that has lost its end would be filled up with zeros, and pass for latents.
        if _size(part / ARRAY) >= start_of_rows + 4 * shape[1] * done:
            return done, start_of_rows
    part.mkdir(parents=True, exist_ok=True)
    with open(part / ARRAY, "wb") as handle:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)
        start_of_rows = handle.tell()
    _mark(part, identity, 0, start_of_rows)
    return 0, start_of_rows


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _encode_rest(
    model: Encoder,
    read: Callable[[int, int], Any],
    part: Path,
    identity: dict[str, Any],
    *,
    done: int,
    start_of_rows: int,
) -> None:
    """Append the rows that are not there yet. Written, not mapped: a full disk is an error then."""
    total, dim = identity["rows"], model.specification.dim
    description = f"encoding {identity['modality']}".rstrip()
    with (
        open(part / ARRAY, "r+b") as handle,
        progress(description, total, unit="rows", done=done) as advance,
    ):
        handle.seek(start_of_rows + 4 * dim * done)
        handle.truncate()
        for start in range(done, total, BLOCK):
            stop = min(start + BLOCK, total)
            handle.write(_encoded(model, read(start, stop), stop - start).tobytes())
            handle.flush()
            os.fsync(handle.fileno())
            _mark(part, identity, stop, start_of_rows)
            advance(stop - start)


def _encoded(model: Encoder, raw: Any, expected: int) -> np.ndarray:
    latents = model.encode(raw).detach().cpu().numpy()
    if latents.shape != (expected, model.specification.dim):
        raise InputError(
            f"{model.name} gave latents of shape {latents.shape} for {expected} things, expected "
            f"{(expected, model.specification.dim)}"
        )
    if not np.isfinite(latents).all():
        raise InputError(f"{model.name} gave NaN or infinite numbers: are the raw things intact?")
    return latents.astype("<f4")


def _mark(part: Path, identity: dict[str, Any], done: int, start_of_rows: int) -> None:
    value = {"identity": identity, "done": done, "start_of_rows": start_of_rows}
    write_json(part / _PROGRESS, value)


def _finish(part: Path, out: Path, identity: dict[str, Any], spec: LatentSpec) -> None:
    """Measure, write the manifest, and give the folder its name."""
    array = np.load(part / ARRAY, mmap_mode="r", allow_pickle=False)
    every = -(-len(array) // MEASURED)
    sample = torch.from_numpy(np.array(array[::every]))
    manifest = Manifest(
        modality=identity["modality"],
        model=identity["model"],
        fingerprint=identity["fingerprint"],
        spec=spec,
        rows=identity["rows"],
        normalisation=Normalisation.fit(sample, spec),
        source=identity["source"],
        bytes=(part / ARRAY).stat().st_size,
        sha256=checksum(part / ARRAY),
    )
    write_json(part / MANIFEST, manifest.to_json())
    (part / _PROGRESS).unlink(missing_ok=True)
    part.rename(out)
