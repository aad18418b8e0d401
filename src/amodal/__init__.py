"""Align and translate between frozen models from a handful of matched examples."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amodal.diagnosis import diagnose
    from amodal.diagnosis.suggestion import suggest
    from amodal.errors import AmodalError
    from amodal.latents import Latents, MatchTable
    from amodal.latents.by_name import encode
    from amodal.model import Workspace
    from amodal.model.latent_regressor import LatentRegressor
    from amodal.model.matched_folds import MatchedKFold
    from amodal.specification import Block, LatentSpec
    from amodal.unimodal import load_model

__version__ = "0.1.0"

__all__ = [
    "AmodalError",
    "Block",
    "LatentRegressor",
    "LatentSpec",
    "Latents",
    "MatchTable",
    "MatchedKFold",
    "Workspace",
    "diagnose",
    "encode",
    "load",
    "load_model",
    "suggest",
]

# Loaded on first use: `import amodal` takes milliseconds, torch takes seconds.
_WHERE = {
    "AmodalError": "amodal.errors",
    "Block": "amodal.specification",
    "LatentSpec": "amodal.specification",
    "LatentRegressor": "amodal.model.latent_regressor",
    "Latents": "amodal.latents",
    "MatchTable": "amodal.latents",
    "MatchedKFold": "amodal.model.matched_folds",
    "Workspace": "amodal.model",
    "encode": "amodal.latents.by_name",
    "diagnose": "amodal.diagnosis",
    "suggest": "amodal.diagnosis.suggestion",
    "load_model": "amodal.unimodal",
}


def load(folder: Any) -> "Workspace":
    """Read a workspace that `Workspace.save`, or a fit with a folder, has written."""
    from amodal.model import Workspace

    return Workspace.load(folder)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'amodal' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_WHERE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
