"""From matches to the runs of a population: members, and for each of them folds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from amodal.latents import MatchTable, separate_things
from amodal.model.presets import Preset
from amodal.training import Run
from amodal.typing import Int64

UNMATCHED_LOSSES = ("demi_cycle", "cycle")
"""Those that learn from unmatched rows."""
FEWEST_TO_HOLD_OUT = 8
"""Below this number of separate things, held-out ones are too few to judge by."""


@dataclass(frozen=True)
class Trial:
    """One thing to try: some matches, some losses, a seed. Many trials train as one population."""

    losses: Mapping[str, float]
    """Weight of each loss."""
    things: Int64[np.ndarray, " thing"]
    """The matches (rows of the match table) that it may learn from."""
    seed: int = 0
    """Its members derive their own seeds from it."""
    members: int = 1
    """Workspaces whose answers are averaged."""
    learning_rate: float = 2e-3
    """At its height."""
    weight_decay: float | None = None
    """That of the training settings where left out."""
    unmatched_weights: tuple[float, ...] = (1.0,)
    """Factors on the losses of unmatched rows, of which held-out matches choose one."""

    @classmethod
    def of(
        cls,
        preset: Preset,
        things: Int64[np.ndarray, " thing"],
        *,
        seed: int,
        losses: Mapping[str, float] | None = None,
    ) -> "Trial":
        """A trial by a preset's settings, with other losses where they are given.

        Example:
            >>> [Trial.of(Preset(), np.arange(n), seed=0).weight_decay for n in (50, 1000)]
            [3.0, 0.3]
        """
        return cls(
            losses=preset.losses if losses is None else losses,
            things=things,
            seed=seed,
            members=preset.members,
            learning_rate=preset.learning_rate,
            weight_decay=preset.decay(len(things)),
            unmatched_weights=preset.factors(len(things)) if losses is None else (1.0,),
        )

    def weighed(self, factor: float) -> "Trial":
        """The same with a factor on the losses of unmatched rows, settled.

        Example:
            >>> Trial({"translation": 1.0, "cycle": 0.5}, np.arange(9)).weighed(0.0).losses
            {'translation': 1.0}
        """
        losses = {
            name: weight * (factor if name in UNMATCHED_LOSSES else 1.0)
            for name, weight in self.losses.items()
        }
        kept = {name: weight for name, weight in losses.items() if weight}
        return replace(self, losses=kept, unmatched_weights=(factor,))


def plan_runs(table: MatchTable, trial: Trial, *, folds: int, first_group: int = 0) -> list[Run]:
    """For every member, one run that learns from all matches and `folds` that judge it.

    The judging runs leave out a part of the matches each; their mean score at a step says whether
    that step helps, and the member that saw everything is kept from the best one. No match needs
    to be given up for validation.

    Args:
        table: all matches.
        trial: which of them, and how.
        folds: parts of the matches; none are held out with fewer than 8 things.
        first_group: number of the first member's group.

    Returns:
        The runs, member after member, each member's full run first.
    """
    runs = []
    # All members leave out the same parts, so that there is a whole ensemble which has not seen a
    # match: what it says is judged, and what learns from it.
    parts = _folds(table, trial.things, folds, trial.seed)
    for member in range(trial.members):
        base = (trial.seed * 1_000 + member) * 100
        group = first_group + member
        shared: dict[str, Any] = {
            "losses": dict(trial.losses),
            "learning_rate": trial.learning_rate,
            "weight_decay": trial.weight_decay,
            "group": group,
        }
        runs.append(Run(seed=base, things=trial.things, **shared))
        for fold, held_out in enumerate(parts):
            rest = np.setdiff1d(trial.things, held_out)
            runs.append(Run(seed=base + fold + 1, things=rest, held_out=held_out, **shared))
    return runs


def _folds(table: MatchTable, things: np.ndarray, folds: int, seed: int) -> list[np.ndarray]:
    """Random parts of the matches; matches that share a row stay in one part."""
    labels = separate_things(table.choose(things))
    count = int(labels.max(initial=-1)) + 1
    if count < FEWEST_TO_HOLD_OUT or folds < 2:
        return []
    order = np.random.default_rng(seed).permutation(count)
    part_of_label = np.empty(count, dtype=np.int64)
    part_of_label[order] = np.arange(count) % min(folds, count)
    parts = part_of_label[labels]
    return [things[parts == part] for part in range(min(folds, count))]


def leave_one_out(table: MatchTable, things: Int64[np.ndarray, " thing"]) -> list[Run]:
    """For each separate thing a run that learns from all others: what judges maps of very few.

    Where folds were not asked for and things are many, runs leave out several, and are 8 in all.

    Example:
        >>> table = MatchTable(("image", "text"), np.array([[0, 5], [0, 6], [1, 7]]))
        >>> [run.held_out.tolist() for run in leave_one_out(table, np.arange(3))]
        [[0, 1], [2]]
    """
    part_of = separate_things(table.choose(things)) % FEWEST_TO_HOLD_OUT
    parts = [things[part_of == part] for part in np.unique(part_of)]
    if len(parts) < 2:
        return []
    return [Run(seed=0, losses={}, things=np.setdiff1d(things, out), held_out=out) for out in parts]
