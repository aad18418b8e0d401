"""How much unmatched rows may say: chosen by held-out matches, before the members are trained."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from amodal.latents import MatchTable
from amodal.model.plan import Trial, plan_runs
from amodal.training import Outcome, Run

JUDGES = 2
"""Folds that judge each factor."""
MARGIN = 0.05
"""How much better a smaller factor must be, as a mean logarithm of errors: two folds of one member
tell smaller differences apart no better than a coin."""


def weighed_trials(
    table: MatchTable,
    trials: Sequence[Trial],
    *,
    folds: int,
    trained: Callable[[list[Run]], Outcome],
) -> list[Trial]:
    """The trials with a factor on the losses of unmatched rows settled.

    Cycles through folded latents may teach little that is true, and keep a network from what many
    matches say. Each factor is tried on the first folds of the first member; of those with which
    their held-out matches are translated within `MARGIN` of the best, the first is taken.

    Args:
        table: all matches.
        trials: with one factor or several, the preferred one first.
        folds: parts of the matches; nothing can be chosen with fewer than 2.
        trained: trains runs, all together.
    """
    tried: dict[tuple[int, float], list[Run]] = {}
    for number, trial in enumerate(trials):
        if len(trial.unmatched_weights) == 1:
            continue
        for factor in trial.unmatched_weights:
            first = replace(trial.weighed(factor), members=1)
            planned = plan_runs(table, first, folds=folds, first_group=len(tried))
            tried[number, factor] = planned[1 : 1 + JUDGES]
    runs = [run for own in tried.values() for run in own]
    score = trained(runs).score if runs else {}
    chosen = []
    for number, trial in enumerate(trials):
        scores = {
            factor: score[own[0].group]
            for (other, factor), own in tried.items()
            if other == number and own
        }
        good = [f for f in scores if scores[f] <= min(scores.values()) + MARGIN]
        chosen.append(trial.weighed((good or trial.unmatched_weights)[0]))
    return chosen
