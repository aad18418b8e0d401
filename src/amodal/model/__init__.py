"""The fitted workspace, as users meet it."""

from amodal.model.presets import PRESETS, Preset
from amodal.model.workspace import Workspace

__all__ = ["PRESETS", "Preset", "Workspace"]
