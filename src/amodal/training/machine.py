"""What the machine is told before training: how to round, what to keep, what to drop."""

import contextlib
import ctypes
from collections.abc import Iterator

import torch

from amodal.workspace import Weights

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Numbers of glibc's `mallopt` settings."""
LARGE, USUAL = (1 << 31) - 1, 32 << 20
"""Bytes: more than a step ever frees at once; what glibc's own adjusting comes to at most."""


@contextlib.contextmanager
def denormals_dropped() -> Iterator[None]:
    """Let the processor take numbers below 1e-38 for zero.

    Adam's moments of dead units decay into them, and computing with them is slow. The switch is
    the calling thread's own, so it is put back.
    """
    before = _dropped()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@contextlib.contextmanager
def memory_kept() -> Iterator[None]:
    """Keep freed memory for the next step instead of giving it back to the system.

    A step frees some megabytes and asks for as many again; given back each time, they come as
    new pages of zeros, which took longer than the products that fill them. Does nothing where the
    C library is not glibc.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(MMAP_THRESHOLD, LARGE >> 1)
        library.mallopt(TRIM_THRESHOLD, LARGE)
    try:
        yield
    finally:
        if library is not None:
            library.mallopt(MMAP_THRESHOLD, USUAL)
            library.mallopt(TRIM_THRESHOLD, 2 * USUAL)
            library.malloc_trim(0)


def fitting_precision(precision: str) -> str:
    """What "auto" stands for: bfloat16 where the processor multiplies it, float32 elsewhere."""
    if precision != "auto":
        return precision
    known = getattr(torch.cpu, "get_capabilities", dict)()
    return "bfloat16" if known.get("avx512_bf16") or known.get("amx_bf16") else "float32"


def weights_of_a_step(views: Weights, precision: str) -> Weights:
    """Copies of the weights to compute a step with and differentiate by.

    In bfloat16, those of hidden layers are rounded. Hidden layers then compute in it (products
    are summed in float32 within the processor), which halves what passes through the caches and
    doubles or quadruples the speed of products where there are instructions for it. Linear paths,
    states, heads, losses, the weights that are kept and the optimiser stay float32.
    """
    return {
        name: view.detach()
        .to(torch.bfloat16 if precision == "bfloat16" and _is_hidden(name) else torch.float32)
        .contiguous()
        .requires_grad_()
        for name, view in views.items()
    }


def _is_hidden(name: str) -> bool:
    last = name.rsplit(".", 1)[1]
    return last != "bias" and last.startswith(("weight", "bias", "out"))


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute each operation with this many threads, and with as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _glibc() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # no such thing on this system
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def _dropped() -> bool:
    return float(torch.full((1,), 1e-38) * 1e-3) == 0
