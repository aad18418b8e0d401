"""Training: the loop, its settings, stopping by held-out matches, checkpoints."""

from amodal.training.loop import Outcome, train
from amodal.training.settings import Run, TrainingSettings

__all__ = ["Outcome", "Run", "TrainingSettings", "train"]
