"""Canonical correlation analysis for two or more modalities, regularised, in closed form."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from amodal.baselines.base import Baseline
from amodal.errors import InputError
from amodal.fewmatch.moments import covariance, inverse_root
from amodal.fewmatch.ridge import RidgeMap, fit_ridge
from amodal.latents import MatchTable, separate_things
from amodal.typing import Float


class CCA(Baseline):
    r"""Find the directions of each modality that vary together, and compare rows by them.

    Maximises the correlations of W_m^T x_m over all pairs of modalities m that share matches:
    the eigenvectors of the cross-covariances C_mn between the whitened modalities,
    (C_mm + penalty v_m I)^(-1/2) C_mn (C_nn + penalty v_n I)^(-1/2), v_m the mean variance of
    modality m over all its rows. For two modalities this is Hotelling's analysis (1936,
    doi:10.1093/biomet/28.3-4.321); for more, the sum of correlations under a common constraint
    (Kettenring 1971, doi:10.1093/biomet/58.3.433), each covariance from the matches that both
    modalities share. Embeddings are scaled by correlation^power, so that a cosine weights
    directions by how far they can be trusted, as CSA does (Li et al. 2024, arXiv 2410.07610).

    Translations are ridge regressions from the shared space to the target, fitted on the matches.

    Example:
        >>> import numpy as np
        >>> first = np.random.default_rng(0).normal(size=(200, 3))
        >>> second = first @ np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]])
        >>> rows = list(range(100))
        >>> model = CCA(penalty=1e-6).fit(
        ...     {"a": first, "b": second}, matches={"a": rows, "b": rows}
        ... )
        >>> model.correlations_.round(decimals=3).tolist()
        [1.0, 1.0]
    """

    def __init__(
        self,
        *,
        components: int | None = None,
        penalty: float = 1.0,
        power: float = 1.0,
        principal: int | None = None,
    ) -> None:
        """Set up, without data.

        Args:
            components: directions kept at most; None keeps all that correlate positively.
            penalty: pulls the covariances, estimated on few matches, towards spheres, in units of
                the mean variance. The more matches, the less it matters; on whitened coordinates
                a very large one trusts the covariances of all rows instead of the matched ones.
            power: 0 gives plain canonical variates, 0.5 weights the inner product by the
                correlations as in CSA, 1 (best in our measurements) by their squares.
            principal: as in the other baselines.
        """
        super().__init__(principal=principal)
        self.components, self.penalty, self.power = components, penalty, power

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.components is not None and self.components < 1:
            raise InputError(f"components is {self.components}, expected None or at least 1")
        if self.penalty <= 0 or self.power < 0:
            raise InputError(
                f"penalty is {self.penalty} and power {self.power}: expected a positive penalty "
                "(try 1.0) and a power of 0 or more"
            )

    def _fit(self, rows: Mapping[str, Tensor], table: MatchTable) -> None:
        whiten: dict[str, Tensor] = {}
        for name, values in rows.items():
            matched = values[self._matched(table, name)]
            variance = float(values.var(0, correction=0).mean()) or 1.0
            whiten[name] = inverse_root(covariance(matched, matched), self.penalty * variance)
        strength, vectors = torch.linalg.eigh(_joint(rows, whiten, table))
        # Two modalities give each correlation once as +c and once as -c; m give sums over m - 1.
        correlations = strength.flip(0) / (len(rows) - 1)
        kept = int((correlations > 1e-9).sum())
        kept = max(1, min(kept, self.components or kept))
        self.correlations_ = correlations[:kept]
        scaled = vectors.flip(1)[:, :kept] * self.correlations_.clamp(0) ** self.power
        blocks = scaled.split([values.shape[1] for values in rows.values()])
        self._weights = {
            name: len(rows) ** 0.5 * whiten[name] @ block
            for name, block in zip(rows, blocks, strict=True)
        }
        self._decoders = {name: self._fit_decoder(name, rows, table) for name in rows}

    def _matched(self, table: MatchTable, name: str) -> Tensor:
        """Each matched row of a modality as often as it is matched."""
        seen = (table.rows >= 0).sum(1) > 1
        column = table.column(name)[seen]
        return torch.from_numpy(column[column >= 0])

    def _fit_decoder(self, target: str, rows: Mapping[str, Tensor], table: MatchTable) -> RidgeMap:
        states, answers, things = [], [], []
        thing, seen = separate_things(table), table.column(target) >= 0
        for source in rows:
            both = seen & (table.column(source) >= 0)
            if source != target and both.any():
                states.append(self._embed(rows[source][table.column(source)[both]], source))
                answers.append(rows[target][table.column(target)[both]])
                # Seen from two sources, or in two captions, it is one thing: left out as one.
                things.append(thing[both])
        return fit_ridge(torch.cat(states), torch.cat(answers), things=np.concatenate(things))

    def _embed(self, x: Tensor, name: str) -> Tensor:
        # Already centred on all rows, which are a better estimate than the matched ones.
        return x @ self._weights[name]

    def _translate(self, x: Tensor, source: str, target: str) -> Tensor:
        return x if source == target else self._decoders[target](self._embed(x, source))


def _joint(
    rows: Mapping[str, Tensor], whiten: Mapping[str, Tensor], table: MatchTable
) -> Float[Tensor, "all all"]:
    """The whitened cross-covariances of all pairs as one symmetric matrix, zero on the diagonal."""
    blocks = []
    for first in rows:
        line = []
        for second in rows:
            pairs = table.together(first, second)
            if first == second or not len(pairs):
                line.append(rows[first].new_zeros(rows[first].shape[1], rows[second].shape[1]))
                continue
            cross = covariance(rows[first][pairs[:, 0]], rows[second][pairs[:, 1]])
            line.append(whiten[first] @ cross @ whiten[second])
        blocks.append(torch.cat(line, 1))
    return torch.cat(blocks)
