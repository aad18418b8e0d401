"""The expected error of each answer, a chunk of rows at a time."""

import torch
from torch import Tensor

from amodal.model.inference import (
    CHUNK,
    Ensemble,
    answer_members,
    cycle_error,
    disagreement,
    translate_members,
)
from amodal.model.trust import Trust
from amodal.typing import Float


def expected_errors(
    ensemble: Ensemble,
    trust: Trust,
    rows: Float[Tensor, "row dim"],
    told: Float[Tensor, "row dim_target"],
    *,
    source: str,
    target: str,
) -> Float[Tensor, " row"]:
    """Root mean squared errors per column, by the law that held-out matches taught.

    Args:
        ensemble: who answered.
        trust: the law.
        rows: normalised rows of `source`.
        told: what was answered to each.
        source: the modality asked.
        target: the modality told.
    """
    found = []
    for given, mean in zip(rows.split(CHUNK), told.split(CHUNK), strict=True):
        if trust.of_blends:
            members = answer_members(ensemble, given, source, target)
            apart = disagreement(members, members.mean(0))
        else:
            members = translate_members(ensemble.members, given, source, target)
            apart = disagreement(members, mean)
        returned = cycle_error(ensemble.members, given, source, target)
        found.append(trust.expected_error(apart, returned))
    return torch.cat(found)
