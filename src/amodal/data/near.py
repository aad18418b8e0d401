"""Which of two classes are neighbours: sentences name softly, so a neighbour may be said too."""

import numpy as np

from amodal.typing import Bool, Int64


def near_on_circle(
    said: Int64[np.ndarray, " n"], true: Int64[np.ndarray, " n"], count: int
) -> Bool[np.ndarray, " n"]:
    """Whether classes around a circle are the same, or next to one another.

    Example:
        >>> near_on_circle(np.array([0, 0]), np.array([15, 14]), 16).tolist()
        [True, False]
    """
    return np.isin(np.mod(said - true, count), (0, 1, count - 1))


def near_in_grid(
    said: Int64[np.ndarray, " n"], true: Int64[np.ndarray, " n"], columns: int
) -> Bool[np.ndarray, " n"]:
    """Whether places, counted row by row, are at most one row and one column apart.

    Example:
        >>> near_in_grid(np.array([0, 2]), np.array([4, 3]), 3).tolist()
        [True, False]
    """
    (row, column), (true_row, true_column) = (np.divmod(place, columns) for place in (said, true))
    return (np.abs(row - true_row) <= 1) & (np.abs(column - true_column) <= 1)
