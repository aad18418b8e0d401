"""The shared workspace: populations of encoders, decoders and their fusion."""

from amodal.workspace.architecture import Architecture
from amodal.workspace.network import apply_heads, bound, decode, encode, fuse
from amodal.workspace.population import Population, Weights

__all__ = [
    "Architecture",
    "Population",
    "Weights",
    "apply_heads",
    "bound",
    "decode",
    "encode",
    "fuse",
]
