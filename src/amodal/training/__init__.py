"""Training: the loop, its settings, stopping by held-out matches, checkpoints."""

from amodal.training.checkpoint import remove_checkpoints
from amodal.training.chunks import train
from amodal.training.loop import Outcome
from amodal.training.settings import Run, TrainingSettings

__all__ = ["Outcome", "Run", "TrainingSettings", "remove_checkpoints", "train"]
