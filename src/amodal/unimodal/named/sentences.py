"""A frozen model of sentence-transformers: sentences -> latents."""

from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError, MissingExtraError
from amodal.typing import Float
from amodal.unimodal.named.base import NamedModel
from amodal.unimodal.named.fingerprint import fingerprint_of
from amodal.unimodal.named.folder import ModelFolder
from amodal.unimodal.named.lost import lost_weights, weights_are_lost
from amodal.unimodal.named.name import ModelName
from amodal.unimodal.named.quiet import quietly, usable_device


class SentenceModel(NamedModel):
    """Sentences through a sentence-transformers model, pooled and scaled as it was saved.

    Args:
        name: what to load.
        folder: where it lies.

    Raises:
        InputError: it cannot be loaded.
        MissingExtraError: sentence-transformers is not installed.
    """

    kind: ClassVar[str] = "st"
    modality = "text"
    block = 1024
    """Sentences encoded between two marks of progress."""

    def __init__(self, name: ModelName, folder: ModelFolder) -> None:
        network = _load(name, folder)
        details = {
            "library": "sentence-transformers",
            "class": type(network[0]).__name__,
            "revision": folder.revision,
            "reads": "the output of " + ", ".join(type(module).__name__ for module in network),
            "preprocessing": {
                "longest": network.max_seq_length,
                "prompt": network.prompts.get(network.default_prompt_name or "", ""),
            },
        }
        fingerprint = fingerprint_of(self.kind, folder, [])
        super().__init__(name, _dim(name, network), fingerprint=fingerprint, details=details)
        self.network = network
        self.freeze()

    def check(self, raw: Any) -> list[str]:
        """Return `raw` as a list if it is a series of sentences."""
        if isinstance(raw, str):
            raise InputError(f"{self.name}: expected a list of sentences, got one: use [sentence]")
        rows = raw.tolist() if isinstance(raw, np.ndarray) else list(raw)
        for number, row in enumerate(rows):
            if not isinstance(row, str) or not row.strip():
                raise InputError(f"{self.name}: expected sentences, got {row!r} as number {number}")
        return rows

    def encode(self, raw: Any, *, batch: int = 32) -> Float[Tensor, "row dim"]:
        """Latents of sentences, `batch` at a time.

        Args:
            raw: sentences. What is longer than the model reads is cut, as it says in `details`.
            batch: sentences in one pass; changes the speed, and the result by rounding only.

        Raises:
            InputError: something is no sentence, or an empty one.
        """
        rows = self.check(raw)
        with torch.no_grad():
            return _encoded(self.network, rows, batch)


def _encoded(network: Any, rows: list[str], batch: int) -> Float[Tensor, "row dim"]:
    encoded = network.encode(
        rows, batch_size=batch, convert_to_tensor=True, show_progress_bar=False
    )
    return encoded.float().cpu()


def _load(name: ModelName, folder: ModelFolder) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise MissingExtraError("sentence-transformers", "models") from None
    try:
        with quietly():
            network = SentenceTransformer(
                str(folder.path),
                device=str(usable_device()),
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True, "dtype": torch.float32},
            )
            lost = lost_weights(getattr(network[0], "auto_model", None), folder.path)
    # The library raises OSError, ValueError, KeyError, ImportError, ... on foreign folders.
    except Exception as error:
        raise InputError(
            f"{name} cannot be loaded by sentence-transformers: {error}. A vision model is given "
            f"as hf:{name.place}"
        ) from error
    if lost:
        raise InputError(weights_are_lost(name, lost))
    return network


def _dim(name: ModelName, network: Any) -> int:
    try:
        return _encoded(network, ["a sentence"], 1).shape[1]
    except Exception as error:
        raise InputError(
            f"{name} does not take a sentence and give a vector ({error}): choose a text model"
        ) from error
