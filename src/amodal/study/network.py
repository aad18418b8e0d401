"""The study's network, how it is trained, what is tuned for every run, and the variants."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from amodal.errors import unknown_name
from amodal.specification import LatentSpec
from amodal.study.cells import Cell
from amodal.study.settings import StudySettings
from amodal.training import TrainingSettings
from amodal.workspace import Architecture

NETWORK: dict[str, Any] = {
    "state": 12,
    "hidden": 64,
    "layers": 2,
    "activation": "silu",
    "dropout": 0.0,
    "linear": False,
    "bounded": True,
}
"""The seed paper's shape: a state of 12 numbers (or more, see `architecture_of`) through tanh, and
no closed-form start, so that every difference between methods is the losses' own."""
TRAINING: dict[str, Any] = {"cycle_flow": 1.0, "warm_up": 50}
"""What differs from the loop's defaults."""


@dataclass(frozen=True)
class Candidate:
    """One setting of what is tuned."""

    learning_rate: float
    weight_decay: float


CANDIDATES = (Candidate(1.5e-2, 0.03), Candidate(6e-3, 0.3), Candidate(3e-3, 0.1))
"""What each run tries, most useful first; its own held-out matches choose."""


@dataclass(frozen=True)
class Variant:
    """What one variant changes."""

    title: str
    """For people."""
    architecture: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    losses: Mapping[str, float] = field(default_factory=dict)
    """Weights of losses, where the method has them."""
    steps: float = 1.0
    """Times as many steps."""
    rate: float = 1.0
    """Factor on the learning rate."""
    unmatched: float = 1.0
    """Share of the unmatched things."""


VARIANTS: dict[str, Variant] = {
    "": Variant("the study's own"),
    "mlp": Variant("a plain network each way, no bottleneck", {"state": 64, "bounded": False}),
    "mlp-dropout": Variant(
        "the same with dropout 0.1", {"state": 64, "bounded": False, "dropout": 0.1}
    ),
    "state-4": Variant("state of 4 numbers", {"state": 4}),
    "state-32": Variant("state of 32 numbers", {"state": 32}),
    "paper-network": Variant(
        "the paper's network: hidden layers of 128, ReLU", {"hidden": 128, "activation": "relu"}
    ),
    "dropout": Variant("dropout 0.3", {"dropout": 0.3}),
    "slow": Variant("a fifth of the learning rate", rate=0.2),
    "short": Variant("a quarter of the steps", steps=0.25),
    "long": Variant("three times the steps", steps=3.0),
    "cycle-light": Variant("cycles weigh a tenth", losses={"cycle": 0.1}),
    "cycle-heavy": Variant("cycles weigh five times", losses={"cycle": 5.0}),
    "contrast-heavy": Variant("contrastive loss weighs 1", losses={"contrastive": 1.0}),
    "one-way": Variant(
        "a tenth of the cycles' gradient to their first half", training={"cycle_flow": 0.1}
    ),
    "tenth": Variant("a tenth of the unmatched things", unmatched=0.1),
    "hundredth": Variant("a hundredth of the unmatched things", unmatched=0.01),
}


def find_variant(name: str) -> Variant:
    """The variant called `name`.

    Raises:
        UnknownNameError: there is none of that name.
    """
    if name not in VARIANTS:
        raise unknown_name("variant", name, VARIANTS)
    return VARIANTS[name]


def architecture_of(cell: Cell, specs: Mapping[str, LatentSpec]) -> Architecture:
    """The network of a cell, with a state as large as the smallest latent space, at least."""
    own = {name: specs[name] for name in cell.modalities}
    state = max(NETWORK["state"], min(spec.dim for spec in own.values()))
    sizes = NETWORK | {"state": state} | dict(find_variant(cell.variant).architecture)
    return Architecture(specs=own, **sizes)


def losses_of(cell: Cell) -> dict[str, float]:
    """Weight of each loss of a cell."""
    changed = find_variant(cell.variant).losses
    return {name: changed.get(name, weight) for name, weight in cell.losses.items()}


def training_of(cell: Cell, settings: StudySettings) -> TrainingSettings:
    """The loop's settings of a cell."""
    variant = find_variant(cell.variant)
    plain = TrainingSettings(
        steps=round(settings.steps * variant.steps),
        batch=settings.batch,
        unmatched_batch=settings.batch,
        evaluate_every=settings.evaluate_every,
        patience=settings.patience,
        **TRAINING,
    )
    return replace(plain, **variant.training)


def candidates_of(cell: Cell, settings: StudySettings) -> list[Candidate]:
    """What a cell tries."""
    rate = find_variant(cell.variant).rate
    chosen = CANDIDATES[: settings.candidates]
    return [replace(each, learning_rate=each.learning_rate * rate) for each in chosen]
