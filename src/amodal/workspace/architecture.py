"""What a workspace is made of: its modalities, its state, its encoders and decoders."""

import math
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

from amodal.errors import InputError
from amodal.specification import LatentSpec

Shape = tuple[int, ...]

LOG_SCALE = "contrastive.log_scale"
"""The one weight that belongs to no modality: the learnt scale of contrastive cosines."""


@dataclass(frozen=True)
class Architecture:
    """Sizes and switches of one workspace network, the same for all runs of a population."""

    specs: dict[str, LatentSpec]
    """The latent space of each modality."""
    state: int
    """Numbers in a workspace state."""
    hidden: int = 64
    """Width of the hidden layers; 0 leaves only the linear path."""
    layers: int = 2
    """Hidden layers in each encoder and decoder."""
    activation: Literal["relu", "silu"] = "silu"
    """Between the layers."""
    dropout: float = 0.0
    """Share of hidden numbers dropped while training."""
    linear: bool = True
    """A linear path beside each network, where a closed-form start goes."""
    bounded: bool = False
    """Pass states through tanh, as the seed does."""

    def __post_init__(self) -> None:
        problems = []
        if len(self.specs) < 2:
            problems.append(f"at least two modalities are needed, got {list(self.specs)}")
        if self.state < 1:
            problems.append(f"state must be at least 1, got {self.state}")
        if self.hidden < 0 or self.layers < 1:
            problems.append(f"hidden >= 0, layers >= 1, got {self.hidden}, {self.layers}")
        if self.activation not in ("relu", "silu"):
            problems.append(f"activation must be relu or silu, got {self.activation!r}")
        if not 0 <= self.dropout < 1:
            problems.append(f"dropout must be in [0, 1), got {self.dropout}")
        if self.hidden == 0 and not self.linear:
            problems.append("hidden is 0 and there is no linear path: nothing would be left")
        if problems:
            raise InputError("architecture: " + "; ".join(problems))

    @property
    def names(self) -> tuple[str, ...]:
        """The modalities, in order."""
        return tuple(self.specs)

    def shapes(self) -> dict[str, Shape]:
        """Name and shape of every weight of one run, in the order of a population's columns."""
        return self._shapes

    @cached_property
    def _shapes(self) -> dict[str, Shape]:
        result: dict[str, Shape] = {LOG_SCALE: (1, 1)}
        for name, spec in self.specs.items():
            result |= self._net_shapes(f"{name}.encoder", spec.dim, self.state)
            result |= self._net_shapes(f"{name}.decoder", self.state, spec.dim)
        return result

    def _net_shapes(self, prefix: str, inputs: int, outputs: int) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        if self.linear:
            shapes[f"{prefix}.linear"] = (inputs, outputs)
        if self.hidden:
            widths = [inputs] + [self.hidden] * self.layers
            for layer, (a, b) in enumerate(pairwise(widths)):
                shapes[f"{prefix}.weight{layer}"] = (a, b)
                shapes[f"{prefix}.bias{layer}"] = (1, b)
            shapes[f"{prefix}.out"] = (self.hidden, outputs)
        shapes[f"{prefix}.bias"] = (1, outputs)
        return shapes

    def inputs_of(self, name: str) -> int:
        """How many numbers flow into each output of the layer that a weight or bias is of."""
        prefix, last = name.rsplit(".", 1)
        if last == "bias":
            last = "out" if self.hidden else "linear"
        return self.shapes()[f"{prefix}.{last.replace('bias', 'weight')}"][0]

    def count(self) -> int:
        """Number of weights of one run."""
        return sum(math.prod(shape) for shape in self.shapes().values())

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `json.dump`."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "specs"}
        return plain | {"specs": {name: spec.to_json() for name, spec in self.specs.items()}}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Architecture":
        """The inverse of `to_json`."""
        plain = dict(value)
        specs = {name: LatentSpec.from_json(spec) for name, spec in plain.pop("specs").items()}
        return cls(specs, **plain)
