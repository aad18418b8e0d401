"""Latents on disk: a folder that is opened without reading it, and checked before it is believed.

A store holds `latents.npy` (float32 or float16, memory-mapped) and `manifest.json`: what encoded
which raw things, how the latents are measured and normalised, and the size and SHA-256 of the
array. Where the things have names, `items.txt` holds them, a line each.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import DamagedError, NotFoundError
from amodal.files import checksum, read_versioned
from amodal.latents.latents import Latents
from amodal.latents.normalisation import Normalisation
from amodal.specification import LatentSpec

FORMAT = "amodal-latents"
VERSION = 1
ARRAY, MANIFEST = "latents.npy", "manifest.json"
CHEAP = 256 * 2**20
"""Arrays below this many bytes have their checksum compared whenever they are opened."""
REMEDY = "delete the folder and encode again"


@dataclass(frozen=True)
class Manifest:
    """What is written beside the array."""

    modality: str
    """What the latents are of: "image", "text", ..."""
    model: str
    """Name or file of the unimodal model."""
    fingerprint: str
    """Of the unimodal model."""
    spec: LatentSpec
    """The blocks of the latent space."""
    rows: int
    """How many latents."""
    normalisation: Normalisation
    """Mean and scale of each column, measured on up to 100,000 of the rows."""
    source: dict[str, Any]
    """Where the raw things came from, as plain values; empty when unknown."""
    bytes: int
    """Size of the array's file."""
    sha256: str
    """Of the array's file."""
    dtype: str = "float32"
    """float32, or float16 where half the bits were kept."""
    details: dict[str, Any] = field(default_factory=dict)
    """Of the unimodal model, as plain values: revision, what is read off it, preprocessing."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `json.dump`."""
        plain = {name: getattr(self, name) for name in type(self).__dataclass_fields__}
        plain |= {"spec": self.spec.to_json(), "normalisation": self.normalisation.to_json()}
        return {"format": FORMAT, "version": VERSION} | plain

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Manifest":
        """The inverse of `to_json`."""
        # Stores of before there was a choice are of float32.
        value = {"dtype": "float32", "details": {}} | value
        plain = {name: value[name] for name in cls.__dataclass_fields__}
        plain["spec"] = LatentSpec.from_json(value["spec"])
        plain["normalisation"] = Normalisation.from_json(value["normalisation"])
        return cls(**plain)


def read_manifest(path: str | Path) -> Manifest:
    """What the store at `path` says of itself.

    Raises:
        NotFoundError: there is no such folder, or its encoding was interrupted.
        DamagedError: it is not a store, is damaged, or is of a newer version.
    """
    path = Path(path)
    if not path.is_dir():
        raise NotFoundError(_absent(path))
    if not (path / MANIFEST).is_file():
        raise DamagedError(
            f"{path} is no store of latents (it has no {MANIFEST}): give a folder that `amodal "
            "encode` has made; raw things are encoded first, amodal encode "
            f"{path} --model NAME --out latents/NAME"
        )
    return read_versioned(
        path / MANIFEST,
        Manifest.from_json,
        form=(FORMAT, VERSION),
        what="a store of latents",
        remedy=REMEDY,
    )


def open_store(path: str | Path, *, checksums: bool | None = None) -> Latents:
    """Open the latents in a store, memory-mapped: nothing is read before it is used.

    The manifest, the size of the array and its header are always checked.

    Args:
        path: the folder.
        checksums: compare the array's SHA-256 too, which reads all of it; when left out, for
            arrays below 256 MB.

    Raises:
        NotFoundError: there is no such folder, or its encoding was interrupted.
        DamagedError: it is truncated, changed, foreign, or of a newer version.

    Example:
        >>> import tempfile
        >>> from amodal.latents.encoding import encode_to_store
        >>> from amodal.unimodal import load_model
        >>> raw = np.array([[0, 1, 0, 0.5, 0, -1, 0, 1, 1, 0, 0]] * 3, np.float32)
        >>> folder = Path(tempfile.mkdtemp()) / "attributes"
        >>> latents = encode_to_store(load_model("shapes/attributes"), raw, folder)
        >>> open_store(folder).rows.shape, latents.model
        ((3, 11), 'shapes/attributes')
    """
    path = Path(path)
    manifest = read_manifest(path)
    array = path / ARRAY
    found = array.stat().st_size if array.is_file() else None
    if found != manifest.bytes:
        state = "is missing" if found is None else f"has {found} bytes"
        raise DamagedError(f"{array} {state}, expected {manifest.bytes} bytes: {REMEDY}")
    verify = manifest.bytes < CHEAP if checksums is None else checksums
    if verify and checksum(array) != manifest.sha256:
        raise DamagedError(f"{array} does not match its checksum, it was changed: {REMEDY}")
    rows = _mapped(array)
    expected = (manifest.rows, manifest.spec.dim)
    if str(rows.dtype) != manifest.dtype or rows.shape != expected:
        raise DamagedError(
            f"{array} holds {rows.dtype} {rows.shape}, expected {manifest.dtype} {expected}: "
            f"{REMEDY}"
        )
    return Latents(
        rows, manifest.spec, manifest.fingerprint, manifest.model, manifest.normalisation
    )


def _mapped(array: Path) -> np.ndarray:
    try:
        return np.load(array, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DamagedError(f"{array} cannot be read ({error}): {REMEDY}") from error


def _absent(path: Path) -> str:
    if path.with_name(path.name + ".part").is_dir():
        return f"{path} is not finished: run the same `amodal encode` again to go on"
    return f"there is no folder {path}: make it with `amodal encode DATA --out {path}`"
