"""Soft correspondence of two sets of rows that nobody matched, by entropic transport."""

from torch import Tensor

from amodal.errors import InputError
from amodal.typing import Float

ROUNDS = 30
"""Rounds of balancing, at most."""
TOLERANCE = 1e-3
"""Balancing ends when columns miss their share by less than this share of it, on average."""
_TINY = 1e-30


def transport_plan(
    similarity: Float[Tensor, "first second"], *, temperature: float, rounds: int = ROUNDS
) -> Float[Tensor, "first second"]:
    r"""Share the mass 1 out between two sets of rows, alike rows first, by entropic transport.

    P = diag(a) exp(similarity / temperature) diag(b), a and b such that every row sums to 1 / first
    and every column to 1 / second: of all such plans the one with the largest
    <P, similarity> + temperature x entropy (Cuturi 2013, arXiv 1306.0895). Because every row must
    give all of its mass away, hubs cannot be everybody's answer, and a cluster falls on one of its
    own size.

    Args:
        similarity: cosines, say, of the rows of one set with those of the other.
        temperature: how soft the plan is, in units of the similarity; large ones tend to
            independence.
        rounds: balancing rounds, at most; few are needed at high temperatures.

    Returns:
        The plan: non-negative numbers that sum to 1.

    Raises:
        InputError: a temperature that is not positive.

    Example:
        >>> import torch
        >>> plan = transport_plan(torch.eye(2), temperature=0.1)
        >>> plan.round(decimals=2).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """
    if not temperature > 0:
        raise InputError(f"temperature is {temperature}: expected a positive number, try 0.1")
    # The largest exponent of each row, then of each column, is 0, so that none is lost to rounding;
    # balancing takes up what was subtracted.
    raised = similarity - similarity.amax(1, keepdim=True)
    raised -= raised.amax(0)
    kernel = raised.div_(temperature).exp_().float()
    first, second = similarity.shape
    give = kernel.new_ones(first)
    take = kernel.new_ones(second)
    for _ in range(rounds):
        received = kernel.T @ give
        if float((take * received * second - 1).abs().mean()) < TOLERANCE:
            break
        take = (1 / second) / received.clamp(min=_TINY)
        give = (1 / first) / (kernel @ take).clamp(min=_TINY)
    return kernel.mul_(give[:, None]).mul_(take).to(similarity.dtype)
