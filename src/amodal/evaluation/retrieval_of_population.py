"""Retrieval between the states of two modalities, for every run of a population, in many pools."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.evaluation.retrieval import RECALLS
from amodal.typing import Float, Int64

CHUNK = 500
"""Queries at a time: the memory used is CHUNK x pool."""
QUERIES = 2000
"""Queries of one pool size at most: recall is then known to about one part in a hundred."""
TIE = 1e-6
"""Cosines that differ by less count as equal: 32-bit sums in another order differ by as much."""

Figures = dict[str, Float[np.ndarray, " run"]]


@torch.no_grad()
def population_retrieval(
    queries: Float[Tensor, "run row state"],
    catalogue: Float[Tensor, "run row state"],
    *,
    pools: Sequence[int],
    most: int = QUERIES,
) -> dict[int, Figures]:
    """Where each query's own row stands among a pool, by the cosine of states; row i asks for i.

    The rows are cut into pools of equal size, one after the other, and each query is ranked in
    the pool that holds its answer. Ranks, recall and FOSCTTM as `retrieval`; ties count by half.

    Args:
        queries: states of things from one modality.
        catalogue: states of the same things from another.
        pools: sizes; those larger than there are rows are left out.
        most: queries at most, for each size. The first ones of each pool ask.

    Returns:
        For each size: recall@1, recall@5, recall@10, median_rank, foscttm, a number for each run.
    """
    rows = queries.shape[1]
    sizes = [size for size in pools if size <= rows]
    found: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
    for asked, answers in zip(queries, catalogue, strict=True):
        first, second = F.normalize(asked, dim=-1), F.normalize(answers, dim=-1)
        for size in sizes:
            counted = [
                _count(first[q], second[pool], q - pool.start)
                for q, pool in _tasks(rows, size, most)
            ]
            found[size].append(_figures(torch.cat(counted, 1), size))
    return {
        size: {name: np.array([run[name] for run in runs]) for name in runs[0]}
        for size, runs in found.items()
    }


def chance(size: int) -> dict[str, float]:
    """What guessing gets in a pool of `size`.

    Example:
        >>> chance(100)
        {'recall@1': 0.01, 'recall@5': 0.05, 'recall@10': 0.1, 'median_rank': 50.5, 'foscttm': 0.5}
    """
    recalls = {f"recall@{k}": min(1.0, k / size) for k in RECALLS}
    return recalls | {"median_rank": (size + 1) / 2, "foscttm": 0.5}


def _tasks(rows: int, size: int, most: int) -> Iterator[tuple[Int64[Tensor, " query"], slice]]:
    """Queries and the pool that they are asked of: as many pools as are whole, asked alike."""
    count = rows // size
    each = max(1, min(size, -(-most // count)))
    for start in range(0, count * size, size):
        for first in range(start, start + each, CHUNK):
            stop = min(first + CHUNK, start + each)
            yield torch.arange(first, stop), slice(start, start + size)


def _count(
    queries: Float[Tensor, "query state"], pool: Float[Tensor, "row state"], own: Tensor
) -> Float[Tensor, "2 query"]:
    """Rows above the right one, and others that tie with it."""
    cosine = queries @ pool.T
    right = cosine.gather(1, own[:, None])
    # Ones and zeros as numbers: to sum bools takes torch many times as long.
    ones = torch.empty_like(cosine)
    above = torch.gt(cosine, right + TIE, out=ones).sum(1)
    level = torch.ge(cosine, right - TIE, out=ones).sum(1) - above - 1
    return torch.stack([above, level])


def _figures(counted: Float[Tensor, "2 query"], size: int) -> dict[str, float]:
    above, tied = counted
    figures = {f"recall@{k}": float(((k - above) / (tied + 1)).clamp(0, 1).mean()) for k in RECALLS}
    # The mean of the two middle ones, as numpy's median; torch takes the lower.
    figures["median_rank"] = float(np.median((1 + above + tied / 2).numpy()))
    figures["foscttm"] = float((above + tied / 2).mean()) / max(size - 1, 1)
    return figures
