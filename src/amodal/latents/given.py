"""Results in the kind of array that was given."""

from typing import Any

import numpy as np
from torch import Tensor

from amodal.latents.latents import Latents


def like(given: Any, result: Tensor) -> Any:
    """Torch in, torch out on the same device and type; anything else, numpy out."""
    if isinstance(given, Latents):
        given = given.rows
    if isinstance(given, Tensor):
        kept = (
            result
            if not result.is_floating_point() or not given.is_floating_point()
            else (result.to(given.dtype))
        )
        return kept.to(given.device)
    array = result.numpy()
    if array.dtype.kind != "f":
        return array
    double = isinstance(given, np.ndarray) and given.dtype == np.float64
    return array.astype(np.float64 if double else np.float32, copy=False)
