"""What all baselines share: the calls of `Workspace`, checks, and ways through other modalities."""

from collections.abc import Callable, Mapping
from itertools import pairwise, permutations
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError, NotFittedError, unknown_name
from amodal.fewmatch.principal import Principal
from amodal.fewmatch.ways import shortest_way
from amodal.latents import Latents, MatchTable, as_checked, as_latents, like, separate_pairs
from amodal.latents.estimator import Estimator
from amodal.typing import Float, Int64

Map = Callable[[Float[Tensor, "row source"]], Float[Tensor, "row target"]]
Things = Int64[np.ndarray, " pair"]
"""The number of each pair's thing, as `separate_pairs` gives them."""

Fitted = TypeVar("Fitted", bound="Baseline")


class Baseline(Estimator):
    """Base of the baselines: `fit`, `translate` and `embed`, on arrays or `Latents`.

    Numpy goes in and out, or torch goes in and out. Every column counts as continuous. A subclass
    says how one modality is mapped to another by `_fit_map`.
    """

    def __init__(self, *, principal: int | None = None) -> None:
        """Set up, without data.

        Args:
            principal: None to work on the latents as they are, centred; a number to work on that
                many standardised principal coordinates at most, measured on all rows.
        """
        self.principal = principal

    def fit(self: Fitted, latents: Mapping[str, Any], *, matches: Any) -> Fitted:
        """Fit on each modality's rows and the few matches among them.

        Args:
            latents: each modality's rows, (row, dim), of its own number: arrays or `Latents`.
            matches: `{"image": [0, 5], "text": [3, 1]}`, a list of such dicts, or a MatchTable.

        Raises:
            InputError: unusable arrays or matches, or a modality without any match.
        """
        self._check_settings()
        rows = {name: as_checked(name, value).rows for name, value in latents.items()}
        table = MatchTable.build(matches, {name: len(value) for name, value in rows.items()})
        for name in rows:
            if not any(len(table.together(name, other)) for other in rows if other != name):
                raise InputError(
                    f"modality {name!r} has no match with any other: {type(self).__name__} learns "
                    "from matches alone, give it at least one"
                )
        self._dims = {name: value.shape[1] for name, value in rows.items()}
        self.principal_ = {
            name: Principal.fit(value, self._standardised()) for name, value in rows.items()
        }
        self._fit({name: self.principal_[name].apply(rows[name]) for name in rows}, table)
        return self

    def translate(self, x: Any, source: str, target: str) -> Any:
        """Say what rows of `source` are in `target`, in the target's own units.

        A target that shares no match with the source is reached through other modalities.

        Raises:
            NotFittedError: before `fit`.
            UnknownNameError: a modality that was not fitted.
            InputError: unusable rows.
        """
        coordinates = self._coordinates(source, x)
        self._known(target)
        answer = self._translate(coordinates, source, target)
        return like(x, self.principal_[target].invert(answer))

    def embed(self, latents: Mapping[str, Any]) -> Any:
        """Give rows of any modalities in one shared space, to be compared by cosine.

        With several modalities row i of each is the same thing, and the unit vectors are averaged.

        Raises:
            NotFittedError: before `fit`.
            UnknownNameError: a modality that was not fitted.
            InputError: unusable rows, or unequal numbers of rows.
        """
        if not latents:
            raise InputError("embed needs at least one modality, got an empty dict")
        states = [self._embed(self._coordinates(n, x), n) for n, x in latents.items()]
        sizes = {name: len(state) for name, state in zip(latents, states, strict=True)}
        if len(set(sizes.values())) > 1:
            raise InputError(f"embed needs the same things in each modality, got rows {sizes}")
        if len(states) > 1:
            states = [torch.stack([unit_rows(state) for state in states]).mean(0)]
        return like(next(iter(latents.values())), states[0])

    @property
    def modalities_(self) -> tuple[str, ...]:
        """The modalities that it was fitted on.

        Raises:
            NotFittedError: before `fit`.
        """
        self._fitted()
        return tuple(self._dims)

    def _check_settings(self) -> None:
        """Refuse settings out of range: in `fit`, because grid searches set them one by one."""
        if self.principal is not None and self.principal < 1:
            raise InputError(f"principal is {self.principal}, expected None or at least 1")

    def _standardised(self) -> int | None:
        """How many standardised principal coordinates `_fit` is given; None for the rows."""
        return self.principal

    def _fit(self, rows: Mapping[str, Tensor], table: MatchTable) -> None:
        self._maps: dict[tuple[str, str], Map] = {}
        for source, target in permutations(rows, 2):
            pairs = table.together(source, target)
            if len(pairs):
                x, y = rows[source][pairs[:, 0]], rows[target][pairs[:, 1]]
                self._maps[source, target] = self._fit_map(x, y, separate_pairs(pairs))
        # Few matches get the mean of an answer wrong; all rows of the source mend that.
        steps = set(self._maps)
        self._means = {
            (source, target): self._translate(rows[source], source, target).mean(0)
            for source in rows
            for target in rows
            if shortest_way(source, target, steps)
        }

    def _fit_map(self, x: Tensor, y: Tensor, things: Things) -> Map:
        """From matched rows of the source, (pair, dim), to those of the target, row for row."""
        raise NotImplementedError

    def _translate(self, x: Tensor, source: str, target: str) -> Tensor:
        names = shortest_way(source, target, set(self._maps))
        if not names:
            raise InputError(
                f"no matches lead from modality {source!r} to {target!r}, not even through "
                "others: add matches that join them"
            )
        for first, second in pairwise(names):
            x = self._maps[first, second](x)
        return x

    def _embed(self, x: Tensor, name: str) -> Tensor:
        # What the row is in every modality, side by side: the cosine of two such rows is the mean
        # of the cosines in each modality, which ranks better than any one direction. Centred,
        # because a common part would hide what tells the rows apart.
        parts = [
            unit_rows(self._translate(x, name, other) - self._means[name, other])
            for other in self._dims
        ]
        return torch.cat(parts, 1)

    def _coordinates(self, name: str, x: Any) -> Tensor:
        self._known(name)
        rows = x.rows if isinstance(x, Latents) else x
        return self.principal_[name].apply(as_latents(name, rows, dim=self._dims[name]))

    def _fitted(self) -> None:
        if not hasattr(self, "_dims"):
            raise NotFittedError(f"this {type(self).__name__} is not fitted yet: call fit first")

    def _known(self, name: str) -> None:
        self._fitted()
        if name not in self._dims:
            raise unknown_name("modality", name, self._dims)


def unit_rows(rows: Float[Tensor, "row dim"]) -> Float[Tensor, "row dim"]:
    """Rows of length 1; rows of zeros stay zeros."""
    norm = rows.norm(dim=1, keepdim=True)
    return rows / torch.where(norm > 0, norm, 1.0)
