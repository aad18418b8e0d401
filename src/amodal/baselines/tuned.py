"""Base of the baselines whose settings, and the scale of their latents, are chosen by folds."""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any, ClassVar

import torch
from torch import Tensor

from amodal.baselines.base import Baseline, Map, unit_rows
from amodal.baselines.folds import Embed, choose_by_folds
from amodal.fewmatch.principal import Principal
from amodal.fewmatch.ridge import fit_ridge
from amodal.latents import MatchTable, separate_pairs

PRINCIPAL = 128


class TunedBaseline(Baseline):
    """`fit` chooses `settings_` by held-out matches, where there are 24 or more.

    Latents are turned into principal coordinates times deviation^exponent; how far they keep their
    own scale (exponent 1) or are whitened (0) is one of the settings. A subclass gives `Settings`,
    `grid`, and `_align`. Translations are ridge regressions from the shared space to the target,
    fitted on the matches, unless a subclass knows better.
    """

    Settings: ClassVar[type]
    """Dataclass of settings, with a field `exponent`; its defaults serve where matches are few."""
    grid: ClassVar[Mapping[str, Sequence[Any]]]
    """What is tried of each field, in the order in which they are chosen."""

    def __init__(self, *, settings: Any = None, principal: int | None = PRINCIPAL) -> None:
        """Set up, without data.

        Args:
            settings: an instance of the class's `Settings`; None lets held-out matches choose,
                and takes the defaults where there are fewer than 24.
            principal: principal coordinates kept of each modality, at most; None keeps all.
        """
        super().__init__(principal=principal)
        self.settings = settings

    def _standardised(self) -> int | None:
        # The base would standardise them; here their variance is one of the settings.
        return None

    def _fit(self, rows: Mapping[str, Tensor], table: MatchTable) -> None:
        widest = max(values.shape[1] for values in rows.values())
        kept = widest if self.principal is None else self.principal
        found = {name: Principal.fit(values, kept) for name, values in rows.items()}
        scaled: dict[float, dict[str, Tensor]] = {}

        def rows_of(settings: Any) -> dict[str, Tensor]:
            exponent = settings.exponent
            if exponent not in scaled:
                coordinates = {name: each.rescaled(exponent) for name, each in found.items()}
                scaled[exponent] = {name: coordinates[name].apply(rows[name]) for name in rows}
            return scaled[exponent]

        self._prepare(rows_of(self.Settings()))
        self.settings_ = self.settings or choose_by_folds(
            self.Settings(),
            self.grid,
            table,
            lambda settings, own: self._align(rows_of(settings), own, settings),
            rows_of=rows_of,
        )
        exponent = self.settings_.exponent
        self.principal_ = {
            name: each.rescaled(exponent).after(self.principal_[name])
            for name, each in found.items()
        }
        own = rows_of(self.settings_)
        self._embedding = self._align(own, table, self.settings_)
        self._maps = self._fit_maps(own, table)

    def _prepare(self, rows: Mapping[str, Tensor]) -> None:
        """What all settings share, measured once."""

    def _align(self, rows: Mapping[str, Tensor], table: MatchTable, settings: Any) -> Embed:
        raise NotImplementedError

    def _fit_maps(self, rows: Mapping[str, Tensor], table: MatchTable) -> dict[Any, Any]:
        maps = {}
        for source, target in permutations(rows, 2):
            pairs = table.together(source, target)
            if len(pairs):
                states = self._embed(rows[source][pairs[:, 0]], source)
                answers = rows[target][pairs[:, 1]]
                ridge = fit_ridge(states, answers, things=separate_pairs(pairs))
                maps[source, target] = _Through(self._embedding, source, ridge)
        return maps

    def _embed(self, x: Tensor, name: str) -> Tensor:
        return self._embedding(x, name)


def in_every_modality(
    x: Tensor, name: str, maps: Mapping[tuple[str, str], Map], widths: Mapping[str, int]
) -> Tensor:
    """What a row is in each modality, as unit vectors side by side; zeros where no map leads.

    Args:
        x: rows of `name`.
        name: their modality.
        maps: (source, target) -> rows of the one into the other.
        widths: columns of every modality, in their order.
    """
    parts = []
    for other, width in widths.items():
        if other == name:
            parts.append(unit_rows(x))
        elif (name, other) in maps:
            parts.append(unit_rows(maps[name, other](x)))
        else:
            parts.append(x.new_zeros(len(x), width))
    return torch.cat(parts, 1)


class _Through:
    """Rows -> the shared space -> the target."""

    def __init__(self, embed: Embed, source: str, decode: Any) -> None:
        self.embed, self.source, self.decode = embed, source, decode

    def __call__(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.decode(self.embed(x, self.source)))
