"""A fitted workspace as a folder: config.json and model.safetensors, nothing that can run code.

A model card (README.md) and environment.json lie beside them for people; neither is read back.
"""

import hashlib
import json
import platform
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from amodal.errors import DamagedError, ExistsError, NotFoundError
from amodal.files import (
    atomic_path,
    checksum,
    explained_disk_errors,
    read_json,
    write_json,
    write_tensors,
)
from amodal.model.card import card

FORMAT = "amodal-workspace"
VERSION = 5
"""2: the directions of an alignment are in several views; 3: a self-trained workspace answers;
4: doubt is by the disagreement of the members' own answers; 5: rows are compared in metrics."""
CARD = "README.md"
FILES = ("config.json", "model.safetensors", "environment.json", "metrics.jsonl")
"""What a folder holds beside the card; the last one only after a fit with a folder."""


def write_model(
    folder: Path,
    config: dict[str, Any],
    tensors: dict[str, Tensor],
    *,
    licence: str | None = None,
) -> None:
    """Write weights, then the configuration with their checksum: its presence means complete."""
    with explained_disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder / "model.safetensors", tensors)
    write_json(folder / "environment.json", environment())
    held = any(name.startswith("kernel.") for name in tensors)
    with atomic_path(folder / CARD) as temporary:
        temporary.write_text(card(config, holds_latents=held, licence=licence), "utf-8")
    header = {
        "format": FORMAT,
        "version": VERSION,
        "sha256": checksum(folder / "model.safetensors"),
    }
    whole = header | config
    write_json(folder / "config.json", whole | {"checksum": _checksum_of(whole)})


def _checksum_of(config: dict[str, Any]) -> str:
    """The SHA-256 of a configuration's content, whatever its order and spaces."""
    content = {name: value for name, value in config.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def check_config(config: dict[str, Any]) -> None:
    """Refuse a configuration that is not as it was written; those of old have no checksum.

    Raises:
        ValueError: a number or a word was changed.
    """
    if "checksum" in config and config["checksum"] != _checksum_of(config):
        raise ValueError("it was changed after it was written: its checksum differs")


def save_folder(
    folder: Path,
    config: dict[str, Any],
    tensors: dict[str, Tensor],
    *,
    licence: str | None = None,
) -> None:
    """Write a new model folder, whole or not at all.

    Raises:
        ExistsError: there is something already.
    """
    if folder.exists():
        raise ExistsError(f"{folder} already exists: choose another folder, or remove it first")
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        write_model(temporary, config, tensors, licence=licence)
        with explained_disk_errors(folder):
            temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def read_model(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read and verify a model folder.

    Raises:
        NotFoundError: no such folder, or no finished model in it.
        DamagedError: foreign, of a newer format, truncated or changed.
    """
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}: give a folder that a fit has written")
    if not (folder / "config.json").exists():
        unfinished = any(folder.glob("checkpoint*.safetensors"))
        hint = "run the same fit again to finish it" if unfinished else "is it a run folder?"
        raise NotFoundError(f"{folder} holds no fitted model (no config.json): {hint}")
    config = read_json(folder / "config.json")
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise DamagedError(
            f"{folder}/config.json is not of a fitted workspace (its format is not {FORMAT!r})"
        )
    version = config.get("version")
    if not isinstance(version, int):
        raise DamagedError(f"{folder}/config.json has no format version: it is damaged or foreign")
    if version > VERSION:
        raise DamagedError(
            f"{folder} was written in format version {version}, this Amodal reads up to "
            f"{VERSION}: upgrade it"
        )
    path = folder / "model.safetensors"
    if not path.is_file() or checksum(path) != config.get("sha256"):
        state = "missing" if not path.is_file() else "truncated or changed (its checksum differs)"
        raise DamagedError(f"{path} is {state}: copy the folder anew, or remove it and fit again")
    try:
        return config, load_file(path)
    except SafetensorError as error:
        raise DamagedError(f"{path} is damaged: {error}") from error


def read_history(folder: Path) -> list[dict[str, Any]]:
    """The losses and scores that a fit with a folder has written; empty where there are none."""
    path = folder / "metrics.jsonl"
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        if not all(isinstance(row, dict) for row in rows):
            raise ValueError("a line is no object")
        return rows
    except FileNotFoundError:
        return []
    except (ValueError, RecursionError, OSError) as error:
        raise DamagedError(f"{path} is damaged ({error}): remove it to do without") from error


def environment() -> dict[str, str]:
    """Versions that a result may depend on."""
    from amodal import __version__

    return {
        "amodal": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
