"""An alignment as affine maps: into the shared directions, and from one modality to another."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import torch
from torch import Tensor

from amodal.fewmatch.alignment import Alignment, align
from amodal.fewmatch.alignment_choice import Choice, scaled
from amodal.fewmatch.moments import linear_map
from amodal.fewmatch.principal import Principal
from amodal.latents import MatchTable
from amodal.typing import Float


@dataclass(frozen=True)
class Affine:
    """rows -> (rows - shift) @ weight + offset."""

    shift: Float[Tensor, " inputs"]
    weight: Float[Tensor, "inputs outputs"]
    offset: Float[Tensor, " outputs"]

    def __call__(self, rows: Float[Tensor, "row inputs"]) -> Float[Tensor, "row outputs"]:
        """Apply it, in the precision of the rows."""
        shift, weight, offset = (part.to(rows.dtype) for part in vars(self).values())
        return (rows - shift) @ weight + offset


@dataclass(frozen=True)
class Coordinates:
    """Standardised principal coordinates of several modalities, and the way back."""

    principal: Mapping[str, Principal]
    standard: Mapping[str, Float[Tensor, "_ _"]]
    deviations: Mapping[str, Float[Tensor, " _"]]

    @classmethod
    def of(cls, rows: Mapping[str, Float[Tensor, "_ _"]], largest: int | None) -> "Coordinates":
        """Measure the rows, and turn them.

        Args:
            rows: of each modality, in the scale that its own model gave them.
            largest: principal coordinates kept of each modality, at most; None keeps all.
        """
        most = max(values.shape[1] for values in rows.values()) if largest is None else largest
        principal = {name: Principal.fit(values, most) for name, values in rows.items()}
        return cls(
            principal,
            {name: principal[name].apply(values) for name, values in rows.items()},
            {name: found.back.norm(dim=1) for name, found in principal.items()},
        )

    def rows(self, rows: Mapping[str, Float[Tensor, "_ _"]]) -> "Coordinates":
        """The same coordinates of other rows."""
        standard = {name: self.principal[name].apply(values) for name, values in rows.items()}
        return Coordinates(self.principal, standard, self.deviations)


@dataclass(frozen=True)
class Aligned:
    """What an alignment gives, in the units of the rows that it was measured on."""

    directions: Mapping[str, Affine]
    """Modality -> its rows into the directions that all modalities share."""
    maps: Mapping[tuple[str, str], Affine]
    """(source, target) -> a linear map, for each pair of modalities that share a match."""
    correlations: Float[Tensor, " shared"]


def fit_aligned(
    coordinates: Coordinates,
    table: MatchTable,
    choice: Choice,
    *,
    things: np.ndarray | None = None,
) -> Aligned:
    """Align by chosen settings, from all matches or from some of them.

    Args:
        coordinates: of rows, numbered as in `table`.
        table: the matches.
        choice: the settings, see `choose_settings`.
        things: the rows of `table` to learn from; the others' rows are left out of everything.

    Raises:
        InputError: no pair of modalities shares a match.
    """
    exponent = choice.settings.exponent
    rows = scaled(coordinates.standard, coordinates.deviations, exponent)
    found = align(rows, table, settings=choice.settings, things=things)
    learnt = table if things is None else table.choose(things)
    scales = {name: values**exponent for name, values in coordinates.deviations.items()}
    return Aligned(
        {name: _directions(coordinates, found, scales, name) for name in rows},
        {
            pair: _map(coordinates, found, scales, pair, penalty=choice.map_penalty)
            for pair in permutations(rows, 2)
            if len(learnt.together(*pair))
        },
        found.directions.correlations,
    )


def _directions(
    coordinates: Coordinates, found: Alignment, scales: Mapping[str, Tensor], name: str
) -> Affine:
    principal, weights = coordinates.principal[name], found.directions.weights[name]
    weight = (principal.into * scales[name]) @ weights
    return Affine(principal.shift, weight, torch.zeros(weight.shape[1], dtype=weight.dtype))


def _map(
    coordinates: Coordinates,
    found: Alignment,
    scales: Mapping[str, Tensor],
    pair: tuple[str, str],
    *,
    penalty: float,
) -> Affine:
    source, target = (coordinates.principal[name] for name in pair)
    between = linear_map(found.moments, *pair, penalty=penalty)
    into, back = source.into * scales[pair[0]], target.back / scales[pair[1]][:, None]
    return Affine(source.shift, into @ between @ back, target.shift)
