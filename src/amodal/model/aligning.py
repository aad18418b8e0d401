"""Alignment by transport for a workspace: from its matches and some of its unmatched rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from amodal.fewmatch.aligned import Affine, Aligned, Coordinates, Views, fit_aligned
from amodal.fewmatch.alignment import ROWS
from amodal.fewmatch.alignment_choice import JUDGED_ROWS, Choice, choose_settings
from amodal.latents import MatchTable, evenly
from amodal.typing import Float, Int64

PRINCIPAL = 128
"""Principal coordinates of a modality, at most."""
MEASURED = 10_000
"""Rows of a modality that the principal coordinates are measured on, at most."""


@dataclass(frozen=True)
class Aligner:
    """What an alignment needs of a fit: a few rows, in their models' own scale, and the matches.

    Columns that were standardised have lost what the alignment starts from, so rows get their
    scale back here; the maps that come out are again of normalised rows.
    """

    coordinates: Coordinates
    table: MatchTable
    """The trial's matches, in the rows of `coordinates`."""
    places: Mapping[int, int]
    """Row of the whole match table -> row of this one."""
    scales: Mapping[str, Float[Tensor, " _"]]
    choice: Choice

    @classmethod
    def of(
        cls,
        latents: Mapping[str, Float[Tensor, "_ _"]],
        table: MatchTable,
        *,
        things: Int64[np.ndarray, " thing"],
        scales: Mapping[str, Float[Tensor, " _"]],
        unmatched: Mapping[str, np.ndarray] | None,
        turned: Collection[str] = (),
    ) -> "Aligner":
        """Gather what is needed, and choose the settings by folds of the matches.

        Args:
            latents: normalised rows of each modality.
            table: all matches.
            things: the rows of `table` that may be learnt from.
            scales: what each column was divided by when it was normalised.
            unmatched: rows of each modality that are in no match; when left out, those that
                `table` does not name.
            turned: modalities whose columns are principal coordinates of wider ones.
        """
        own = table.rows[things]
        gathered, measured, columns = {}, {}, []
        for place, name in enumerate(table.names):
            free = free_rows(latents, table, name, unmatched)
            column = own[:, place]
            known, numbers = np.unique(column, return_inverse=True)
            seen = known[known >= 0]
            # Without -1 the numbers of the rows that are seen begin at 0.
            columns.append(numbers - (len(known) - len(seen)))
            gathered[name] = np.concatenate([seen, spread_out(free, ROWS)])
            measured[name] = np.concatenate([seen, spread_out(free, MEASURED)])
        raw = {n: latents[n][torch.from_numpy(measured[n])] * scales[n] for n in table.names}
        coordinates = Coordinates.of(raw, PRINCIPAL, turned=turned).rows(
            {n: latents[n][torch.from_numpy(gathered[n])] * scales[n] for n in table.names}
        )
        small = MatchTable(table.names, np.stack(columns, 1))
        return cls(
            coordinates,
            small,
            {int(thing): place for place, thing in enumerate(things)},
            scales,
            choose_settings(coordinates.standard, coordinates.deviations, small),
        )

    def fit(self, things: Int64[np.ndarray, " thing"] | None = None) -> Aligned:
        """Align normalised rows from some of the matches, those of the whole table's numbering.

        From fewer than all of them, which only judges others, with fewer unmatched rows.

        Raises:
            InputError: they match no two modalities.
        """
        places = None
        if things is not None:
            known = (self.places.get(int(thing)) for thing in things)
            places = np.array([place for place in known if place is not None], dtype=np.int64)
        most = ROWS if places is None or len(places) == len(self.table.rows) else JUDGED_ROWS
        found = fit_aligned(self.coordinates, self.table, self.choice, things=places, most=most)
        return Aligned(
            {
                name: Views(
                    (v.shift / self.scales[name]).float(),
                    (v.weight * self.scales[name][:, None]).float(),
                )
                for name, v in found.directions.items()
            },
            {
                pair: _rescaled(affine, *(self.scales[name] for name in pair))
                for pair, affine in found.maps.items()
            },
            found.correlations,
        )


def free_rows(
    latents: Mapping[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    name: str,
    unmatched: Mapping[str, np.ndarray] | None,
) -> Int64[np.ndarray, " some"]:
    """Rows of a modality that are in no match."""
    if unmatched is not None:
        return unmatched[name]
    column = table.column(name)
    return np.setdiff1d(np.arange(len(latents[name])), column[column >= 0])


def spread_out(rows: Int64[np.ndarray, " some"], most: int) -> Int64[np.ndarray, " fewer"]:
    """Evenly spaced ones of them, `most` at most.

    Example:
        >>> spread_out(np.arange(7), 3).tolist()
        [0, 3, 6]
    """
    return rows[evenly(len(rows), most)]


def _rescaled(affine: Affine, given: Tensor, told: Tensor) -> Affine:
    """The same map for rows that were divided by `given`, with answers divided by `told`."""
    weight, offset = affine.weight * given[:, None] / told, affine.offset / told
    return Affine((affine.shift / given).float(), weight.float(), offset.float())
