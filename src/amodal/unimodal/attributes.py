"""The attributes of Simple Shapes as a modality: eleven numbers that are their own latent."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.specification import Block, LatentSpec
from amodal.typing import Float, Float32
from amodal.unimodal.base import UnimodalModel

ATTRIBUTE_BLOCKS = LatentSpec(
    (
        Block("shape", "categorical", 3),
        Block("place", "continuous", 2),
        Block("size", "continuous", 1),
        Block("orientation", "circular", 2),
        Block("colour", "continuous", 3),
    )
)
"""Shape as one-hot, x and y, size, (cos, sin) of the rotation, red, green, blue, in [-1, 1]."""


class Attributes(UnimodalModel):
    """The identity on valid attributes, and the nearest valid attributes of anything else.

    Encoding checks and hands the numbers on; decoding puts any eleven numbers back among the
    valid ones: the likeliest shape, a unit vector for the rotation, the rest cut to [-1, 1].

    Example:
        >>> import numpy as np
        >>> model = Attributes()
        >>> rows = np.array([[0, 1, 0, 0.5, 0, -1, 0, 1, 1, 0, 0]], dtype=np.float32)
        >>> bool((model.decode(model.encode(rows)) == rows).all())
        True
        >>> far = torch.tensor([[0.2, 0.1, 0.4, 2.0, 0, -1, 0, 3, 1, 0, 0]])
        >>> model.decode(far)[0, [2, 3, 7]].tolist()
        [1.0, 1.0, 1.0]
    """

    kind = "attributes"

    def __init__(self, name: str = "shapes/attributes") -> None:
        super().__init__(name, ATTRIBUTE_BLOCKS)
        self.freeze()

    def check(self, raw: Any) -> Float32[np.ndarray, "row 11"]:
        """Return `raw` as float32 rows of valid attributes.

        Raises:
            InputError: not a table of 11 real columns, not finite, a shape that is not one-hot,
                a rotation off the unit circle, or a number outside [-1, 1].
        """
        rows = np.asarray(raw)
        if rows.ndim != 2 or rows.shape[1] != self.specification.dim:
            raise InputError(
                f"attributes: expected rows of {self.specification.dim} numbers (shape one-hot, "
                "x, y, size, cos, sin, red, green, blue), got an array of shape "
                f"{tuple(rows.shape)}: amodal.data.shapes.attributes makes them from factors"
            )
        if rows.dtype.kind not in "fiu":
            raise InputError(f"attributes: expected real numbers, got {rows.dtype}")
        rows = rows.astype(np.float32)
        for wrong, what in _complaints(rows):
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                raise InputError(f"attributes, row {row}: {what}, got {rows[row].tolist()}")
        return rows

    def encode_batch(self, raw: Any) -> Float[Tensor, "batch dim"]:
        """The rows themselves, as a tensor."""
        return torch.from_numpy(np.array(raw, dtype=np.float32))

    def decode_batch(self, latents: Float[Tensor, "batch dim"]) -> Float32[np.ndarray, "batch 11"]:
        """The nearest valid attributes."""
        rows = latents.detach().cpu().to(torch.float32).numpy()
        shape, rest = self.specification.columns("shape"), slice(3, None)
        circle = self.specification.columns("orientation")
        valid = np.zeros_like(rows)
        valid[np.arange(len(rows)), rows[:, shape].argmax(1)] = 1
        valid[:, rest] = rows[:, rest].clip(-1, 1)
        valid[:, circle] = _on_circle(rows[:, circle])
        return valid


def _complaints(rows: np.ndarray) -> list[tuple[Any, str]]:
    """Which rows are wrong, and in what; the shape and the radius may be off by rounding."""
    shape, numbers, circle = rows[:, :3], rows[:, 3:], rows[:, 6:8]
    one_hot = np.eye(3, dtype=np.float32)[np.nan_to_num(shape).argmax(1)]
    radius = np.hypot(circle[:, 0], circle[:, 1])
    return [
        (~np.isfinite(rows).all(1), "every number must be finite"),
        (np.abs(shape - one_hot).max(1) > 1e-3, "the first three must be one-hot (the shape)"),
        (np.abs(radius - 1) > 1e-2, "cos and sin of the rotation must lie on the unit circle"),
        (np.abs(numbers).max(1) > 1 + 1e-3, "every number must lie in [-1, 1]"),
    ]


def _on_circle(vectors: np.ndarray) -> np.ndarray:
    """Scale to length one; a vector of no length points up (cos 1, sin 0)."""
    radius = np.hypot(vectors[:, 0], vectors[:, 1])[:, None]
    up = np.array([1, 0], dtype=np.float32)
    unit = np.where(radius > 1e-6, vectors / np.maximum(radius, 1e-6), up)
    # Valid vectors pass unchanged, to the last bit: encoding and decoding is the identity.
    return np.where(np.abs(radius - 1) < 1e-6, vectors, unit).astype(np.float32)
