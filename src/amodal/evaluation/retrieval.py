"""Retrieval: where does the right answer stand among all others, and how many stand before it?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from amodal.errors import InputError
from amodal.typing import Bool, Float

Ties = Literal["half", "hit"]
RECALLS = (1, 5, 10)
# Rows that are equal differ by the order of summation only; 64-bit cosines are good to 1e-15.
_TIE = 1e-10


def retrieval(
    queries: ArrayLike,
    catalogue: ArrayLike,
    *,
    same: ArrayLike | None = None,
    ties: Ties = "half",
    chunk: int = 512,
) -> dict[str, float]:
    r"""Rank a catalogue for each query by cosine similarity; query i asks for row i.

    The rank of a query is that of its best right answer: 1 + above + tied / 2, with `above` the
    wrong rows that are more similar and `tied` those that are equally similar. Recall at k is the
    chance of the right answer to be among the first k if tied rows come in random order. FOSCTTM,
    the fraction of samples closer than the true match (Liu et al. 2019, MMD-MA,
    doi:10.4230/LIPIcs.WABI.2019.10), counts the wrong rows above row i itself, tied ones by half;
    0 is perfect, 0.5 is chance.

    Args:
        queries: (query, dim), in the space of the catalogue.
        catalogue: (row, dim); its first rows answer the queries, further rows are distractors.
        same: a label for each row of the catalogue; rows with the label of row i are right answers
            to query i too (one image with several captions). By default all labels differ.
        ties: "half" as above; "hit" counts rows that tie with the right answer as if they came
            after it, which flatters repeated rows: only to compare with figures made so.
        chunk: queries at a time; the memory used is chunk x catalogue, the result does not change.

    Returns:
        recall@1, recall@5, recall@10, median_rank, mean_reciprocal_rank, foscttm and pool, the
        number of rows in the catalogue.

    Raises:
        InputError: wrong shapes, too few rows, numbers that are not finite.

    Example:
        >>> catalogue = np.array([[3.0, 0.0], [2.0, 1.0], [0.0, 2.0]])
        >>> found = retrieval(catalogue[[1, 0, 2]], catalogue)
        >>> found["median_rank"], round(found["foscttm"], 3)
        (2.0, 0.333)
    """
    first, second = _unit_rows("queries", queries), _unit_rows("catalogue", catalogue)
    _check(first, second, same, ties)
    labels = np.arange(len(second)) if same is None else np.asarray(same)
    counted = [
        _count(first[rows] @ second.T, labels[rows, None] == labels[None], offset=rows.start)
        for rows in _chunks(len(first), chunk)
    ]
    above, tied, foscttm = (np.concatenate(part) for part in zip(*counted, strict=True))
    if ties == "hit":
        tied = np.zeros_like(tied)
    rank = 1 + above + tied / 2
    recalls = {
        f"recall@{k}": float(np.clip((k - above) / (tied + 1), 0, 1).mean()) for k in RECALLS
    }
    return recalls | {
        "median_rank": float(np.median(rank)),
        "mean_reciprocal_rank": float((1 / rank).mean()),
        "foscttm": float(foscttm[:, 0 if ties == "hit" else 1].mean()),
        "pool": float(len(second)),
    }


def retrieval_both_ways(
    first: ArrayLike, second: ArrayLike, *, same: ArrayLike | None = None, ties: Ties = "half"
) -> dict[str, dict[str, float]]:
    """Retrieval of `second` by `first`, of `first` by `second`, and the mean of the two.

    Example:
        >>> sorted(retrieval_both_ways(np.eye(3), np.eye(3)))
        ['backward', 'forward', 'mean']
    """
    forward = retrieval(first, second, same=same, ties=ties)
    backward = retrieval(second, first, same=same, ties=ties)
    return {"forward": forward, "backward": backward, "mean": average([forward, backward])}


def average(results: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each named number over several results."""
    return {name: float(np.mean([result[name] for result in results])) for name in results[0]}


def _count(
    similarity: Float[np.ndarray, "query row"], right: Bool[np.ndarray, "query row"], *, offset: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Wrong rows above and tied with the best right one; FOSCTTM with ties as 0 and as a half."""
    best = np.where(right, similarity, -np.inf).max(1)
    wrong = np.where(right, -np.inf, similarity)
    above = (wrong > best[:, None] + _TIE).sum(1)
    tied = (np.abs(wrong - best[:, None]) <= _TIE).sum(1)
    own = similarity[np.arange(len(similarity)), offset + np.arange(len(similarity))]
    closer = (wrong > own[:, None] + _TIE).sum(1)
    level = (np.abs(wrong - own[:, None]) <= _TIE).sum(1)
    others = np.maximum((~right).sum(1), 1)
    return above, tied, np.stack([closer / others, (closer + level / 2) / others], axis=1)


def _chunks(rows: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, rows)) for start in range(0, rows, size))


def _unit_rows(name: str, rows: ArrayLike) -> Float[np.ndarray, "row dim"]:
    array = np.asarray(rows, dtype=np.float64)
    if array.ndim != 2 or len(array) == 0:
        raise InputError(
            f"{name} must have rows and columns, at least one row, got the shape {array.shape}"
        )
    bad = ~np.isfinite(array).all(1)
    if bad.any():
        raise InputError(f"row {bad.argmax()} of {name} holds NaN or infinite numbers")
    norm = np.linalg.norm(array, axis=1, keepdims=True)
    return array / np.where(norm > 0, norm, 1)


def _check(first: np.ndarray, second: np.ndarray, same: Any, ties: str) -> None:
    if len(second) < len(first) or first.shape[1] != second.shape[1]:
        raise InputError(
            "row i of the catalogue answers query i: the catalogue needs at least as many rows, "
            f"and as many columns, as the queries, got {second.shape} for {first.shape}"
        )
    if same is not None and np.shape(same) != (len(second),):
        raise InputError(
            f"same needs one label for each of the {len(second)} rows of the catalogue, "
            f"got the shape {np.shape(same)}"
        )
    if ties not in ("half", "hit"):
        raise InputError(f"ties is {ties!r}, expected 'half' or 'hit'")
