"""Turn what users hand over as latents into float32 tensors, or say what is wrong with it."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError
from amodal.typing import Float


def as_latents(name: str, value: Any, *, dim: int | None = None) -> Float[Tensor, "row dim"]:
    """Check one modality's latents and convert them to float32.

    Args:
        name: the modality, for messages.
        value: a two-dimensional numpy array, torch tensor or nested list; integers are converted.
        dim: the number of columns that it must have, when that is known.

    Raises:
        InputError: not numbers, not two-dimensional, empty, wrong width, NaN or infinite.

    Example:
        >>> as_latents("image", [[1, 2], [3, 4]]).dtype
        torch.float32
    """
    tensor, too_large = _as_tensor(name, value)
    if tensor.ndim != 2:
        hint = (
            "one number for each row? use x[:, None]; one row? use x[None, :]"
            if tensor.ndim == 1
            else "flatten or pool it to one vector a row, e.g. x.reshape(len(x), -1)"
        )
        raise InputError(
            f"modality {name!r}: expected a two-dimensional array (rows, columns), "
            f"got shape {tuple(tensor.shape)}: {hint}"
        )
    if tensor.shape[0] == 0 or tensor.shape[1] == 0:
        raise InputError(f"modality {name!r}: the array is empty, shape {tuple(tensor.shape)}")
    if dim is not None and tensor.shape[1] != dim:
        raise InputError(
            f"modality {name!r}: expected {dim} columns as in fitting, got {tensor.shape[1]}: "
            "are these latents of another unimodal model?"
        )
    finite = torch.isfinite(tensor).all(1)
    if not bool(finite.all()):
        bad = torch.nonzero(~finite)[:, 0]
        rows = "row in all" if len(bad) == 1 else "rows in all"
        what = "numbers too large for float32" if too_large else "NaN or infinite numbers"
        raise InputError(
            f"modality {name!r}: row {int(bad[0])} holds {what} "
            f"({len(bad)} such {rows}): remove those rows, or replace the numbers before passing "
            "them on"
        )
    return tensor


def _as_tensor(name: str, value: Any) -> tuple[Tensor, bool]:
    """The array as float32, and whether finite numbers became infinite by that."""
    if isinstance(value, Tensor):
        if value.is_complex() or value.layout != torch.strided or value.is_meta:
            kind = value.dtype if value.is_complex() else f"{value.layout} on {value.device}"
            raise _not_numbers(name, str(kind))
        tensor = value.detach().to("cpu", torch.float32).contiguous()
        return tensor, bool(torch.isfinite(value).all()) and not bool(tensor.isfinite().all())
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        first = int(np.flatnonzero(np.ma.getmaskarray(value).reshape(len(value), -1).any(1))[0])
        raise InputError(
            f"modality {name!r}: row {first} of the masked array is masked: remove such rows, or "
            "fill them before passing the array on"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InputError(f"modality {name!r}: rows of unequal length ({error})") from None
    if array.dtype.kind not in "fiub":
        raise _not_numbers(name, str(array.dtype))
    with np.errstate(over="ignore"):
        # A copy: the caller's array may be read-only, a memory map, or changed later.
        single = np.array(array, dtype=np.float32)
    widened = array.dtype.itemsize > 4 and array.dtype.kind == "f"
    too_large = widened and not np.isfinite(single).all() and bool(np.isfinite(array).all())
    return torch.from_numpy(single), too_large


def _not_numbers(name: str, kind: str) -> InputError:
    return InputError(
        f"modality {name!r}: expected real numbers, got an array of type {kind}: encode raw things "
        "with a unimodal model first, and pass its latents as float32"
    )
