"""All runs of a trial, and the closed forms beside them: who may be asked about a match."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import Tensor

from amodal.latents import MatchTable, separate_things
from amodal.model.blending import ALIGNED, ANSWERERS, KERNEL, SELF_TRAINED
from amodal.model.closed_forms import ClosedForms
from amodal.model.inference import Ensemble
from amodal.training import Run
from amodal.typing import Float, Int64
from amodal.workspace import Population

Direction = tuple[str, str]


@dataclass(frozen=True)
class TrialRuns:
    """What learnt from a trial's matches, or from a part of them, and what from."""

    runs: Sequence[Run]
    """Settings of all runs, member after member."""
    start: Population | None
    """Every run before training; None when it was no closed-form start."""
    trained: Population
    """Every run after training."""
    forms: ClosedForms
    """The closed forms that take part."""
    self_trained: Population | None = None
    """Of the first member's runs, where they have one."""

    @property
    def latents(self) -> Mapping[str, Float[Tensor, "_ _"]]:
        """Normalised rows of each modality."""
        return self.forms.latents

    @property
    def table(self) -> MatchTable:
        """All matches."""
        return self.forms.table

    @cached_property
    def thing(self) -> Int64[np.ndarray, " match"]:
        """Number of the separate thing of each match."""
        return separate_things(self.table)

    @property
    def first(self) -> list[int]:
        """The first member's runs."""
        return [i for i, run in enumerate(self.runs) if run.group == self.runs[0].group]

    @property
    def folds(self) -> dict[int, Run]:
        """Those of them that hold matches out."""
        return {index: self.runs[index] for index in self.first if len(self.runs[index].held_out)}

    def pairs(
        self, things: Int64[np.ndarray, " some"], direction: Direction
    ) -> Int64[np.ndarray, " fewer"]:
        """Those of some matches that both modalities see."""
        source, target = (self.table.column(name)[things] for name in direction)
        return things[(source >= 0) & (target >= 0)]

    def ensemble(
        self, index: int, shares: Mapping[Direction, Float[Tensor, "answerer _"]]
    ) -> Ensemble:
        """Everybody who learnt from the very matches that one of the first member's runs did.

        Args:
            index: of that run.
            shares: of each answerer, by direction.
        """
        things = self.runs[index].things
        alike = [i for i, run in enumerate(self.runs) if np.array_equal(run.things, things)]
        return ensemble_of(
            self.trained.choose(alike),
            # They begin alike, and so one start stands for all.
            None if self.start is None else self.start.choose([index]),
            self.forms,
            shares,
            things=things,
            self_trained=None if self.self_trained is None else self.self_trained.choose([index]),
        )


def ensemble_of(
    members: Population,
    start: Population | None,
    forms: ClosedForms,
    shares: Mapping[Direction, Float[Tensor, "answerer _"]],
    *,
    things: Int64[np.ndarray, " thing"],
    self_trained: Population | None = None,
) -> Ensemble:
    """Members and the closed forms that have a share beside them, which learnt from `things`.

    Args:
        members: trained on `things`.
        start: their closed-form start, where they had one.
        forms: the closed forms that take part.
        shares: of each answerer, by direction.
        things: the matches that were learnt from.
        self_trained: the one that learnt from pseudo-matches, where there is one.
    """
    with_share = {
        name: [way for way, given in shares.items() if bool(given[place].any())]
        for place, name in enumerate(ANSWERERS)
    }
    return Ensemble(
        members=members,
        start=start,
        kernels={way: forms.kernel_map(way, things=things) for way in with_share[KERNEL]},
        aligned={way: forms.aligned(things).maps[way] for way in with_share[ALIGNED]},
        shares=dict(shares),
        self_trained=self_trained if with_share[SELF_TRAINED] else None,
    )
