"""The losses: pure functions of what one step computed, a number for each run."""

from amodal.losses.contrastive import same_thing
from amodal.losses.latent_error import latent_error, mean_over
from amodal.losses.step import Part, Step, compute_step
from amodal.losses.terms import LOSSES, Loss, LossSettings, find_loss, needs_of, weighted_sum

__all__ = [
    "LOSSES",
    "Loss",
    "LossSettings",
    "Part",
    "Step",
    "compute_step",
    "find_loss",
    "latent_error",
    "mean_over",
    "needs_of",
    "same_thing",
    "weighted_sum",
]
