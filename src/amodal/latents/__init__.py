"""Latents: checked, normalised, stored, matched, drawn in batches."""

from amodal.latents.check import as_latents
from amodal.latents.evenly import evenly
from amodal.latents.given import like
from amodal.latents.latents import Latents, as_checked, check_blocks
from amodal.latents.matches import MatchTable
from amodal.latents.normalisation import Normalisation
from amodal.latents.sampler import Batch, Sampler
from amodal.latents.separate import separate_pairs, separate_things

__all__ = [
    "Batch",
    "Latents",
    "MatchTable",
    "Normalisation",
    "Sampler",
    "as_checked",
    "as_latents",
    "check_blocks",
    "evenly",
    "like",
    "separate_pairs",
    "separate_things",
]
