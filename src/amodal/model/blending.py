"""Shares of several answerers in one answer, by what held-out matches say of each.

Trained members, ridge regression and kernel ridge regression answer the same question, and none of
them is best for every block of latents and number of matches. Their errors differ, so that a mean
of them may be better than each (stacked regression: Wolpert 1992,
doi:10.1016/S0893-6080(05)80023-1; Breiman 1996, doi:10.1007/BF00117832).
"""

from itertools import combinations

import torch
from torch import Tensor

from amodal.specification import LatentSpec
from amodal.typing import Float

TRAINED, START, KERNEL = "trained members", "ridge regression", "kernel ridge regression"
ANSWERERS = (TRAINED, START, KERNEL)
"""In the order of their shares."""


def blend_shares(
    answers: Float[Tensor, "answerer thing dim"],
    truth: Float[Tensor, "thing dim"],
    spec: LatentSpec,
) -> Float[Tensor, "answerer dim"]:
    """The shares, at least 0 and adding up to 1, whose mean answer is nearest to the truth.

    Minimises |sum_k s_k a_k - y|^2 over the held-out matches, for each block of latents alone.
    What few matches say of more than one share is weak: of all subsets of answerers the larger one
    is taken only if it lowers the error by more than what fitting its shares to noise would.

    Args:
        answers: of each answerer to held-out matches that it had not seen.
        truth: the right answers.
        spec: the blocks.

    Returns:
        The shares, the same for all columns of a block.

    Example:
        >>> answers = torch.tensor([[[1.0], [-1.0]] * 9, [[-1.0], [3.0]] * 9])
        >>> blend_shares(answers, torch.tensor([[0.5], [0.0]] * 9), LatentSpec.continuous(1))
        tensor([[0.7500],
                [0.2500]])
    """
    shares = torch.zeros(answers.shape[0], answers.shape[2])
    for _, columns in spec.parts():
        off = (answers[:, :, columns] - truth[:, columns]).flatten(1).double()
        shares[:, columns] = _shares(off, things=len(truth)).float()[:, None]
    return shares


def _shares(off: Float[Tensor, "answerer error"], *, things: int) -> Float[Tensor, " answerer"]:
    """The best subset of answerers, each further one costing a fraction 2 / things of the error."""
    best, lowest = torch.zeros(len(off), dtype=off.dtype), float("inf")
    for size in range(1, len(off) + 1):
        for chosen in combinations(range(len(off)), size):
            own = off[list(chosen)]
            found = _weights(own)
            error = float((found @ own).square().mean()) * (1 + 2 * (size - 1) / things)
            if bool((found >= 0).all()) and error < lowest:
                best, lowest = torch.zeros_like(best), error
                best[list(chosen)] = found
    return best


def _weights(off: Float[Tensor, "some error"]) -> Float[Tensor, " some"]:
    """Weights of sum 1 that minimise |sum_k w_k off_k|^2: M^-1 1 / (1^T M^-1 1), M = off off^T."""
    moments = off @ off.T
    # Equal answers have no one best weight: a little on the diagonal shares them out.
    eased = moments + 1e-6 * moments.diagonal().mean().clamp_min(1e-12) * torch.eye(len(off)).to(
        off
    )
    solved = torch.linalg.solve(eased, torch.ones(len(off), dtype=off.dtype))
    return solved / solved.sum()
