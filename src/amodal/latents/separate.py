"""Which matches are the same thing: those that share a row, directly or through others."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from amodal.latents.matches import MatchTable
from amodal.typing import Int64


def separate_things(table: MatchTable) -> Int64[np.ndarray, " thing"]:
    """A number for each match; matches that share a row of any modality share the number.

    Two captions of one picture must not end up on different sides of a hold-out, nor be each
    other's wrong answers.

    Example:
        >>> rows = np.array([[0, 5], [0, 6], [1, 7]])
        >>> separate_things(MatchTable(("image", "text"), rows)).tolist()
        [0, 0, 1]
    """
    things = np.arange(len(table))
    left, right, offset = [], [], len(table)
    for name in table.names:
        column = table.column(name)
        seen = column >= 0
        left.append(things[seen])
        right.append(column[seen] + offset)
        offset += int(column.max(initial=-1)) + 1
    edges = np.concatenate(left), np.concatenate(right)
    graph = coo_array((np.ones(len(edges[0])), edges), shape=(offset, offset))
    _, labels = connected_components(graph, directed=False)
    return np.unique(labels[: len(table)], return_inverse=True)[1].astype(np.int64)


def separate_pairs(pairs: Int64[np.ndarray, "pair two"]) -> Int64[np.ndarray, " thing"]:
    """`separate_things` of pairs of rows, as `MatchTable.together` gives them.

    Example:
        >>> separate_pairs(np.array([[0, 5], [0, 6], [1, 7]])).tolist()
        [0, 0, 1]
    """
    return separate_things(MatchTable(("first", "second"), pairs))
