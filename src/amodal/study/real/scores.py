"""How well a method does on a task: retrieval, translation, and what labels say."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from amodal.evaluation.retrieval import retrieval_both_ways
from amodal.latents.estimator import explained_share
from amodal.study.real.tasks import Task
from amodal.typing import Float, Int

NEIGHBOURS = 5
"""Whose majority says a row's label."""
RETRIEVAL = ("recall@1", "recall@5", "recall@10", "mean_reciprocal_rank", "median_rank", "foscttm")


def scores(
    task: Task,
    vectors: Mapping[str, np.ndarray],
    translations: Mapping[tuple[str, str], np.ndarray],
) -> dict[str, float]:
    """Named numbers; "recall@10" is the mean of both ways, "recall@10 a to b" that of one.

    Args:
        task: with its test rows.
        vectors: of the test rows of each modality, to be compared by cosine.
        translations: of the test rows, (source, target), in the task's coordinates;
            may be empty.
    """
    first, second = task.test
    ways = {f"{first} to {second}": (first, second), f"{second} to {first}": (second, first)}
    found: dict[str, dict[str, float]] = {way: {} for way in ways}
    if not task.by_class:
        both = retrieval_both_ways(vectors[first], vectors[second], same=task.same)
        for way, direction in zip(ways, ("forward", "backward"), strict=True):
            found[way] |= {name: both[direction][name] for name in RETRIEVAL}
    for way, (source, target) in ways.items():
        if task.labels:
            similarity = unit(vectors[source]) @ unit(vectors[target]).T
            own = label_scores(similarity, task.labels[source], task.labels[target])
            if not task.by_class:
                own = {name: own[name] for name in ("average_precision", "label_transfer")}
            found[way] |= own
        if (source, target) in translations and not task.by_class:
            answers = task.in_units(target, translations[source, target])
            found[way]["explained"] = explained_share(task.truth(target), answers)
    one, other = found.values()
    means = {name: (one[name] + other[name]) / 2 for name in one if name in other}
    each = {f"{name} {way}": value for way, own in found.items() for name, value in own.items()}
    return means | each


def label_scores(
    similarity: Float[np.ndarray, "query row"],
    query_labels: Int[np.ndarray, " query"],
    labels: Int[np.ndarray, " row"],
) -> dict[str, float]:
    """What labels say of a ranking: of each query by all rows of the other modality.

    Returns:
        average_precision: mean over queries of the precision at each row of the query's label.
        label_transfer: how often most of the 5 nearest rows have the query's label.
        first_right: how often the nearest row has it.
        foscttm: the share of rows of other labels that stand before one of the query's.

    Example:
        >>> found = label_scores(np.array([[0.9, 0.5, 0.1]]), np.array([1]), np.array([1, 0, 1]))
        >>> round(found["average_precision"], 3), found["foscttm"]
        (0.833, 0.5)
    """
    order = np.argsort(-similarity, axis=1, kind="stable")
    right = labels[order] == query_labels[:, None]
    kept = right.any(1)
    right, order = right[kept], order[kept]
    place = np.arange(1, right.shape[1] + 1)
    precision = (np.cumsum(right, 1) / place * right).sum(1) / right.sum(1)
    wrong_before = (np.cumsum(~right, 1) * right).sum(1)
    wrong = np.maximum((~right).sum(1), 1)
    told = np.array([_majority(labels[row[:NEIGHBOURS]]) for row in order])
    return {
        "average_precision": float(precision.mean()),
        "label_transfer": float((told == query_labels[kept]).mean()),
        "first_right": float(right[:, 0].mean()),
        "foscttm": float((wrong_before / (right.sum(1) * wrong)).mean()),
    }


def unit(rows: Any) -> Float[np.ndarray, "row dim"]:
    """Rows of length 1; rows of zeros stay zeros."""
    values = np.asarray(rows, dtype=np.float64)
    norm = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(norm > 0, norm, 1)


def _majority(labels: np.ndarray) -> int:
    """The label that most have; of several, that of the nearest."""
    values, first, counts = np.unique(labels, return_index=True, return_counts=True)
    best = np.flatnonzero(counts == counts.max())
    return int(values[best[np.argmin(first[best])]])
