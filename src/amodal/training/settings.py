"""How a population is trained: the settings of the loop, and of each run."""

import math
from dataclasses import dataclass, field

import numpy as np

from amodal.errors import InputError
from amodal.losses import find_loss
from amodal.typing import Int64

PRECISIONS = ("float32", "bfloat16", "auto")


@dataclass(frozen=True)
class TrainingSettings:
    """What all runs of a population share."""

    steps: int = 1400
    """Updates at most; stopping may end a run earlier."""
    batch: int = 128
    """Matched things a step; a run with fewer sees all of its own at each step."""
    unmatched_batch: int = 128
    """Unmatched rows of each modality a step."""
    warm_up: int = 25
    """Steps over which the learning rate rises to its full height; a cosine takes it down."""
    weight_decay: float = 3.0
    """On the weights of the networks, decoupled from the gradient (AdamW); a run may have its
    own."""
    decoder_speed: float = 1.0
    """Learning rate of decoders, as a multiple of the encoders'."""
    linear_speed: float = 0.3
    """Learning rate of the linear path, as a multiple of the networks'."""
    smoothing: float = 0.0
    """Label smoothing of categorical blocks in the translation loss."""
    scale: float = 1 / 0.07
    """What contrastive cosines are multiplied with."""
    learn_scale: bool = False
    """Learn that scale instead, for each run."""
    cycle_flow: float = 0.1
    """Share of a cycle's gradient that reaches its first half: 1 trains both halves, 0 lets the
    first half make examples for the second (back-translation)."""
    evaluate_every: int = 25
    """Steps between looks at the held-out matches."""
    patience: int = 8
    """Looks without a better one after which a group of runs stops."""
    clip: float = 5.0
    """Largest norm of one run's gradient; larger ones are scaled down to it."""
    precision: str = "auto"
    """What hidden layers compute in: float32, bfloat16, or auto for bfloat16 where the processor is
    made for it. Weights, linear paths, states and losses stay float32."""

    def __post_init__(self) -> None:
        problems = [
            f"{name} must be at least {least}, got {getattr(self, name)}"
            for name, least in (
                ("steps", 0),
                ("batch", 2),
                ("unmatched_batch", 0),
                ("warm_up", 0),
                ("weight_decay", 0),
                ("evaluate_every", 1),
                ("patience", 1),
                ("decoder_speed", 0),
                ("linear_speed", 0),
            )
            if not getattr(self, name) >= least  # nor is NaN
        ]
        if not self.clip > 0:
            problems.append(f"clip must be above 0 (a large number for none), got {self.clip}")
        if not 0 < self.scale < math.inf:
            problems.append(f"scale must be above 0 and finite, got {self.scale}")
        if not 0 <= self.cycle_flow <= 1:
            problems.append(f"cycle_flow must be in [0, 1], got {self.cycle_flow}")
        if self.precision not in PRECISIONS:
            problems.append(f"precision must be one of {PRECISIONS}, got {self.precision!r}")
        if not 0 <= self.smoothing < 1:
            problems.append(f"smoothing must be in [0, 1), got {self.smoothing}")
        if problems:
            raise InputError("training settings: " + "; ".join(problems))


@dataclass(frozen=True)
class Run:
    """One member of a population."""

    seed: int
    """Of its weights, batches and dropout."""
    losses: dict[str, float]
    """Weight of each loss; those left out are 0."""
    things: Int64[np.ndarray, " thing"]
    """The matches (rows of the match table) that it learns from."""
    held_out: Int64[np.ndarray, " other"] = field(
        default_factory=lambda: np.empty(0, dtype=np.int64)
    )
    """The matches that it is judged by."""
    learning_rate: float = 2e-3
    """At its height."""
    weight_decay: float | None = None
    """Of this run; that of the settings where left out."""
    group: int = 0
    """Runs of a group stop together, at the step that is best for those with held-out matches."""
    fixed: bool = False
    """Keep the weights that it starts with, however long the others train."""

    def __post_init__(self) -> None:
        for name, weight in self.losses.items():
            find_loss(name)
            if not 0 <= weight < math.inf:
                raise InputError(
                    f"the weight of loss {name!r} is {weight}, expected a number of at least 0"
                )
        if not 0 < self.learning_rate < math.inf:
            raise InputError(f"learning_rate must be positive, got {self.learning_rate}")
        if self.weight_decay is not None and not 0 <= self.weight_decay < math.inf:
            raise InputError(f"weight_decay must be at least 0, got {self.weight_decay}")
        both = np.intersect1d(self.things, self.held_out)
        if len(both):
            raise InputError(f"run: match {int(both[0])} is both learnt from and held out")
