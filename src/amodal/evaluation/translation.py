"""How far translated latents are from the true ones, and how well they are told apart."""

from collections.abc import Mapping

from torch import Tensor

from amodal.evaluation.retrieval import retrieval_both_ways
from amodal.model import Workspace
from amodal.specification import LatentSpec
from amodal.typing import Float

LEAST_PROBABILITY = 1e-6
"""Probabilities below this count as this much: one sure mistake must not decide a mean."""

Figures = dict[str, dict[str, float]]
"""What was measured -> named numbers: {"image to text": {"translation_loss": 0.1}}."""


def latent_loss(
    answers: Float[Tensor, "row dim"], truth: Float[Tensor, "row dim"], spec: LatentSpec
) -> float:
    """The loss L_m of answers, after the heads: what training lowers, on held-out rows.

    Blocks are weighted by their share of the columns: mean squared error (continuous, circular),
    cross-entropy in nats (categorical).

    Args:
        answers: normalised rows, categorical blocks as probabilities.
        truth: likewise.
        spec: of the latent space.

    Example:
        >>> import torch
        >>> spec = LatentSpec.continuous(2)
        >>> latent_loss(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2), spec)
        0.5
    """
    total = 0.0
    for block, columns in spec.parts():
        said, true = answers[:, columns], truth[:, columns]
        if block.kind == "categorical":
            error = -(true * said.clamp_min(LEAST_PROBABILITY).log()).sum(1).mean()
        else:
            error = (said - true).square().mean()
        total += float(error) * block.size / spec.dim
    return total


def translation_figures(model: Workspace, latents: Mapping[str, Tensor]) -> Figures:
    """Losses of every translation, cycle and demi-cycle on matched rows that no fit has seen.

    Args:
        model: fitted.
        latents: for each modality its rows, in the units of its unimodal model; row i of each is
            the same thing.

    Returns:
        "image to text": translation_loss; "image to text to image": cycle_loss;
        "image to image": demi_cycle_loss, and so on for all.
    """
    figures: Figures = {}
    for source in latents:
        for target in latents:
            answers = model.translate(latents[source], source, target)
            loss = _loss(model, answers, latents[target], target)
            if source == target:
                figures[f"{source} to {source}"] = {"demi_cycle_loss": loss}
                continue
            figures[f"{source} to {target}"] = {"translation_loss": loss}
            back = model.translate(answers, target, source)
            cycle = _loss(model, back, latents[source], source)
            figures[f"{source} to {target} to {source}"] = {"cycle_loss": cycle}
    return figures


def retrieval_figures(model: Workspace, latents: Mapping[str, Tensor]) -> Figures:
    """Recall, median rank and FOSCTTM of every pair of modalities, both ways.

    Rows are compared as `Workspace.similarity` and `rank` do. The pool is all rows of the other
    modality.

    Args:
        model: fitted.
        latents: for each modality its rows; row i of each is the same thing.
    """
    names, figures = list(latents), {}
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            # Of length 1, so that the cosines below are the inner products of `similarity`.
            one = model.retrieval_vectors(latents[first].float(), first, second)
            other = model.retrieval_vectors(latents[second].float(), second, first)
            both = retrieval_both_ways(one.numpy(), other.numpy())
            figures[f"{first} to {second}"] = both["forward"]
            figures[f"{second} to {first}"] = both["backward"]
    return figures


def _loss(model: Workspace, answers: Tensor, truth: Tensor, name: str) -> float:
    normalise = model.normalisation_[name].apply
    spec = model.architecture_.specs[name]
    return latent_loss(normalise(answers), normalise(truth), spec)
