"""What a report shows, gathered before any page is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amodal.data.kinds import Kind
from amodal.evaluation.translation import Figures
from amodal.typing import UInt8

Way = tuple[str, str]
Shown = Any
"""Pictures, uint8 (n, side, side, 3), or a list of sentences."""


@dataclass(frozen=True)
class ArmResult:
    """How one way to fit did, draw by draw."""

    arm: str
    """Its short name."""
    title: str
    """What it is, for people."""
    latents: str
    """Which unimodal models: "default" or "vae"."""
    figures: list[Figures]
    """A set a draw."""
    gates: list[list[dict[str, Any]]]
    """For each draw and member: the step kept, the held-out score there and at the start."""
    curves: list[dict[str, Any]]
    """Rows of the history: step, draw, run, held-out score and losses."""


@dataclass(frozen=True)
class Search:
    """One sentence and the pictures nearest to it."""

    sentence: str
    pictures: UInt8[np.ndarray, "found side side 3"]
    """Nearest first."""
    right: list[bool]
    """Which of them the sentence was written for."""
    rank: int
    """Place of the right one among all."""
    pool: int
    """How many pictures were searched."""


@dataclass(frozen=True)
class OwnWords:
    """A sentence that no grammar wrote, and what became of it."""

    sentence: str
    picture: UInt8[np.ndarray, "side side 3"]
    """As the image model draws it."""
    attributes: UInt8[np.ndarray, "side side 3"]
    """The attributes that it was translated to, drawn exactly."""
    trust: str
    """How far to trust it."""


@dataclass(frozen=True)
class Examples:
    """The same few held-out things, in every way."""

    true: Mapping[str, Shown]
    """As each modality shows them; attributes are drawn."""
    translated: Mapping[Way, Shown]
    """(source, target)."""
    round_trips: Mapping[Way, Shown]
    """(source, way): to `way` and back."""
    searches: Sequence[Search]
    own_words: Sequence[OwnWords]


@dataclass(frozen=True)
class ReportContents:
    """Everything that is on the page."""

    kind: Kind
    """Of the things."""
    settings: Mapping[str, Any]
    """Of the demo."""
    figures: Figures
    """Of the main model, on held-out things."""
    unimodal: Figures
    """What is read after the unimodal models alone."""
    results: Sequence[ArmResult]
    """The comparison."""
    examples: Examples
    history: Sequence[Mapping[str, Any]]
    """Rows of the main model's metrics.jsonl."""
    seconds: Mapping[str, float]
    """Stage -> how long."""
    environment: Mapping[str, str]
    """Versions."""
    command: str
    """What repeats all this."""
    smoke: bool
    """Whether all this is at the smoke size."""
    folder: str
    """Of the run."""
