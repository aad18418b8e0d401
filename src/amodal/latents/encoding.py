"""Raw things into a store of latents: in constant memory, resumable to the same bytes.

The work goes on in `<out>.part`: rows are appended to the array block by block, and `progress.json`
says how many are safe on disk; where the array is shorter than that, the work begins again. The
last step measures, adds the manifest and renames the folder.

Where the caller can tell what was encoded so far, a beginning of the same things is taken up too:
one damaged picture that is taken out of a folder does not cost what came before it.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch

from amodal.errors import ExistsError, InputError
from amodal.files import checksum, explained_disk_errors, read_json, write_json
from amodal.latents.item_names import write_names
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
"""Rows encoded, written and marked as done at once, unless the model says `block`: slow models
have fewer. Blocks always start at multiples of it, so that an interrupted encoding passes the
model the same batches as an uninterrupted one."""
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
    half: bool = False,
    names: Sequence[str] | None = None,
    so_far: Callable[[int], str] | None = None,
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
        half: keep 16 bits of each number: half the room, about three digits.
        names: what each thing is called, written beside the latents, a line each.
        so_far: a digest of the first n things; with it, an interrupted call is also taken up where
            only things after those that are done have changed.

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
        "dtype": "float16" if half else "float32",
        "source": source or {},
    }
    if out.exists():
        _check_same(out, identity)
        return open_store(out)
    part = out.with_name(out.name + ".part")
    if not part.exists():
        model.encode(read(0, 1))  # a model that refuses does so before anything is on the disk
    with explained_disk_errors(part):
        begun = _prepare(part, identity, (total, model.specification.dim), so_far)
    _encode_rest(model, read, begun)
    with explained_disk_errors(part):
        if names is not None:
            write_names(part, names)
        _finish(part, out, identity, model)
    return open_store(out, checksums=False)


@dataclass
class _Beginning:
    """An encoding at work."""

    part: Path
    identity: dict[str, Any]
    row: int
    """Bytes of one latent."""
    start: int
    """Bytes before the first latent."""
    done: int
    """Latents that are safe on the disk."""
    so_far: Callable[[int], str] | None

    def mark(self, done: int) -> None:
        """Write down how far it is."""
        self.done = done
        value = {"identity": self.identity, "done": done, "start_of_rows": self.start}
        if self.so_far is not None:
            value["so_far"] = self.so_far(done)
        write_json(self.part / _PROGRESS, value)


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


def _prepare(
    part: Path,
    identity: dict[str, Any],
    shape: tuple[int, int],
    so_far: Callable[[int], str] | None,
) -> _Beginning:
    """Make the working folder, or take up an interrupted one."""
    part.mkdir(parents=True, exist_ok=True)
    dtype = np.dtype(identity["dtype"])
    begun = _Beginning(part, identity, dtype.itemsize * shape[1], 0, 0, so_far)
    marked = read_json(part / _PROGRESS) if (part / _PROGRESS).is_file() else None
    if marked is not None and not _goes_on(marked, begun):
        raise ExistsError(
            f"{part} is the beginning of another encoding: delete it, or finish it with its "
            "own command"
        )
    if not (part / ARRAY).is_file():
        (part / ARRAY).touch()
    with open(part / ARRAY, "r+b") as handle:
        # The header has room for any number of rows, so that its length is always the same.
        header = {"descr": dtype.newbyteorder("<").str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(handle, header)
        begun.start = handle.tell()
    if marked is not None:
        # A file that has lost its end would be filled up with zeros, and pass for latents.
        whole = (part / ARRAY).stat().st_size >= begun.start + begun.row * marked["done"]
        begun.done = marked["done"] if whole and marked["start_of_rows"] == begun.start else 0
    begun.mark(begun.done)
    return begun


def _goes_on(marked: dict[str, Any], begun: _Beginning) -> bool:
    """Whether what was begun is the beginning of this encoding."""
    if marked["identity"] == begun.identity:
        return True
    if begun.so_far is None or marked["done"] > begun.identity["rows"]:
        return False
    changing = {"rows": None, "source": None}
    alike = marked["identity"] | changing == begun.identity | changing
    return alike and marked.get("so_far") == begun.so_far(marked["done"])


def _encode_rest(model: Encoder, read: Callable[[int, int], Any], begun: _Beginning) -> None:
    """Append the rows that are not there yet. Written, not mapped: a full disk is an error then."""
    total, block = begun.identity["rows"], getattr(model, "block", BLOCK)
    dtype = np.dtype(begun.identity["dtype"]).newbyteorder("<")
    description = f"encoding {begun.identity['modality']}".rstrip()
    with (
        open(begun.part / ARRAY, "r+b") as handle,
        progress(description, total, unit="rows", done=begun.done) as advance,
    ):
        handle.seek(begun.start + begun.row * begun.done)
        handle.truncate()
        for start in range(begun.done, total, block):
            stop = min(start + block, total)
            latents = _encoded(model, read(start, stop), stop - start)
            packed = _narrowed(model, latents, dtype).tobytes()
            # Around the writing alone: what a model cannot read is no fault of this disk.
            with explained_disk_errors(begun.part):
                handle.write(packed)
                handle.flush()
                os.fsync(handle.fileno())
                begun.mark(stop)
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
    return latents


def _narrowed(model: Encoder, latents: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """As many bits as are kept."""
    with np.errstate(over="ignore"):
        kept = latents.astype(dtype)
    if not np.isfinite(kept).all():
        raise InputError(
            f"{model.name} gave numbers too large for 16 bits ({np.abs(latents).max():.3g}, at "
            "most 65504): encode without --half"
        )
    return kept


def _finish(part: Path, out: Path, identity: dict[str, Any], model: Encoder) -> None:
    """Measure, write the manifest, and give the folder its name."""
    spec = model.specification
    array = np.load(part / ARRAY, mmap_mode="r", allow_pickle=False)
    every = -(-len(array) // MEASURED)
    sample = torch.from_numpy(np.array(array[::every], np.float32))
    manifest = Manifest(
        modality=identity["modality"],
        model=identity["model"],
        fingerprint=identity["fingerprint"],
        spec=spec,
        rows=identity["rows"],
        normalisation=Normalisation.fit(sample, spec),
        dtype=identity["dtype"],
        source=identity["source"],
        details=getattr(model, "details", {}),
        bytes=(part / ARRAY).stat().st_size,
        sha256=checksum(part / ARRAY),
    )
    write_json(part / MANIFEST, manifest.to_json())
    (part / _PROGRESS).unlink(missing_ok=True)
    part.rename(out)
