"""What every frozen unimodal model offers: encode, decode, a specification, a fingerprint."""

import hashlib
import json
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from amodal.errors import InputError
from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.unimodal.weights import WeightsFile, read_weights, write_weights

LARGE = 2_000_000
"""Weights above which a file holds them in 16 bits."""
Rows = TypeVar("Rows", np.ndarray, list)
# Not `Self`: beartype checks methods one by one and does not know their class.
Own = TypeVar("Own", bound="UnimodalModel")


class UnimodalModel(nn.Module):
    """A model between raw things of one modality and its latents, trained once, then frozen.

    A subclass sets `kind`, passes its name and blocks to `__init__`, keeps what is needed to
    build it again in `settings()`, and writes `encode_batch` and `decode_batch`; everything else
    (batching, freezing, fingerprint, files) is here.

    Args:
        name: what it is called, "shapes/image" for example.
        specification: the blocks of its latents.
    """

    kind: ClassVar[str]
    """Names the class in a weights file."""
    reads_files: ClassVar[bool] = False
    """Whether pictures may be given to it as files, of any size."""

    def __init__(self, name: str, specification: LatentSpec) -> None:
        super().__init__()
        self.name = name
        self.specification = specification
        self.frozen = False

    def settings(self) -> dict[str, Any]:
        """Everything but weights that the class needs to be built again, as plain JSON values."""
        return {}

    def check(self, raw: Any) -> Any:
        """Return `raw` as rows that can be sliced, or raise an `InputError` that says why not."""
        return raw

    def check_decodes(self) -> None:
        """Refuse a model that makes latents only, where raw things are asked for."""

    def encode_batch(self, raw: Any) -> Float[Tensor, "batch dim"]:
        """Latents of a few raw things."""
        raise NotImplementedError(f"{type(self).__name__} does not encode")

    def decode_batch(self, latents: Float[Tensor, "batch dim"]) -> Any:
        """Raw things (an array or a list) of a few latents."""
        raise NotImplementedError(f"{type(self).__name__} does not decode")

    def encode(self, raw: Any, *, batch: int = 512) -> Float[Tensor, "row dim"]:
        """Latents of raw things, `batch` at a time, so in constant memory beside the result.

        Args:
            raw: rows of this modality: an array or a list.
            batch: rows in one pass; changes the speed, not the result.

        Returns:
            Latents without a gradient; they may enter a graph of your own.

        Raises:
            InputError: `raw` is not what the model was trained on.
        """
        rows = self.check(raw)
        # no_grad and not inference_mode: inference tensors cannot be used under autograd later.
        with torch.no_grad():
            starts = range(0, max(len(rows), 1), batch)
            return torch.cat([self.encode_batch(rows[i : i + batch]) for i in starts])

    def decode(self, latents: Float[Tensor, "row dim"], *, batch: int = 512) -> Any:
        """Raw things of latents, `batch` at a time.

        Args:
            latents: rows in the space of `specification`.
            batch: rows in one pass; changes the speed, not the result.

        Raises:
            InputError: the number of columns is not the model's.
        """
        if latents.shape[1] != self.specification.dim:
            raise InputError(
                f"{self.name}: latents have {latents.shape[1]} columns, expected "
                f"{self.specification.dim}: are they from another unimodal model?"
            )
        device = next((tensor.device for tensor in self.parameters()), latents.device)
        with torch.no_grad():
            starts = range(0, max(len(latents), 1), batch)
            return joined(
                [self.decode_batch(latents[i : i + batch].detach().to(device)) for i in starts]
            )

    def freeze(self: Own) -> Own:
        """Stop all learning in this model, for good: no gradients, evaluation mode."""
        self.frozen = True
        self.requires_grad_(False)
        return self.eval()

    def train(self: Own, mode: bool = True) -> Own:
        """Switch training mode on; a frozen model stays in evaluation mode."""
        # A module that contains this one may call train(); batch statistics must not move.
        return super().train(mode and not self.frozen)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over kind, settings, blocks and weights: equal only for equal models."""
        digest = hashlib.sha256(json.dumps(self._description(), sort_keys=True).encode())
        for name, tensor in sorted(self.state_dict().items()):
            values = tensor.detach().cpu().contiguous().numpy()
            digest.update(f"{name} {values.dtype} {values.shape}".encode())
            digest.update(values.tobytes())
        return digest.hexdigest()

    def _description(self) -> dict[str, Any]:
        blocks = self.specification.to_json()
        return {"kind": self.kind, "settings": self.settings(), "blocks": blocks}

    def round_if_large(self) -> None:
        """Round the weights of a large model to the 16 bits that its file keeps.

        It takes half the room, and gives the same to about three digits.
        """
        if self._is_large():
            for weight in self.parameters():
                weight.data.copy_(weight.data.half())

    def _is_large(self) -> bool:
        return sum(weight.numel() for weight in self.parameters()) > LARGE

    def save(self, path: str | Path) -> None:
        """Write weights, settings and fingerprint as one safetensors file, atomically.

        A large model is rounded first, see `round_if_large`.
        """
        self.round_if_large()
        state = dict(self.state_dict())
        if self._is_large():
            state |= {name: weight.detach().half() for name, weight in self.named_parameters()}
        description = {"name": self.name, "fingerprint": self.fingerprint, **self._description()}
        write_weights(path, WeightsFile(description, state))

    @classmethod
    def load(cls: type[Own], path: str | Path) -> Own:
        """Read a model of this class that `save` wrote; it comes back frozen.

        Raises:
            NotFoundError: there is no such file.
            DamagedError: it is truncated, altered, or holds another kind of model.
        """
        file = read_weights(path, kind=cls.kind)
        settings = {**file.description["settings"], "name": file.description["name"]}
        with file.explained(path):
            model = cls(**settings)
            model.load_state_dict(file.tensors)
        model.freeze()
        file.check_fingerprint(path, model.fingerprint)
        return model


def joined(parts: list[Rows]) -> Rows:
    """Arrays end to end, or lists end to end."""
    if isinstance(parts[0], list):
        return [row for part in parts for row in part]
    return np.concatenate(parts)
