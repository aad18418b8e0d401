"""How many threads the demo computes with."""

import contextlib
from collections.abc import Iterator

import torch

THREADS = 1
"""The products are small: threads would mostly wait for one another. Two cores are used by two
processes instead, see `beside`."""


@contextlib.contextmanager
def few_threads() -> Iterator[None]:
    """Compute with `THREADS` threads within the block, and with as many as before after it.

    Example:
        >>> before = torch.get_num_threads()
        >>> with few_threads():
        ...     torch.get_num_threads()
        1
        >>> torch.get_num_threads() == before
        True
    """
    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        yield
    finally:
        torch.set_num_threads(before)
