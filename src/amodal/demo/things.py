"""The demo's things: matched ones, each modality's own unmatched ones, and held-out ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from amodal.data.dataset import MODALITY_NAMES
from amodal.data.splits import Pools, draw_pools
from amodal.demo.settings import FIRST, DemoSettings
from amodal.errors import unknown_name
from amodal.latents import Latents
from amodal.typing import Float, Int64
from amodal.unimodal import UnimodalModel, load_model
from amodal.unimodal.registry import models_of


@dataclass(frozen=True)
class DemoThings:
    """All things of one demo. No thing serves two purposes, and no unimodal model has seen any."""

    settings: DemoSettings

    @cached_property
    def factors(self) -> Float[np.ndarray, "thing factor"]:
        """What every thing is: first those for fitting, then the held-out ones."""
        count = self._fitting + self.settings.test
        return self.settings.kind.draw(count, seed=self.settings.seed, start=FIRST)

    @cached_property
    def pools(self) -> Pools:
        """The matched things of all draws, and the unmatched ones of each modality."""
        return draw_pools(
            np.arange(self._fitting),
            MODALITY_NAMES,
            matches=self.settings.draws * self.settings.matches,
            unmatched=self.settings.unmatched,
            seed=self.settings.seed,
        )

    @property
    def test(self) -> Int64[np.ndarray, " thing"]:
        """The held-out things."""
        return np.arange(self._fitting, self._fitting + self.settings.test)

    @property
    def _fitting(self) -> int:
        s = self.settings
        return s.draws * s.matches + len(MODALITY_NAMES) * s.unmatched

    @cached_property
    def _captions(self) -> list[str]:
        return self.settings.kind.write(self.factors, seed=self.settings.seed, start=FIRST)

    def raw(self, modality: str, rows: Int64[np.ndarray, " some"]) -> Any:
        """Things as one modality shows them: pictures, sentences, or attributes.

        Raises:
            UnknownNameError: another modality.
        """
        kind = self.settings.kind
        if modality == "image":
            return kind.render(self.factors[rows], side=kind.side)
        if modality == "text":
            return [self._captions[row] for row in rows]
        if modality == "attributes":
            return kind.attributes(self.factors[rows])
        raise unknown_name("modality", modality, MODALITY_NAMES)


def load_models(kind: str, latents: str = "default") -> dict[str, UnimodalModel]:
    """The shipped unimodal models of a kind of data, by modality: one of the two sets."""
    return {modality: load_model(name) for modality, name in models_of(kind, latents).items()}


def encode_for_fitting(
    things: DemoThings, models: Mapping[str, UnimodalModel]
) -> dict[str, Latents]:
    """Each modality's latents: the matched things of all draws first, then its unmatched ones."""
    rows = {
        name: np.concatenate([things.pools.matched, things.pools.unmatched[name]])
        for name in models
    }
    return {name: _encoded(things, models[name], name, rows[name]) for name in models}


def encode_held_out(things: DemoThings, models: Mapping[str, UnimodalModel]) -> dict[str, Latents]:
    """Each modality's latents of the held-out things."""
    return {name: _encoded(things, model, name, things.test) for name, model in models.items()}


def latents_of_draw(
    latents: Mapping[str, Latents], settings: DemoSettings, draw: int
) -> dict[str, Latents]:
    """The rows of one draw of matches, which come first, and all unmatched ones."""
    first, all_matched = draw * settings.matches, settings.draws * settings.matches
    own = np.arange(first, first + settings.matches)
    unmatched = np.arange(all_matched, all_matched + settings.unmatched)
    rows = np.concatenate([own, unmatched])
    return {name: given.take(rows) for name, given in latents.items()}


def _encoded(
    things: DemoThings, model: UnimodalModel, name: str, rows: Int64[np.ndarray, " some"]
) -> Latents:
    encoded = model.encode(things.raw(name, rows))
    return Latents(encoded, model.specification, model.fingerprint, model.name)
