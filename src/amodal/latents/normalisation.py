"""Centre and scale continuous latents, without blowing up dimensions that carry nothing."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from amodal.specification import LatentSpec
from amodal.typing import Float

ALIVE = 0.1
"""A dimension below this share of its block's largest standard deviation counts as dead."""
ROUNDING = 1e-6
"""Deviations below this share of the largest number are what float32 rounding leaves of none."""


@dataclass(frozen=True)
class Normalisation:
    """x -> (x - shift) / scale, column by column; categorical and circular columns untouched.

    An alive dimension is scaled to unit variance. A dead one (a collapsed dimension of a VAE: its
    standard deviation is below a tenth of the block's largest) is divided by that largest
    deviation instead: scaled up, its noise would weigh as much as a real factor.
    """

    shift: Float[Tensor, " dim"]
    scale: Float[Tensor, " dim"]

    @classmethod
    def fit(cls, rows: Float[Tensor, "row dim"], spec: LatentSpec) -> "Normalisation":
        """Measure mean and deviation of each continuous column over all rows.

        Example:
            >>> rows = torch.tensor([[0.0, 1.0], [2.0, 1.001], [4.0, 1.0]])
            >>> n = Normalisation.fit(rows, LatentSpec.continuous(2))
            >>> n.apply(rows)[:, 0].tolist(), bool(n.apply(rows)[:, 1].abs().max() < 0.01)
            ([-1.0, 0.0, 1.0], True)
        """
        shift, scale = torch.zeros(spec.dim), torch.ones(spec.dim)
        for block, columns in spec.parts():
            if block.kind != "continuous" or len(rows) < 2:
                continue
            values = rows[:, columns].double()
            deviation = values.std(0)
            largest = deviation.max()
            shift[columns] = values.mean(0).float()
            if largest > ROUNDING * values.abs().max():
                dead = deviation < ALIVE * largest
                scale[columns] = torch.where(dead, largest, deviation).float()
        return cls(shift, scale)

    def apply(self, rows: Tensor) -> Tensor:
        """From the unimodal model's units to normalised ones."""
        return (rows - self.shift) / self.scale

    def invert(self, rows: Tensor) -> Tensor:
        """From normalised units back to the unimodal model's."""
        return rows * self.scale + self.shift

    def to_json(self) -> dict[str, Any]:
        """Plain lists, for `json.dump`."""
        return {"shift": self.shift.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Normalisation":
        """The inverse of `to_json`."""
        return cls(torch.tensor(value["shift"]), torch.tensor(value["scale"]))
