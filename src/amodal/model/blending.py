"""Shares of several answerers in one answer, by what held-out matches say of each.

Trained members, ridge regression, kernel ridge regression, an alignment by transport and a
self-trained workspace answer the same question, and none of them is best for every block of latents
and number of matches. Their errors differ, so that a mean of them may be better than each (stacked
regression: Wolpert 1992, doi:10.1016/S0893-6080(05)80023-1; Breiman 1996, doi:10.1007/BF00117832).
"""

from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.specification import LatentSpec
from amodal.typing import Float

TRAINED, START, KERNEL = "trained members", "ridge regression", "kernel ridge regression"
ALIGNED, SELF_TRAINED = "alignment by transport", "self-trained workspace"
ANSWERERS = (TRAINED, START, KERNEL, ALIGNED, SELF_TRAINED)
"""In the order of their shares."""
COST = 4.0
"""A further answerer must lower the held-out error by more than this, divided by the matches: a
mean is nearer to the mean of all things, and so says less of each, even where its error is less."""


def named_shares(
    shares: Float[Tensor, "answerer dim"], *, trained: bool = True
) -> dict[str, float]:
    """Answerer -> its mean share over all columns.

    Args:
        shares: of one direction, in the order of `ANSWERERS`.
        trained: whether any member left its closed-form start; if none did, they answer as it does.

    Example:
        >>> shares = torch.tensor([[0.75], [0.0], [0.25], [0.0], [0.0]])
        >>> named_shares(shares, trained=False)["ridge regression"]
        0.75
    """
    found: dict[str, float] = dict(zip(ANSWERERS, shares.mean(1).tolist(), strict=True))
    if not trained:
        found[START] += found[TRAINED]
        found[TRAINED] = 0.0
    return found


def blend_shares(
    answers: Float[Tensor, "answerer thing dim"],
    truth: Float[Tensor, "thing dim"],
    spec: LatentSpec,
) -> Float[Tensor, "answerer dim"]:
    """The shares, at least 0 and adding up to 1, whose mean answer is nearest to the truth.

    Minimises |sum_k s_k a_k - y|^2 over the held-out matches, for each block of latents alone and
    each subset of answerers; the subset whose mean answer, brought to the block's form (directions
    of length 1), has the least error is taken. What few matches say of more than one share is
    weak: a larger subset must lower the error by more than fitting its shares to noise would.

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
    for block, columns in spec.parts():
        part = LatentSpec((block,))
        found = _shares(answers[:, :, columns].double(), truth[:, columns].double(), part)
        shares[:, columns] = found.float()[:, None]
    return shares


def as_directions(mean: Float[Tensor, "*lead dim"], spec: LatentSpec) -> Float[Tensor, "*lead dim"]:
    """A mean of latents with its circular blocks of length 1 again, in place."""
    for block, columns in spec.parts():
        if block.kind == "circular":
            mean[..., columns] = F.normalize(mean[..., columns], dim=-1, eps=1e-6)
    return mean


def _shares(
    answers: Float[Tensor, "answerer thing dim"],
    truth: Float[Tensor, "thing dim"],
    spec: LatentSpec,
) -> Float[Tensor, " answerer"]:
    """The best subset of answerers, each further one costing a fraction of the error."""
    # Where no error is a number at all, the first one answers.
    best, lowest = torch.eye(len(answers), dtype=answers.dtype)[0], float("inf")
    for size in range(1, len(answers) + 1):
        for chosen in combinations(range(len(answers)), size):
            own = answers[list(chosen)]
            found = _weights((own - truth).flatten(1))
            mean = as_directions(torch.einsum("k,ktd->td", found, own), spec)
            error = float((mean - truth).square().mean()) * (1 + COST * (size - 1) / len(truth))
            if bool((found >= 0).all()) and error < lowest:
                best, lowest = torch.zeros_like(best), error
                best[list(chosen)] = found
    return best


def _weights(off: Float[Tensor, "some error"]) -> Float[Tensor, " some"]:
    """Weights of sum 1 that minimise |sum_k w_k off_k|^2: M^-1 1 / (1^T M^-1 1), M = off off^T."""
    moments = off @ off.T
    # Equal answers have no one best weight: a little on the diagonal shares them out.
    ease = 1e-6 * moments.diagonal().mean().clamp_min(1e-12)
    eased = moments + ease * torch.eye(len(off), dtype=off.dtype)
    solved = torch.linalg.solve(eased, torch.ones(len(off), dtype=off.dtype))
    return solved / solved.sum()
