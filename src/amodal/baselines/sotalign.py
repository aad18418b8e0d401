"""SOTAlign: a linear teacher from matches, and a student that keeps its transport plans."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from amodal.baselines.contrastive import SHARED, learn_encoders
from amodal.baselines.folds import Embed
from amodal.baselines.tuned import TunedBaseline
from amodal.fewmatch.alignment import AlignmentSettings, align
from amodal.fewmatch.transport import transport_plan
from amodal.latents import MatchTable
from amodal.typing import Float

BATCH = 256
"""Rows of each modality in a plan."""


@dataclass(frozen=True)
class SOTAlignSettings:
    """How long the student is trained, and how much the plans weigh."""

    exponent: float = 1.0
    """Principal coordinates are scaled by deviation^exponent."""
    weight: float = 1.0
    """Of the divergence between the plans, beside the contrastive loss."""
    temperature: float = 0.05
    """Of the plans."""
    steps: int = 300
    """Updates; the folds choose when to stop."""
    weight_decay: float = 0.1
    """Decoupled, as in AdamW."""


class SOTAlign(TunedBaseline):
    r"""Train linear encoders on matches, and on what a teacher's plan says of unmatched rows.

    The teacher is a CCA of the matches. The student, a linear encoder for each modality into a
    space of 64, minimises the contrastive loss on matches plus weight times KL(P_teacher ||
    P_student), where P is the entropic transport plan between batches of all rows, unmatched ones
    for the most part, from their cosines (Roschmann et al. 2026, SOTAlign, arXiv 2602.23353, whose
    scale is thousands of matches). The gradient of that divergence with respect to the student's
    cosines S is (P_student - P_teacher) / temperature: the plan's potentials drop out, because both
    plans have the same margins.

    Example:
        >>> import numpy as np
        >>> first = np.random.default_rng(0).normal(size=(300, 3))
        >>> second = first @ np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]])
        >>> model = SOTAlign(settings=SOTAlignSettings(steps=20))
        >>> rows = list(range(50))
        >>> model.fit({"a": first, "b": second}, matches={"a": rows, "b": rows}).embed(
        ...     {"a": first}
        ... ).shape
        (300, 64)
    """

    Settings = SOTAlignSettings
    grid: ClassVar = {"exponent": (1.0, 0.0), "weight": (1.0, 0.1, 10.0), "steps": (300, 100)}

    def _align(self, rows: Mapping[str, Tensor], table: MatchTable, settings: Any) -> Embed:
        teacher = align(rows, table, settings=AlignmentSettings(share=0.0)).directions.weights
        taught = {name: F.normalize(rows[name] @ teacher[name], dim=1).float() for name in rows}
        ways = [pair for pair in combinations(rows, 2) if len(table.together(*pair))]

        def apart(student: Mapping[str, nn.Module], inputs: Mapping[str, Tensor]) -> Tensor:
            total = torch.zeros(())
            for first, second in ways:
                # Drawn apart: nobody knows which row of the one is which of the other.
                one = torch.randint(len(inputs[first]), (BATCH,))
                two = torch.randint(len(inputs[second]), (BATCH,))
                own = student[first](inputs[first][one]), student[second](inputs[second][two])
                total = total + plan_divergence(
                    F.normalize(own[0], dim=1) @ F.normalize(own[1], dim=1).T,
                    taught[first][one] @ taught[second][two].T,
                    temperature=settings.temperature,
                )
            return settings.weight * total

        return learn_encoders(
            rows,
            table,
            lambda dim: nn.Linear(dim, SHARED),
            steps=settings.steps,
            weight_decay=settings.weight_decay,
            further=apart if settings.weight else None,
        )


def plan_divergence(
    likeness: Float[Tensor, "row other"],
    wanted: Float[Tensor, "row other"],
    *,
    temperature: float,
) -> Float[Tensor, ""]:
    r"""A number whose gradient is that of KL(P(wanted) || P(likeness)) for entropic plans P.

    KL = const - <P_w, log P_l> and log P_l = S / temperature + u 1^T + 1 v^T, so that its gradient
    with respect to S is (P_l - P_w) / temperature: no step of the balancing need be differentiated.

    Example:
        >>> same = torch.eye(2)
        >>> plan_divergence(same, same, temperature=0.5).item()
        0.0
    """
    with torch.no_grad():
        gap = transport_plan(likeness, temperature=temperature)
        gap -= transport_plan(wanted, temperature=temperature)
    return (gap * likeness).sum() / temperature
