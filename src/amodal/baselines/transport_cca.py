"""CCA that unmatched rows take part in: for when matches are very few."""

from collections.abc import Mapping

from torch import Tensor

from amodal.baselines.base import Baseline
from amodal.fewmatch.aligned import Coordinates, fit_aligned
from amodal.fewmatch.alignment import AlignmentSettings
from amodal.fewmatch.alignment_choice import choose_settings
from amodal.latents import MatchTable

PRINCIPAL = 128


class TransportCCA(Baseline):
    r"""Find shared directions from matches and from the shapes of both clouds of unmatched rows.

    Canonical correlations of principal coordinates that keep their variance, so that a few matches
    first say what the large directions say; then unmatched rows of the modalities are softly
    assigned to each other by entropic optimal transport, and the assignments refine the directions
    (`amodal.fewmatch.alignment`, after Grave et al. 2019, arXiv 1805.11222). Three such alignments,
    which trust the large directions and the unmatched rows differently, are averaged: cosines in
    their directions, and their linear maps. With 24 matches or more, held-out matches choose them,
    and fewer where one or two are better than all others.

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
        (250, 6)
    """

    def __init__(
        self, *, settings: AlignmentSettings | None = None, principal: int | None = PRINCIPAL
    ) -> None:
        """Set up, without data.

        Args:
            settings: of a single alignment; None takes up to three, chosen by held-out matches
                where there are enough.
            principal: principal coordinates kept of each modality, at most; None keeps all.
        """
        super().__init__(principal=principal)
        self.settings = settings

    def _standardised(self) -> int | None:
        # The base would standardise them; here their variance is wanted.
        return None

    def _fit(self, rows: Mapping[str, Tensor], table: MatchTable) -> None:
        coordinates = Coordinates.of(rows, self.principal)
        given = (self.settings,) if self.settings else ()
        choice = choose_settings(
            coordinates.standard, coordinates.deviations, table, candidates=given
        )
        found = fit_aligned(coordinates, table, choice)
        self.settings_ = choice.views
        self.correlations_ = found.correlations
        self._directions = found.directions
        self._maps = dict(found.maps)

    def _embed(self, x: Tensor, name: str) -> Tensor:
        return self._directions[name](x)
