"""CCA that unmatched rows take part in: for when matches are very few."""

from collections.abc import Mapping
from functools import partial
from itertools import permutations

import torch
from torch import Tensor

from amodal.baselines.base import Baseline
from amodal.baselines.principal import Principal
from amodal.fewmatch.alignment import AlignmentSettings, align
from amodal.fewmatch.alignment_choice import (
    CANDIDATES,
    choose_settings,
    scaled,
)
from amodal.fewmatch.moments import linear_map
from amodal.latents import MatchTable

PRINCIPAL = 128
EVERY = 1_000_000


class TransportCCA(Baseline):
    r"""Find shared directions from matches and from the shapes of both clouds of unmatched rows.

    Canonical correlations of principal coordinates that keep their variance, so that a few matches
    first say what the large directions say; then unmatched rows of the modalities are softly
    assigned to each other by entropic optimal transport, and the assignments refine the directions
    (`amodal.fewmatch.alignment`, after Grave et al. 2019, arXiv 1805.11222). With 24 matches or
    more, how far variance and unmatched rows are trusted is chosen by held-out matches.

    Give it latents in the scale their unimodal model gave them: columns that were standardised
    before have lost what it starts from. Translations are ridge regressions on the refined moments.

    Example:
        >>> import numpy as np
        >>> draw = np.random.default_rng(0)
        >>> hidden = draw.exponential(size=(400, 2)) * [3.0, 1.0]
        >>> first = hidden[:250]
        >>> second = np.concatenate([hidden[:5], hidden[250:]]) @ [[0, 2], [1, 0]]
        >>> rows = [0, 1, 2, 3, 4]
        >>> model = TransportCCA().fit(
        ...     {"a": first, "b": second}, matches={"a": rows, "b": rows}
        ... )
        >>> model.embed({"a": first}).shape
        (250, 2)
    """

    def __init__(
        self, *, settings: AlignmentSettings | None = None, principal: int | None = PRINCIPAL
    ) -> None:
        """Set up, without data.

        Args:
            settings: of the alignment; None chooses them by held-out matches where there are
                enough, and else takes defaults.
            principal: principal coordinates kept of each modality, at most; None keeps all.
        """
        super().__init__(principal=principal)
        self.settings = settings

    def _standardised(self) -> int | None:
        # The base would standardise them; here their variance is wanted.
        return None

    def _fit(self, rows: Mapping[str, Tensor], table: MatchTable) -> None:
        principal = {
            name: Principal.fit(values, self.principal or EVERY) for name, values in rows.items()
        }
        standard = {name: principal[name].apply(values) for name, values in rows.items()}
        deviations = {name: principal[name].back.norm(dim=1) for name in rows}
        candidates = (self.settings,) if self.settings else CANDIDATES
        choice = choose_settings(standard, deviations, table, candidates=candidates)
        self.settings_ = choice.settings
        coordinates = scaled(standard, deviations, self.settings_.exponent)
        found = align(coordinates, table, settings=self.settings_)
        self.correlations_ = found.directions.correlations
        into, back = _between_scales(principal, self.settings_.exponent)
        self._weights = {name: into[name] @ found.directions.weights[name] for name in rows}
        self._maps = {
            (source, target): partial(
                torch.matmul,
                other=into[source]
                @ linear_map(found.moments, source, target, penalty=choice.map_penalty)
                @ back[target],
            )
            for source, target in permutations(rows, 2)
            if len(table.together(source, target))
        }

    def _embed(self, x: Tensor, name: str) -> Tensor:
        return x @ self._weights[name]


def _between_scales(
    principal: Mapping[str, Principal], exponent: float
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Matrices from centred rows to coordinates with deviation^exponent, and back."""
    into, back = {}, {}
    for name, found in principal.items():
        scale = found.back.norm(dim=1) ** exponent
        into[name], back[name] = found.into * scale, found.back / scale[:, None]
    return into, back
