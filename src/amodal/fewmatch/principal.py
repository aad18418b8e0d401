"""Standardised principal coordinates of one latent space, measured on all of its rows."""

from dataclasses import dataclass

import torch
from torch import Tensor

from amodal.typing import Float

# Directions whose deviation is below this share of the largest hold the rounding of float32.
_SMALLEST = 1e-5


@dataclass(frozen=True)
class Principal:
    """z = (x - shift) into, x = z back + shift: centred, and on request whitened, coordinates.

    Whitening by the principal components of all rows, matched or not, is how a linear map makes
    use of unmatched rows: few matches then estimate few, equally large directions.
    """

    shift: Float[Tensor, " dim"]
    into: Float[Tensor, "dim kept"]
    back: Float[Tensor, "kept dim"]

    @classmethod
    def fit(cls, rows: Float[Tensor, "row dim"], dimensions: int | None) -> "Principal":
        """Measure the rows; `dimensions` None only centres, a number keeps that many at most.

        Example:
            >>> rows = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 0.0]])
            >>> Principal.fit(rows, 5).apply(rows).abs().round(decimals=3).tolist()
            [[1.225], [0.0], [1.225]]
        """
        shift = rows.double().mean(0)
        if dimensions is None:
            identity = torch.eye(rows.shape[1], dtype=torch.float64)
            return cls(shift, identity, identity)
        centred = rows.double() - shift
        variance, directions = torch.linalg.eigh(centred.T @ centred / len(rows))
        variance, directions = variance.flip(0)[:dimensions], directions.flip(1)[:, :dimensions]
        # One direction at least: rows that are all equal are a constant, not an empty latent.
        kept = variance > max(_SMALLEST**2 * float(variance[0]), 0.0)
        kept[0] = True
        deviation, directions = variance[kept].clamp(min=0).sqrt(), directions[:, kept]
        deviation = torch.where(deviation > 0, deviation, 1.0)
        return cls(shift, directions / deviation, (directions * deviation).T)

    def apply(self, x: Float[Tensor, "row dim"]) -> Float[Tensor, "row kept"]:
        """Into coordinates, in float64."""
        return (x.double() - self.shift) @ self.into

    def invert(self, z: Float[Tensor, "row kept"]) -> Float[Tensor, "row dim"]:
        """Back to the unimodal model's units; what was not kept is at its mean."""
        return z.double() @ self.back + self.shift

    def rescaled(self, exponent: float) -> "Principal":
        """Coordinates times deviation^exponent: 0 keeps them standardised, 1 gives their own scale.

        Example:
            >>> rows = torch.tensor([[0.0], [2.0], [4.0]])
            >>> principal = Principal.fit(rows, 1).rescaled(1.0)
            >>> principal.apply(rows).abs().round(decimals=3).tolist()
            [[2.0], [0.0], [2.0]]
        """
        scale = self.back.norm(dim=1) ** exponent
        return Principal(self.shift, self.into * scale, self.back / scale[:, None])

    def after(self, first: "Principal") -> "Principal":
        """These coordinates of what `first` gives, as one step."""
        shift = first.shift + first.back.T @ self.shift
        return Principal(shift, first.into @ self.into, self.back @ first.back)
