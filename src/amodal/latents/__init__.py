"""Latents: checked, normalised, stored, matched, drawn in batches."""

from amodal.latents.check import as_latents
from amodal.latents.matches import MatchTable
from amodal.latents.normalisation import Normalisation
from amodal.latents.sampler import Batch, Sampler

__all__ = ["Batch", "MatchTable", "Normalisation", "Sampler", "as_latents"]
