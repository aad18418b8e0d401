"""Numbers too small to be normal: dropped while training, and as before afterwards."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def denormals_dropped() -> Iterator[None]:
    """Let the processor take numbers below 1e-38 for zero.

    Adam's moments of dead units decay into them, and computing with them is slow. The switch is
    the whole thread's, so it is put back.
    """
    before = _dropped()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def _dropped() -> bool:
    return float(torch.full((1,), 1e-38) * 1e-3) == 0
