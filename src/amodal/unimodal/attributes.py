"""The attributes of a kind of data as a modality: numbers that are their own latent."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.data.kinds import kind_of
from amodal.errors import InputError
from amodal.specification import Block, LatentSpec
from amodal.typing import Float, Float32
from amodal.unimodal.base import UnimodalModel


class Attributes(UnimodalModel):
    """The identity on valid attributes, and the nearest valid attributes of anything else.

    Encoding checks and hands the numbers on; decoding puts any numbers back among the valid ones:
    the likeliest class, unit vectors for what is circular, the rest cut to [-1, 1].

    Args:
        name: what the model is called: the kind of data, then "/attributes".

    Example:
        >>> import numpy as np
        >>> model = Attributes("shapes/attributes")
        >>> rows = np.array([[0, 1, 0, 0.5, 0, -1, 0, 1, 1, 0, 0]], dtype=np.float32)
        >>> bool((model.decode(model.encode(rows)) == rows).all())
        True
        >>> far = torch.tensor([[0.2, 0.1, 0.4, 2.0, 0, -1, 0, 3, 1, 0, 0]])
        >>> model.decode(far)[0, [2, 3, 7]].tolist()
        [1.0, 1.0, 1.0]
    """

    kind = "attributes"

    def __init__(self, name: str = "shapes/attributes") -> None:
        super().__init__(name, kind_of(name).attribute_blocks)
        self.freeze()

    def check(self, raw: Any) -> Float32[np.ndarray, "row dim"]:
        """Return `raw` as float32 rows of valid attributes.

        Raises:
            InputError: not a table of so many real columns, not finite, a class that is not
                one-hot, a direction off the unit circle, or a number outside [-1, 1].
        """
        rows = np.asarray(raw)
        if rows.ndim != 2 or rows.shape[1] != self.specification.dim:
            raise InputError(
                f"attributes: expected rows of {self.specification.dim} numbers "
                f"({', '.join(kind_of(self.name).attribute_names)}), got an array of shape "
                f"{tuple(rows.shape)}: amodal.data.kinds.kind_of(...).attributes makes them from "
                "factors"
            )
        if rows.dtype.kind not in "fiu":
            raise InputError(f"attributes: expected real numbers, got {rows.dtype}")
        rows = rows.astype(np.float32)
        for wrong, what in _complaints(rows, self.specification):
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                raise InputError(f"attributes, row {row}: {what}, got {rows[row].tolist()}")
        return rows

    def encode_batch(self, raw: Any) -> Float[Tensor, "batch dim"]:
        """The rows themselves, as a tensor."""
        return torch.from_numpy(np.array(raw, dtype=np.float32))

    def decode_batch(self, latents: Float[Tensor, "batch dim"]) -> Float32[np.ndarray, "batch dim"]:
        """The nearest valid attributes."""
        rows = latents.detach().cpu().to(torch.float32).numpy()
        nearest = {"categorical": _one_hot, "circular": _on_circle, "continuous": _inside}
        parts = [nearest[block.kind](rows[:, at]) for block, at in self.specification.parts()]
        return np.concatenate(parts, axis=1)


def _complaints(rows: np.ndarray, specification: LatentSpec) -> list[tuple[Any, str]]:
    """Which rows are wrong, and in what; classes and radii may be off by rounding."""
    found: list[tuple[Any, str]] = [(~np.isfinite(rows).all(1), "every number must be finite")]
    for block, at in specification.parts():
        found.append(_complaint(np.nan_to_num(rows[:, at]), block, at))
    return found


def _complaint(part: np.ndarray, block: Block, at: slice) -> tuple[Any, str]:
    where = f"columns {at.start} to {at.stop - 1} ({block.name})"
    if block.kind == "categorical":
        return np.abs(part - _one_hot(part)).max(1) > 1e-3, f"{where} must be one-hot"
    if block.kind == "circular":
        radius = np.hypot(part[:, 0], part[:, 1])
        return np.abs(radius - 1) > 1e-2, f"{where} must lie on the unit circle, cos before sin"
    return np.abs(part).max(1) > 1 + 1e-3, f"{where} must lie in [-1, 1]"


def _one_hot(part: np.ndarray) -> np.ndarray:
    return np.eye(part.shape[1], dtype=np.float32)[part.argmax(1)]


def _inside(part: np.ndarray) -> np.ndarray:
    return part.clip(-1, 1)


def _on_circle(vectors: np.ndarray) -> np.ndarray:
    """Scale to length one; a vector of no length becomes angle 0 (cos 1, sin 0)."""
    radius = np.hypot(vectors[:, 0], vectors[:, 1])[:, None]
    up = np.array([1, 0], dtype=np.float32)
    unit = np.where(radius > 1e-6, vectors / np.maximum(radius, 1e-6), up)
    # Valid vectors pass unchanged, to the last bit: encoding and decoding is the identity.
    return np.where(np.abs(radius - 1) < 1e-6, vectors, unit).astype(np.float32)
