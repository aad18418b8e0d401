"""Pseudo-matches: what unmatched rows of two modalities probably mean to each other."""

import torch
from torch import Tensor

from amodal.fewmatch.transport import transport_plan
from amodal.typing import Float

ROUNDS = 60
"""Balancing rounds of a plan, at most."""


def misfit(
    rows: tuple[Float[Tensor, "first dim_a"], Float[Tensor, "second dim_b"]],
    told: tuple[Float[Tensor, "first dim_b"], Float[Tensor, "second dim_a"]],
    *,
    errors: tuple[float, float],
) -> Float[Tensor, "first second"]:
    """How ill each row of one modality fits each row of the other: the cost of a plan.

    |f(a) - b|^2 / e_f + |g(b) - a|^2 / e_g, where f and g translate, and e is the mean squared
    error of a column of their answers: rows that belong together are apart by as much as
    translations err.

    Args:
        rows: of both modalities; nothing says which belong together.
        told: the first's translations into the second, and the second's into the first.
        errors: mean squared error of a column of the first's translations, and the second's.
    """
    cost = torch.cdist(told[0], rows[1]).square_().div_(max(errors[0], 1e-12))
    cost += torch.cdist(rows[0], told[1]).square_().div_(max(errors[1], 1e-12))
    return cost


def partners(
    rows: tuple[Float[Tensor, "first dim_a"], Float[Tensor, "second dim_b"]],
    cost: Float[Tensor, "first second"],
    *,
    temperature: float,
) -> tuple[Float[Tensor, "first dim_b"], Float[Tensor, "second dim_a"]]:
    r"""For each row of either modality the mean of the other's rows that it may belong to.

    The plan P is the entropic transport of the cost: every row of either side is used, and used
    alike. The answer for a_i is its barycentre, sum_j P_ij b_j / sum_j P_ij (Courty et al. 2017,
    arXiv 1507.00504, section 4.3): it lies among the rows of b, where a translation may lie
    anywhere.

    Args:
        rows: of both modalities.
        cost: of each of the first with each of the second, see `misfit`.
        temperature: of the plan, in units of the cost.

    Example:
        >>> rows = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.25], [0.25]])
        >>> there, back = partners(rows, misfit(rows, rows, errors=(1, 1)), temperature=0.01)
        >>> there.flatten().tolist(), back.flatten().round().tolist()
        ([0.25, 1.25], [1.0, 0.0])
    """
    plan = transport_plan(-cost, temperature=temperature, rounds=ROUNDS)
    there = plan @ rows[1] / plan.sum(1, keepdim=True).clamp_min(1e-30)
    back = plan.T @ rows[0] / plan.sum(0)[:, None].clamp_min(1e-30)
    return there, back
