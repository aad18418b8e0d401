"""What rows are searched by, as nodes of a graph: states, and vectors for retrieval."""

import numpy as np
import torch

from amodal.export.answers import Answers
from amodal.model.retrieval_vectors import _column_weights, _unexplained

SHORTEST = 1e-12
"""Where `torch.nn.functional.normalize` stops dividing."""


def joined_states(answers: Answers, rows: str, name: str) -> tuple[str, int]:
    """The members' states side by side over the root of their number, as `Workspace.embed`."""
    graph, ensemble = answers.graph, answers.model.ensemble_
    members, state = len(ensemble.members), answers.model.architecture_.state
    by_row = graph.add("Transpose", answers.states(rows, name), perm=[1, 0, 2])
    shape = graph.constant(np.array([-1, members * state], dtype=np.int64))
    joined = graph.add("Reshape", by_row, shape)
    return graph.add("Mul", joined, graph.constant(members**-0.5)), members * state


def vectors(answers: Answers, rows: str, name: str, other: str) -> tuple[str, int]:
    """See `amodal.model.retrieval_vectors.retrieval_vectors`, line for line."""
    graph, model = answers.graph, answers.model
    names, sizes = model.architecture_.names, model.architecture_.specs
    first, second = sorted((name, other), key=names.index)
    shared, is_first = model.shared_[first, second], name == first
    forth, back = model.trust_.get((name, other)), model.trust_.get((other, name))
    there = answers.answer(answers.members(rows, name, other), other)
    centre = shared.second_centre if is_first else shared.first_centre
    there = graph.add("Sub", there, graph.constant(centre))
    own = _weighted(answers, rows, _column_weights(back, torch.zeros(1, sizes[name].dim)))
    abroad = _weighted(answers, there, _column_weights(forth, torch.zeros(1, sizes[other].dim)))
    projection = shared.first if is_first else shared.second
    projected = graph.unit(graph.add("MatMul", rows, graph.constant(projection)), least=SHORTEST)
    unexplained = _unexplained(forth, back)
    weights = (torch.tensor([0.5, 0.5, unexplained]) / (1 + unexplained)).sqrt()
    parts = (own, abroad, projected) if is_first else (abroad, own, projected)
    pairs = zip(parts, weights.tolist(), strict=True)
    joined = graph.join([graph.add("Mul", part, graph.constant(weight)) for part, weight in pairs])
    width = sizes[name].dim + sizes[other].dim + projection.shape[1]
    aligned = model.aligned_.get((first, second))
    if aligned is None:
        return joined, width
    shift = aligned.first_shift if is_first else aligned.second_shift
    directions = aligned.first if is_first else aligned.second
    centred = graph.add("Sub", rows, graph.constant(shift))
    each = graph.constant((aligned.share / len(directions)).sqrt())
    sides = [graph.add("Mul", joined, graph.constant((1 - aligned.share).sqrt()))]
    for view in directions:
        turned = graph.add("MatMul", centred, graph.constant(view))
        sides.append(graph.add("Mul", graph.unit(turned, least=SHORTEST), each))
    return graph.join(sides), width + len(directions) * directions.shape[2]


def _weighted(answers: Answers, rows: str, weights: torch.Tensor) -> str:
    graph = answers.graph
    return graph.unit(graph.add("Mul", rows, graph.constant(weights)), least=SHORTEST)
