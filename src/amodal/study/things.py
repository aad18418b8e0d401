"""The things of a study: matchable ones, each modality's own unmatched ones, and held-out ones."""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.data.dataset import MODALITY_NAMES, Dataset, named_data
from amodal.data.kinds import Kind
from amodal.data.splits import draw_pools
from amodal.errors import InputError, Notice
from amodal.latents import MatchTable, Normalisation
from amodal.latents.encoding import encode_to_store
from amodal.specification import LatentSpec
from amodal.study.cells import Cell
from amodal.study.folding import fold, folding_of
from amodal.study.settings import StudySettings
from amodal.typing import Float, Int64
from amodal.unimodal import UnimodalModel, load_model
from amodal.unimodal.base import joined
from amodal.unimodal.identity import identity_of
from amodal.unimodal.registry import models_of

FIRST = 20_000_000
"""Number of the study's first thing in the endless sequence of seed 0: no unimodal model, data set
or demo has seen any from there on."""
MATCHABLE, UNMATCHED = FIRST + 1_000_000, FIRST + 2_000_000
APART = 2_000_000
"""Each modality's unmatched things begin so far from the last one's."""
MOST_HELD_OUT = 1000
"""More held-out matches than this choose no better."""
_STREAM = 31
Range = tuple[int, int]


