"""How the error of a closed form falls with the number of matches: fits on nested parts of them."""

import numpy as np
import torch
from torch import Tensor

from amodal.fewmatch.kernel_ridge import fit_kernel_ridge
from amodal.fewmatch.nearest_latents import nearest_latents
from amodal.fewmatch.ridge import fit_ridge
from amodal.model.judging import Direction
from amodal.model.trial_runs import TrialRuns
from amodal.specification import LatentSpec
from amodal.typing import Float

FRACTIONS = (1 / 3, 1 / 2, 3 / 4, 1.0)
"""Of the matches that a fold learns from."""
FEWEST = 4
"""Matches to learn from at least."""
MANY = 1000
"""With more matches than this one fold is enough, and time is saved."""
MOST_KERNEL = 600
"""With more, ridge stands for kernel ridge, which takes time of their third power."""
MOST = 2000
"""Matches to learn from at most: the fits of a curve must not take longer than training."""
REPEATS = 4
"""Draws of the parts at most."""


def learn_curve(
    trial: TrialRuns, direction: Direction, things: np.ndarray, *, kernel: bool
) -> tuple[np.ndarray, Float[Tensor, "size match"]]:
    """Squared errors on held-out matches of a closed form that learnt from ever more matches.

    Args:
        trial: who answered.
        direction: source and target.
        things: all held-out matches of the direction, in the order of the errors.
        kernel: fit kernel ridge regression, where the matches are few enough, and not ridge.

    Returns:
        Numbers of matches, and the error per column for each of them and each held-out match: the
        mean over draws of the parts; NaN for matches of folds that were left out.
    """
    taught = [(run, trial.pairs(run.things, direction)) for run in trial.folds.values()]
    taught = [(run, own) for run, own in taught if len(own)][: 1 if len(things) > MANY else None]
    smallest = min([MOST, *(len(own) for _, own in taught)]) if taught else 0
    sizes = np.unique([int(share * smallest) for share in FRACTIONS])
    sizes = sizes[sizes >= FEWEST].astype(np.int64)
    curve = torch.full((len(sizes), len(things)), torch.nan)
    spec = trial.forms.specs[direction[1]]
    repeats = max(1, min(REPEATS, 300 // max(1, len(things))))
    for run, own in taught:
        held = trial.pairs(run.held_out, direction)
        places = torch.from_numpy(np.searchsorted(things, held))
        for row, size in enumerate(sizes):
            errors = [
                _errors(
                    trial,
                    direction,
                    np.random.default_rng([run.seed, repeat]).permutation(own)[:size],
                    held,
                    spec=spec,
                    kernel=kernel and len(things) <= MOST_KERNEL,
                )
                for repeat in range(repeats)
            ]
            curve[row, places] = torch.stack(errors).mean(0)
    return sizes, curve


def _errors(
    trial: TrialRuns,
    direction: Direction,
    learnt: np.ndarray,
    held: np.ndarray,
    *,
    spec: LatentSpec,
    kernel: bool,
) -> Float[Tensor, " match"]:
    """Of one closed form fitted on some matches, for each held-out one."""
    source, target = direction

    def rows(name: str, things: np.ndarray) -> Tensor:
        return trial.latents[name][torch.from_numpy(trial.table.column(name)[things])]

    fit = fit_kernel_ridge if kernel else fit_ridge
    groups = [columns for _, columns in spec.parts()]
    own = trial.thing[learnt]
    fitted = fit(rows(source, learnt), rows(target, learnt), groups=groups, things=own)
    answers = nearest_latents(fitted(rows(source, held)), spec)
    return (answers - rows(target, held)).square().mean(1)
