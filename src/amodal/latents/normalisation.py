"""Centre and scale continuous latents, without blowing up dimensions that carry nothing."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from amodal.specification import LatentSpec
from amodal.typing import Float

ALIVE = 0.1
"""A dimension below this share of its block's largest standard deviation counts as dead."""
DOMINANT = 0.9
"""Share of a space's variance in one direction from which on its columns count as measured in units
of their own, as those of a table are: then their scale says nothing."""
MEASURED = 20_000
"""Rows that principal coordinates are measured on, at most, spread over all."""
ROUNDING = 1e-6
"""Deviations below this share of the largest number are what float32 rounding leaves of none."""


@dataclass(frozen=True)
class Normalisation:
    """x -> (x - shift) / scale, column by column; categorical and circular columns untouched.

    An alive dimension is scaled to unit variance. A dead one (a collapsed dimension of a VAE: its
    standard deviation is below a tenth of the block's largest) is divided by that largest
    deviation instead: scaled up, its noise would weigh as much as a real factor. Where one column
    has nine tenths of a block's variance, as an income has beside an age, columns have units of
    their own, and only those that are constant but for rounding are dead.

    With a basis x -> (x - shift) basis / scale: principal coordinates of a wide latent space, which
    keep their variances relative to each other.
    """

    shift: Float[Tensor, " dim"]
    scale: Float[Tensor, " kept"]
    basis: Float[Tensor, "dim kept"] | None = None
    """Orthonormal directions of largest variance; None keeps the columns as they are."""

    @classmethod
    def fit(cls, rows: Float[Tensor, "row dim"], spec: LatentSpec) -> "Normalisation":
        """Measure mean and deviation of each continuous column over all rows.

        Example:
            >>> rows = torch.tensor([[0.0, 1.0, 4.0], [2.0, 1.001, 0.0], [4.0, 1.0, 2.0]])
            >>> n = Normalisation.fit(rows, LatentSpec.continuous(3))
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
                if largest.square() > DOMINANT * deviation.square().sum():
                    dead = deviation <= ROUNDING * values.abs().amax(0)
                scale[columns] = torch.where(dead, largest, deviation).float()
        return cls(shift, scale)

    @classmethod
    def principal(cls, rows: Float[Tensor, "row dim"], largest: int) -> "Normalisation":
        """Keep the `largest` principal coordinates, divided by their root mean square.

        One number divides them all: whitened, the smallest direction would weigh as much as the
        largest, and few matches say little of small directions.

        Example:
            >>> rows = torch.tensor([[0.0, 2.0, 0.0], [0.0, -2.0, 0.0], [1.0, 0.0, 0.0]])
            >>> found = Normalisation.principal(rows, 2)
            >>> back = found.invert(found.apply(rows))
            >>> found.apply(rows).shape, bool(torch.allclose(back, rows, atol=1e-5))
            (torch.Size([3, 2]), True)
        """
        some = rows[:: max(1, -(-len(rows) // MEASURED))].double()
        shift = some.mean(0)
        centred = some - shift
        variance, directions = torch.linalg.eigh(centred.T @ centred / max(1, len(some)))
        kept = variance.flip(0)[:largest].clamp(min=0)
        scale = kept.mean().sqrt()
        scale = scale if float(scale) > ROUNDING * float(some.abs().max()) else torch.ones(())
        # Contiguous, as it will be when it is read again: products then round alike.
        basis = directions.flip(1)[:, :largest].contiguous()
        return cls(shift.float(), scale.float().expand(len(kept)).clone(), basis.float())

    def given(self, spec: LatentSpec) -> LatentSpec:
        """How rows are measured before they are normalised, from how they are afterwards."""
        return spec if self.basis is None else LatentSpec.continuous(len(self.shift))

    def apply(self, rows: Tensor) -> Tensor:
        """From the unimodal model's units to normalised ones."""
        centred = rows - self.shift
        return (centred if self.basis is None else centred @ self.basis) / self.scale

    def invert(self, rows: Tensor) -> Tensor:
        """From normalised units back to the unimodal model's; what was not kept is at its mean."""
        values = rows * self.scale
        return (values if self.basis is None else values @ self.basis.T) + self.shift

    def to_json(self) -> dict[str, Any]:
        """Plain lists, for `json.dump`; a basis is written elsewhere, it is large."""
        return {"shift": self.shift.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, value: dict[str, Any], basis: Tensor | None = None) -> "Normalisation":
        """The inverse of `to_json`."""
        return cls(torch.tensor(value["shift"]), torch.tensor(value["scale"]), basis)
