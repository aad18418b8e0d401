"""The fingerprint of a named model: its files, and everything that changes its latents."""

import hashlib
import json
from typing import Any

from amodal.unimodal.named.folder import ModelFolder


def fingerprint_of(kind: str, folder: ModelFolder, readings: list[Any]) -> str:
    """SHA-256 over files and readings: alike for one model from the hub and from a folder.

    Versions of the libraries are no part of it: they change latents by rounding, if at all.
    """
    value = {"kind": kind, "files": folder.digest, "readings": readings}
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
