"""What fitted models of several modalities have in common with scikit-learn's estimators."""

from collections.abc import Mapping
from itertools import permutations
from typing import Any

import numpy as np

from amodal.errors import InputError
from amodal.latents.check import as_latents
from amodal.latents.latents import Latents
from amodal.latents.matches import MatchTable
from amodal.parameters import Parameters
from amodal.typing import Float


class Estimator(Parameters):
    """`get_params`, `set_params`, `transform`, `fit_transform` and `score`.

    A subclass brings `fit`, `translate`, `embed`, and `modalities_`, the names that it was fitted
    on.
    """

    fit: Any
    """Learn from latents and matches: fit(latents, matches=...), which gives the model itself."""

    def translate(self, values: Any, source: str, target: str, /) -> Any:
        """Turn rows of `source` into rows of `target`."""
        raise NotImplementedError

    def embed(self, values: Mapping[str, Any], /) -> Any:
        """Rows of one or several modalities, of the same things, in the shared space."""
        raise NotImplementedError

    def transform(self, latents: Mapping[str, Any]) -> dict[str, Any]:
        """The rows of every modality in the shared space, each seen through that modality alone.

        Args:
            latents: for each modality its rows, of its own number, as in `fit`.

        Returns:
            For each modality (row, state), numpy or torch as its rows. To fuse modalities of the
            same things into one state, use `embed`.
        """
        return {name: self.embed({name: rows}) for name, rows in latents.items()}

    def fit_transform(self, latents: Mapping[str, Any], *, matches: Any = None) -> dict[str, Any]:
        """Fit, then transform the same latents."""
        return self.fit(latents, matches=matches).transform(latents)

    def score(self, latents: Mapping[str, Any], *, matches: Any) -> float:
        """How well translations of matched rows meet their match: 1 is perfect, 0 is the mean.

        R^2 = 1 - sum |y - answer|^2 / sum |y - mean(y)|^2, each column weighted by its variance,
        the mean over all ordered pairs of modalities that share two or more matches. For matches
        that the model was not fitted on.

        Args:
            latents: for each modality its rows.
            matches: which rows are the same thing, as in `fit`.

        Raises:
            InputError: unusable matches, or no two modalities with two matches.
        """
        rows = {name: _numbers(name, given) for name, given in latents.items()}
        table = MatchTable.build(matches, {name: len(given) for name, given in rows.items()})
        scores = []
        for source, target in permutations(rows, 2):
            pairs = table.together(source, target)
            if len(pairs) >= 2:
                answer = self.translate(rows[source][pairs[:, 0]], source, target)
                scores.append(explained_share(rows[target][pairs[:, 1]], answer))
        if not scores:
            raise InputError("a score needs two or more matches of the same two modalities")
        return float(np.mean(scores))


def explained_share(
    truth: Float[np.ndarray, "row dim"], answer: Float[np.ndarray, "row dim"]
) -> float:
    """The share of the truth's variance that an answer explains, R^2 over all columns together.

    Example:
        >>> truth = np.array([[0.0, 1.0], [2.0, 5.0]])
        >>> explained_share(truth, truth), explained_share(truth, truth[::-1])
        (1.0, -3.0)
    """
    left, whole = np.square(truth - answer).sum(), np.square(truth - truth.mean(0)).sum()
    if whole == 0:
        return 1.0 if left == 0 else 0.0  # as in scikit-learn: a constant truth
    return float(1 - left / whole)


def _numbers(name: str, given: Any) -> Float[np.ndarray, "row dim"]:
    rows = given.rows if isinstance(given, Latents) else given
    return as_latents(name, rows).double().numpy()
