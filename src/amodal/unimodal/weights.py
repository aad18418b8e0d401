"""Weights on disk: safetensors with a JSON description, refused when damaged or foreign."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from amodal.errors import DamagedError, InputError, NotFoundError
from amodal.files import atomic_path

KEY = "amodal"
FORMAT = 1
REMEDY = "copy it again, reinstall amodal, or remake it with `amodal pretrain`"


@dataclass(frozen=True)
class WeightsFile:
    """What a weights file holds."""

    description: dict[str, Any]
    """name, kind, settings, blocks, fingerprint."""
    tensors: dict[str, Tensor]
    """The state of the model."""

    @contextlib.contextmanager
    def explained(self, path: str | Path) -> Iterator[None]:
        """Turn a refusal of the settings or tensors into a `DamagedError`."""
        try:
            yield
        except (RuntimeError, TypeError, KeyError, InputError) as error:
            raise DamagedError(
                f"{path}: the tensors do not fit the model that it describes; {REMEDY}"
            ) from error

    def check_fingerprint(self, path: str | Path, fingerprint: str) -> None:
        """Refuse weights that were altered after they were written."""
        if fingerprint != self.description["fingerprint"]:
            raise DamagedError(f"{path}: the weights do not match their fingerprint; {REMEDY}")


def write_weights(path: str | Path, file: WeightsFile) -> None:
    """Write one weights file, atomically.

    Raises:
        DiskError: the disk refused.
    """
    tensors = {name: t.detach().cpu().contiguous() for name, t in file.tensors.items()}
    metadata = {KEY: json.dumps({"format": FORMAT, **file.description}, sort_keys=True)}
    with atomic_path(path) as temporary:
        # Bytes first: safetensors' own writer hides the operating system's reason for a refusal.
        temporary.write_bytes(safetensors.torch.save(tensors, metadata))


def read_weights(path: str | Path, *, kind: str | None = None) -> WeightsFile:
    """Read one weights file; `kind`, when given, must be the kind of model in it.

    Raises:
        NotFoundError: there is no such file.
        DamagedError: it is truncated, not ours, of a newer format or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise NotFoundError(f"there is no weights file {path}; {REMEDY}")
    try:
        with safetensors.safe_open(path, framework="pt") as handle:
            metadata = handle.metadata() or {}
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise DamagedError(f"{path} is truncated or no safetensors file ({error}); {REMEDY}") from (
            error
        )
    description = _description(path, metadata)
    if kind is not None and description["kind"] != kind:
        raise DamagedError(
            f"{path} holds a model of kind {description['kind']!r}, expected {kind!r}; {REMEDY}"
        )
    return WeightsFile(description, tensors)


def _description(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    try:
        description = json.loads(metadata[KEY])
        version = description["format"]
    except (KeyError, TypeError, json.JSONDecodeError):
        raise DamagedError(f"{path} was not written by amodal (foreign file); {REMEDY}") from None
    if version != FORMAT:
        raise DamagedError(
            f"{path} has format {version}, this amodal reads {FORMAT}: update amodal, or remake "
            "the weights with `amodal pretrain`"
        )
    missing = {"name", "kind", "settings", "blocks", "fingerprint"} - set(description)
    if missing:
        raise DamagedError(f"{path} lacks {sorted(missing)} in its description; {REMEDY}")
    return description
