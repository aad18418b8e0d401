"""What an index is of: which run, which rows, which metadata; written beside its table."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from amodal.errors import ExistsError, InputError, NotFoundError
from amodal.files import read_versioned, write_json
from amodal.model.serialise import to_files
from amodal.search.settings import IndexSettings
from amodal.search.table import Parts

FORMAT = "amodal-index"
VERSION = 1
MANIFEST = "index.json"


@dataclass(frozen=True)
class Manifest:
    """Everything that decides what an index holds, and how its parts were made."""

    run: str
    """Fingerprint of the workspace, see `fingerprint_of`."""
    modality: str
    """What the catalogue's rows are of."""
    sources: tuple[str, ...]
    """The modalities that queries may be of; number i asks the column vector_i."""
    rows: int
    """How many there are in the catalogue."""
    latents: str
    """SHA-256 of the catalogue's latents."""
    banks: dict[str, str]
    """Source -> SHA-256 of the queries that hubness was measured with."""
    columns: dict[str, str]
    """Names and types of the metadata."""
    metadata: str
    """SHA-256 of the metadata; empty without any."""
    settings: IndexSettings
    """How it was built."""
    origin: dict[str, Any] = field(default_factory=dict)
    """Where the raw things are, as plain values; what shows pictures reads it."""
    parts: dict[str, Parts] = field(default_factory=dict)
    """Source -> the approximate index; empty where search is exact."""

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `json.dump`."""
        plain = asdict(self) | {"sources": list(self.sources)}
        return {"format": FORMAT, "version": VERSION} | plain

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Manifest":
        """The inverse of `to_json`."""
        plain = {name: value[name] for name in cls.__dataclass_fields__}
        plain["sources"] = tuple(value["sources"])
        plain["settings"] = IndexSettings(**value["settings"])
        plain["parts"] = {name: Parts(**parts) for name, parts in value["parts"].items()}
        return cls(**plain)


def fingerprint_of(model: Any) -> str:
    """SHA-256 of all of a fitted workspace that decides its retrieval vectors.

    The same before saving and after loading.
    """
    config, tensors = to_files(model)
    decisive = {name: config[name] for name in ("architecture", "normalisation", "trust")}
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tuple(tensors[name].shape)}".encode())
        digest.update(tensors[name].contiguous().numpy().tobytes())
    return digest.hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it into an index's folder."""
    write_json(folder / MANIFEST, manifest.to_json())


def read_manifest(folder: Path) -> Manifest:
    """What the index in a folder says of itself.

    Raises:
        NotFoundError: there is none, or it is not finished.
        DamagedError: it is damaged, foreign, or of another version.
    """
    if not (folder / MANIFEST).is_file():
        if folder.with_name(folder.name + ".part").is_dir():
            raise NotFoundError(f"{folder} is not finished: index again as before to go on")
        raise NotFoundError(f"there is no index in {folder}: make one with `amodal index`")
    return read_versioned(
        folder / MANIFEST,
        Manifest.from_json,
        form=(FORMAT, VERSION),
        what="an index",
        remedy="remove the folder and index again",
    )


def check_run(folder: Path, manifest: Manifest, model: Any) -> None:
    """Refuse an index that another workspace has made.

    Raises:
        InputError: the fingerprints differ.
    """
    own = fingerprint_of(model)
    if manifest.run != own:
        raise InputError(
            f"{folder} was made by another run (fingerprint {manifest.run[:12]}, this run has "
            f"{own[:12]}): its vectors mean nothing to this one. Index again with this run"
        )


def check_same(folder: Path, there: Manifest, wanted: Manifest) -> None:
    """Refuse a folder that holds the index of anything else.

    Raises:
        ExistsError: it says what differs.
    """
    first, second = there.to_json(), wanted.to_json()
    names = [name for name in first if name != "parts" and first[name] != second[name]]
    if names:
        raise ExistsError(
            f"{folder} holds another index (it differs in {', '.join(names)}): choose another "
            "--out, or remove it first"
        )
