"""Frozen models between raw things and latents: images, sentences, attributes."""

from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.registry import load_model

__all__ = ["UnimodalModel", "load_model"]
