"""Pictures as people keep them (bytes) and as networks read them (fractions)."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.typing import Float, UInt8


def checked_images(raw: Any, *, side: int, name: str) -> UInt8[np.ndarray, "n side side 3"]:
    """Return `raw` as it is if it holds colour images of the right side.

    Raises:
        InputError: it is not uint8 of shape (n, side, side, 3).
    """
    if not isinstance(raw, np.ndarray) or raw.dtype != np.uint8:
        found = raw.dtype if isinstance(raw, np.ndarray) else type(raw).__name__
        raise InputError(
            f"{name}: images must be a uint8 array of shape (n, {side}, {side}, 3), got {found}: "
            + (
                "stack them; files are read by models by name, such as hf:facebook/dinov2-small"
                if isinstance(raw, list | tuple)
                else "for values in [0, 1] pass (values * 255).round().astype('uint8')"
            )
        )
    if raw.shape[1:] != (side, side, 3):
        raise InputError(
            f"{name}: images have shape {raw.shape}, expected (n, {side}, {side}, 3): this model "
            f"was trained on {side} x {side} pixels; resize them, or train one of your own with "
            "`amodal pretrain`"
        )
    return raw


def to_tensor(raw: UInt8[np.ndarray, "n side side 3"]) -> Float[Tensor, "n 3 side side"]:
    """Bytes, channels last -> fractions of 1, channels first."""
    return torch.from_numpy(np.ascontiguousarray(raw.transpose(0, 3, 1, 2))).float() / 255


def to_bytes(images: Float[Tensor, "n 3 side side"]) -> UInt8[np.ndarray, "n side side 3"]:
    """The inverse of `to_tensor`, rounded and clipped."""
    values = (images.detach().clamp(0, 1) * 255).round().to(torch.uint8)
    return values.permute(0, 2, 3, 1).contiguous().cpu().numpy()