@dataclass(frozen=True)
class StudyThings:
    """Latents of one pairing and image model. The same row of two modalities is the same thing,
    among the pool and the matchable things; then come each modality's own unmatched rows."""

    kind: Kind
    """What they are."""
    names: tuple[str, ...]
    """Modalities."""
    specs: dict[str, LatentSpec]
    """How each is measured."""
    latents: dict[str, Float[Tensor, "_ _"]]
    """Normalised rows: the pool, the matchable things, the modality's own unmatched ones."""
    factors: Float[np.ndarray, "thing factor"]
    """Of the pool and of the matchable things, row for row."""
    pool: Int64[np.ndarray, " row"]
    """Rows that no run has seen."""
    test: Int64[np.ndarray, " some"]
    """The first of them, on which losses are measured."""
    normalisations: dict[str, Normalisation]
    """From the unimodal models' units to those of `latents`."""
    models: dict[str, str]
    """Names of the unimodal models."""
    fingerprints: dict[str, str]
    """Of the unimodal models: other weights give other latents."""

    @cached_property
    def table(self) -> MatchTable:
        """All matchable things."""
        rows = np.arange(len(self.pool), len(self.factors))
        return MatchTable(self.names, np.stack([rows] * len(self.names), 1))

    def unmatched(self, share: float = 1.0) -> dict[str, Int64[np.ndarray, " _"]]:
        """Each modality's own rows, or the first share of them."""
        first = len(self.factors)
        return {
            name: np.arange(first, first + max(2, round(share * (len(rows) - first))))
            for name, rows in self.latents.items()
        }

    @property
    def test_factors(self) -> Float[np.ndarray, "some factor"]:
        """What the test things are."""
        return self.factors[self.test]

    @property
    def matchable_factors(self) -> Float[np.ndarray, "thing factor"]:
        """What the matchable things are, in the order of `table`."""
        return self.factors[len(self.pool) :]

    def rows(self, name: str, rows: Int64[np.ndarray, " row"]) -> Float[Tensor, "row dim"]:
        """Normalised latents of some rows."""
        return self.latents[name][torch.from_numpy(rows)]

    def things_of(self, cell: Cell) -> tuple[Int64[np.ndarray, " one"], Int64[np.ndarray, " two"]]:
        """The matches of a cell, rows of `table`: those to learn from, and those held out.

        They are drawn by the cell's seed, the first ones staying the same when `matches` grows.
        Every fifth is held out (at least 2, at most 1,000): it counts as given all the same.

        Raises:
            InputError: there are too few matchable things.
        """
        order = np.random.default_rng([cell.seed, _STREAM]).permutation(len(self.table))
        if cell.region:
            order = order[~self.kind.in_heldout_region(self.matchable_factors[order])]
        if cell.matches > len(order):
            raise InputError(
                f"{cell.matches:,} matches were asked for, but there are only {len(order):,} "
                "matchable things: ask for fewer, or give more data"
            )
        chosen = order[: cell.matches]
        every = min(5, cell.matches // 2)
        held_out = chosen[::every][:MOST_HELD_OUT]
        return np.setdiff1d(chosen, held_out), np.sort(held_out)


class ThingsStore:
    """Makes the things of every pairing and image model, encoding each modality once."""

    def __init__(self, folder: Path, settings: StudySettings) -> None:
        """Latents are kept in `folder`, one store for each model and set of things."""
        self.folder, self.settings = folder, settings
        kind, dataset = named_data(settings.data or "shapes")
        self._source = (
            DrawnThings(kind, settings) if dataset is None else DataThings(dataset, settings)
        )
        self._encoded: dict[str, tuple[UnimodalModel, np.ndarray]] = {}
        self._known: dict[tuple[str, str], StudyThings] = {}

    def describe(self) -> Any:
        """What decides the things, as plain JSON."""
        return self._source.describe()

    def of(self, pairing: str, latents: str) -> StudyThings:
        """The things of a pairing, in the latents of one image model (text and attributes have
        one each)."""
        if "image" not in pairing:
            latents = "default"
        if (pairing, latents) not in self._known:
            self._known[pairing, latents] = self._make(pairing.split("-"), latents)
        return self._known[pairing, latents]

    def _make(self, names: list[str], latents: str) -> StudyThings:
        folding = folding_of(latents)
        models = models_of(self._source.kind.name, "default" if folding is not None else latents)
        shared = self._source.pool + self._source.matchable
        specs, rows, normalisations, fingerprints = {}, {}, {}, {}
        for name in names:
            model, encoded = self.encoded(name, models[name])
            own = torch.from_numpy(encoded)
            specs[name], fingerprints[name] = model.specification, model.fingerprint
            # Measured on what a user has plenty of: the modality's own unmatched rows.
            normalisations[name] = Normalisation.fit(own[shared:], specs[name])
            rows[name] = normalisations[name].apply(own)
            if name == "image" and folding is not None:
                specs[name], rows[name] = fold(rows[name], folding)
        return StudyThings(
            kind=self._source.kind,
            names=tuple(names),
            specs=specs,
            latents=rows,
            factors=self._source.factors,
            pool=np.arange(self._source.pool),
            test=np.arange(min(self.settings.test, self._source.pool)),
            normalisations=normalisations,
            models={name: models[name] for name in names},
            fingerprints=fingerprints,
        )

    def encoded(self, modality: str, model_name: str) -> tuple[UnimodalModel, np.ndarray]:
        """All latents of one modality, from the folder where it holds them.

        A few things at a time, as all pictures together may be larger than the memory; and what
        is encoded stays, as making pictures may take long.
        """
        if model_name not in self._encoded:
            model, things = load_model(model_name), self._source.describe()
            mark = identity_of([model.fingerprint, json.dumps(things)])[:12]
            latents = encode_to_store(
                model,
                lambda start, stop: self._source.raw(modality, start, stop),
                self.folder / f"{model_name.replace('/', '-')}-{mark}",
                rows=self._source.pool + self._source.matchable + self._source.unmatched,
                modality=modality,
                source={"things": things},
                model_name=model_name,
            )
            self._encoded[model_name] = (model, np.array(latents.rows))
        return self._encoded[model_name]


class DrawnThings:
    """Things drawn from seed 0, where nothing else has drawn any."""

    def __init__(self, kind: Kind, settings: StudySettings) -> None:
        self.kind = kind
        self.pool, self.matchable = max(settings.pool, settings.test), settings.matchable
        self.unmatched = settings.unmatched

    def describe(self) -> Any:
        """What decides them, as plain JSON."""
        sizes = [FIRST, self.pool, self.matchable, self.unmatched]
        # Simple Shapes go without their name: so old folders of studies stay what they are.
        return sizes if self.kind.name == "shapes" else [self.kind.name, *sizes]

    @cached_property
    def factors(self) -> Float[np.ndarray, "thing factor"]:
        """Of the pool and of the matchable things."""
        ranges = self._ranges("image")[:2]
        return np.concatenate([self.kind.draw(n, seed=0, start=start) for start, n in ranges])

    def _ranges(self, modality: str) -> list[Range]:
        own = UNMATCHED + MODALITY_NAMES.index(modality) * APART
        return [(FIRST, self.pool), (MATCHABLE, self.matchable), (own, self.unmatched)]

    def raw(self, modality: str, start: int, stop: int) -> Any:
        """Some of the things as one modality shows them."""
        ranges = _cut(self._ranges(modality), start, stop)
        return joined([self._shown(modality, first, count) for first, count in ranges])

    def _shown(self, modality: str, first: int, count: int) -> Any:
        factors = self.kind.draw(count, seed=0, start=first)
        if modality == "text":
            return self.kind.write(factors, seed=0, start=first)
        if modality == "image":
            return self.kind.render(factors, side=self.kind.side)
        return self.kind.attributes(factors)


class DataThings:
    """Things of a data set: its test split, and pools out of its training split."""

    def __init__(self, dataset: Dataset, settings: StudySettings) -> None:
        self.dataset, self.kind = dataset, dataset.kind
        train, test = self.dataset.rows("train"), self.dataset.rows("test")
        self._test = test[: max(settings.pool, settings.test)]
        self.pool = len(self._test)
        self.matchable = min(settings.matchable, len(train) // 2)
        self.unmatched = min(settings.unmatched, (len(train) - self.matchable) // 3)
        if min(self.pool, self.matchable, self.unmatched) < 2:
            raise InputError(f"{settings.data} has {len(self.dataset)} things, too few for a study")
        if max(settings.matches) > self.matchable:
            raise InputError(
                f"of {settings.data}'s {len(self.dataset):,} things {self.matchable:,} can be "
                f"matched, but {max(settings.matches):,} matches are to be tried: give fewer, "
                f"--matches 20 100 {self.matchable}, or more data"
            )
        if (self.matchable, self.unmatched) != (settings.matchable, settings.unmatched):
            warnings.warn(
                f"{settings.data} allows {self.matchable:,} matchable and {self.unmatched:,} "
                "unmatched things a modality",
                Notice,
                stacklevel=2,
            )
        self._pools = draw_pools(
            train, MODALITY_NAMES, matches=self.matchable, unmatched=self.unmatched, seed=0
        )

    def describe(self) -> Any:
        """What decides them, as plain JSON."""
        sums: Mapping[str, Any] = self.dataset.manifest["files"]
        return [sums["factors.npy"]["sha256"], self.pool, self.matchable, self.unmatched]

    @cached_property
    def factors(self) -> Float[np.ndarray, "thing factor"]:
        """Of the pool and of the matchable things."""
        return self.dataset.factors[np.concatenate([self._test, self._pools.matched])]

    def raw(self, modality: str, start: int, stop: int) -> Any:
        """Some of the things as one modality shows them."""
        own = self._pools.unmatched[modality]
        rows = np.concatenate([self._test, self._pools.matched, own])
        return self.dataset.raw(modality, rows[start:stop])


def _cut(ranges: list[Range], start: int, stop: int) -> list[Range]:
    """The part of some ranges, end to end, from one place among them to another.

    Example:
        >>> _cut([(100, 5), (200, 5)], 3, 7)
        [(103, 2), (200, 2)]
    """
    found, before = [], 0
    for first, count in ranges:
        low, high = max(start - before, 0), min(stop - before, count)
        if low < high:
            found.append((first + low, high - low))
        before += count
    return found
