"""Several alignments as one: their maps averaged, their shared directions side by side."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.fewmatch.alignment import ROWS, Alignment, AlignmentSettings, align
from amodal.fewmatch.alignment_choice import Choice, scaled
from amodal.fewmatch.moments import linear_map
from amodal.fewmatch.principal import Principal
from amodal.latents import MatchTable
from amodal.latents.normalisation import DOMINANT
from amodal.typing import Float

ROUNDING = 1e-6
"""Deviation of a column, as a share of its largest number, below which it is float32's rounding."""


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
class Views:
    """Rows of one modality into the directions that all modalities share, in several views.

    A row's vector is its unit vectors in all views side by side, over the root of their number:
    the inner product of two is the mean of the views' cosines.
    """

    shift: Float[Tensor, " inputs"]
    weight: Float[Tensor, "view inputs shared"]

    def __call__(self, rows: Float[Tensor, "row inputs"]) -> Float[Tensor, "row vector"]:
        """The vectors, of length 1, in the precision of the rows."""
        turned = (rows - self.shift.to(rows.dtype)) @ self.weight.to(rows.dtype)
        unit = F.normalize(turned, dim=-1) / len(self.weight) ** 0.5
        return unit.permute(1, 0, 2).flatten(1)


@dataclass(frozen=True)
class Coordinates:
    """Standardised principal coordinates of several modalities, and the way back."""

    principal: Mapping[str, Principal]
    standard: Mapping[str, Float[Tensor, "_ _"]]
    deviations: Mapping[str, Float[Tensor, " _"]]

    @classmethod
    def of(
        cls,
        rows: Mapping[str, Float[Tensor, "_ _"]],
        largest: int | None,
        *,
        turned: Collection[str] = (),
    ) -> "Coordinates":
        """Measure the rows, and turn them.

        Args:
            rows: of each modality, in the scale that its own model gave them.
            largest: principal coordinates kept of each modality, at most; None keeps all.
            turned: modalities whose columns are principal coordinates already, so that their
                scale is never taken for one of units.
        """
        most = max(values.shape[1] for values in rows.values()) if largest is None else largest
        measured = {
            name: _measured(values, most, units=name not in turned) for name, values in rows.items()
        }
        principal = {name: found for name, (found, _) in measured.items()}
        return cls(
            principal,
            {name: principal[name].apply(values) for name, values in rows.items()},
            {name: deviations for name, (_, deviations) in measured.items()},
        )

    def rows(self, rows: Mapping[str, Float[Tensor, "_ _"]]) -> "Coordinates":
        """The same coordinates of other rows."""
        standard = {name: self.principal[name].apply(values) for name, values in rows.items()}
        return Coordinates(self.principal, standard, self.deviations)


def _measured(rows: Tensor, most: int, *, units: bool) -> tuple[Principal, Float[Tensor, " kept"]]:
    """Principal coordinates, and the deviation of each before it was standardised."""
    found = Principal.fit(rows, most)
    deviations = found.back.norm(dim=1)
    if not units or deviations[0] ** 2 <= DOMINANT * (deviations**2).sum():
        return found, deviations
    spread = rows.double().std(0, correction=0)
    alive = spread > ROUNDING * rows.double().abs().amax(0)
    # A column of rounding stays as small beside the others as the largest makes it.
    scale = torch.where(alive, spread, spread.max())
    scale = torch.where(scale > 0, scale, 1.0)  # all columns constant
    found = Principal.fit(rows.double() / scale, most)
    own = Principal(found.shift * scale, found.into / scale[:, None], found.back * scale)
    return own, found.back.norm(dim=1)


@dataclass(frozen=True)
class Aligned:
    """What alignments give together, in the units of the rows that they were measured on."""

    directions: Mapping[str, Views]
    """Modality -> its rows into the directions that all modalities share."""
    maps: Mapping[tuple[str, str], Affine]
    """(source, target) -> a linear map, for each pair of modalities that share a match."""
    correlations: Float[Tensor, " shared"]
    """Of the first view."""


def fit_aligned(
    coordinates: Coordinates,
    table: MatchTable,
    choice: Choice,
    *,
    things: np.ndarray | None = None,
    most: int = ROWS,
) -> Aligned:
    """Align by each of the chosen settings, from all matches or from some of them.

    Args:
        coordinates: of rows, numbered as in `table`.
        table: the matches.
        choice: the settings, see `choose_settings`.
        things: the rows of `table` to learn from; the others' rows are left out of everything.
        most: unmatched rows of a modality that take part, at most.

    Raises:
        InputError: no pair of modalities shares a match.
    """
    views = [
        _View.fit(coordinates, table, settings, things=things, most=most)
        for settings in choice.views
    ]
    learnt = table if things is None else table.choose(things)
    pairs = [pair for pair in permutations(coordinates.standard, 2) if len(learnt.together(*pair))]
    return Aligned(
        {name: _side_by_side(coordinates, views, name) for name in coordinates.standard},
        {pair: _mean_map(coordinates, views, choice.map_penalties, pair) for pair in pairs},
        views[0].found.directions.correlations,
    )


@dataclass(frozen=True)
class _View:
    """One alignment, and what its coordinates were multiplied by."""

    found: Alignment
    scales: Mapping[str, Float[Tensor, " _"]]

    @classmethod
    def fit(
        cls,
        coordinates: Coordinates,
        table: MatchTable,
        settings: AlignmentSettings,
        *,
        things: np.ndarray | None,
        most: int,
    ) -> "_View":
        rows = scaled(coordinates.standard, coordinates.deviations, settings.exponent)
        return cls(
            align(rows, table, settings=settings, things=things, most=most),
            {name: d**settings.exponent for name, d in coordinates.deviations.items()},
        )


def _side_by_side(coordinates: Coordinates, views: Sequence[_View], name: str) -> Views:
    """Views with fewer directions than others get zeros, which no cosine sees."""
    principal = coordinates.principal[name]
    weights = [
        (principal.into * view.scales[name]) @ view.found.directions.weights[name] for view in views
    ]
    widest = max(weight.shape[1] for weight in weights)
    padded = [F.pad(weight, (0, widest - weight.shape[1])) for weight in weights]
    return Views(principal.shift, torch.stack(padded))


def _mean_map(
    coordinates: Coordinates,
    views: Sequence[_View],
    penalties: Sequence[float],
    pair: tuple[str, str],
) -> Affine:
    """Linear maps have a linear mean."""
    source, target = (coordinates.principal[name] for name in pair)
    weights = []
    for view, penalty in zip(views, penalties, strict=True):
        between = linear_map(view.found.moments, *pair, penalty=penalty)
        into = source.into * view.scales[pair[0]]
        weights.append(into @ between @ (target.back / view.scales[pair[1]][:, None]))
    return Affine(source.shift, torch.stack(weights).mean(0), target.shift)
