"""Some of many rows, evenly spaced."""

import numpy as np

from amodal.typing import Int64


def evenly(count: int, most: int) -> Int64[np.ndarray, " some"]:
    """Numbers of `most` evenly spaced ones of so many rows, from the first to the last; or of all.

    Example:
        >>> evenly(7, 3).tolist(), evenly(2, 3).tolist()
        ([0, 3, 6], [0, 1])
    """
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(np.int64)
