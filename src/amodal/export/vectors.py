"""What rows are searched by, as nodes of a graph: states, and vectors for retrieval."""

import numpy as np
import torch

from amodal.export.answers import Answers

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
    likeness, is_first = model.likeness_[first, second], name == first
    there = answers.answer(answers.members(rows, name, other), other)
    first_rows, first_shift, second_rows, second_shift = (
        (rows, likeness.first_mean, there, likeness.second_centre)
        if is_first
        else (there, likeness.first_centre, rows, likeness.second_mean)
    )
    projection = likeness.first if is_first else likeness.second
    parts = (
        _measured(answers, first_rows, first_shift, likeness.first_metric),
        _measured(answers, second_rows, second_shift, likeness.second_metric),
        graph.unit(graph.add("MatMul", rows, graph.constant(projection)), least=SHORTEST),
    )
    weight = likeness.weight
    weights = torch.stack([(1 - weight) / 2, (1 - weight) / 2, weight]).sqrt()
    pairs = zip(parts, weights.tolist(), strict=True)
    joined = graph.join([graph.add("Mul", part, graph.constant(share)) for part, share in pairs])
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


def _measured(answers: Answers, rows: str, shift: torch.Tensor, metric: torch.Tensor) -> str:
    """About a mean, in a metric, of length 1."""
    graph = answers.graph
    by = "MatMul" if metric.ndim == 2 else "Mul"
    turned = graph.add(by, graph.add("Sub", rows, graph.constant(shift)), graph.constant(metric))
    return graph.unit(turned, least=SHORTEST)
