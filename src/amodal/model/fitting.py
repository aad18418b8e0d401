"""From checked, normalised data to trained members: start, train, judge, keep."""

import hashlib
import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import combinations, count
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from amodal.errors import ExistsError
from amodal.fewmatch.start import put_start
from amodal.files import atomic_path, explained_disk_errors, read_json, write_json
from amodal.latents import MatchTable, Normalisation
from amodal.model.aligning import Aligner, free_rows
from amodal.model.closed_forms import ClosedForms
from amodal.model.evidence import Evidence, gather
from amodal.model.inference import Ensemble
from amodal.model.judging import Judged, judge, judge_self_trained
from amodal.model.judging_retrieval import Chosen, choose_likeness
from amodal.model.plan import Trial, leave_one_out, plan_runs
from amodal.model.presets import Preset
from amodal.model.residuals import residuals_of
from amodal.model.retrieval_vectors import AlignedDirections, Likeness, likeness_of
from amodal.model.self_training import BATCH, Learner, Lessons, SelfTraining
from amodal.model.trial_runs import TrialRuns, ensemble_of
from amodal.model.trust import Trust
from amodal.model.weighing import weighed_trials
from amodal.training import Outcome, Run, train
from amodal.training.tensorboard import tensorboard_log
from amodal.typing import Float
from amodal.workspace import Architecture, Population

TRIES = "checkpoint-tries.safetensors"
"""Of the runs that only choose how much unmatched rows may say."""
LESSONS = "checkpoint-self-trained-{}.safetensors"
"""Of one round of self-training."""
Teach = Callable[[Population, Lessons], Outcome]
FEWEST_ALIGNED = 3
"""Matches that an alignment learns from at least."""


@dataclass(frozen=True)
class Fitted:
    """What fitting gives."""

    ensemble: Ensemble
    """The members, the closed forms beside them, and the share of each in an answer."""
    errors: dict[tuple[str, str], dict[str, float]]
    """(source, target) -> answerer -> its squared error on held-out matches."""
    trust: dict[tuple[str, str], Trust]
    """What to expect of each direction."""
    likeness: dict[tuple[str, str], Likeness]
    """For each pair of modalities, how their rows are compared."""
    aligned: dict[tuple[str, str], AlignedDirections]
    """For each pair where an alignment has a share of the likeness, its directions."""
    gate: list[dict[str, Any]]
    """For each member: the step kept, and the held-out score there and at the start."""
    history: list[dict[str, Any]]
    """Losses and scores of all runs at every look."""
    unmatched_weight: float = 1.0
    """The factor on the losses of unmatched rows that held-out matches chose."""
    evidence: dict[tuple[str, str], Evidence] = field(default_factory=dict)
    """What `amodal.diagnose` needs, where it was asked for."""


def fit_population(
    settings: Preset,
    architecture: Architecture,
    latents: dict[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    *,
    trials: Sequence[Trial],
    unmatched: Mapping[str, np.ndarray] | None = None,
    scales: Mapping[str, Float[Tensor, " _"]] | None = None,
    turned: Collection[str] = (),
    folder: Path | None = None,
    tensorboard: bool = False,
    evidence: bool = False,
) -> list[Fitted]:
    """Train all members of all trials, and the folds that judge them, as one population.

    Args:
        settings: of the fit (its losses, seed and members are those of the trials instead).
        architecture: of the workspace.
        latents: normalised rows of each modality.
        table: all matches; a trial learns from its own.
        trials: what to train.
        unmatched: rows of each modality for demi-cycles and cycles, and for an alignment; all
            when left out.
        scales: what each column of the latents was divided by when it was normalised; needed for
            an alignment by transport, which is left out without them.
        turned: modalities whose columns are principal coordinates of wider ones.
        folder: where metrics and checkpoints go.
        tensorboard: write the metrics as TensorBoard curves in the folder, too.
        evidence: keep what a diagnosis needs; it takes some closed forms more.

    Returns:
        What each trial gave.
    """
    lessons = count()

    def self_trained(before: Population, given: Lessons) -> Outcome:
        number = next(lessons)
        place = None if folder is None else folder / LESSONS.format(number)
        own = settings.training
        return train(
            before,
            given.rows,
            given.table,
            runs=[replace(run, weight_decay=settings.decay(len(run.things))) for run in given.runs],
            settings=replace(own, steps=own.steps // 4, batch=BATCH),
            only_told=given.only_told,
            checkpoint=place,
            title="self-training",
        )

    def trained(runs: list[Run], **places: Any) -> tuple[Population, Outcome]:
        population = Population.create(architecture, [run.seed for run in runs])
        if settings.start:
            for index, run in enumerate(runs):
                put_start(population, index, latents, table, things=run.things)
        given: dict[str, Any] = {"settings": settings.training, "unmatched": unmatched}
        return population, train(population, latents, table, runs=runs, **given, **places)

    tries = {} if folder is None else {"checkpoint": folder / TRIES}
    if settings.training.steps > 0:  # or there is nothing to choose by
        trials = weighed_trials(
            table,
            trials,
            folds=settings.folds,
            trained=lambda runs: trained(runs, title="weighing unmatched rows", **tries)[1],
        )
    runs, owners = [], []
    for number, trial in enumerate(trials):
        planned = plan_runs(table, trial, folds=settings.folds, first_group=len(runs))
        if settings.start and len(trial.things) and not any(len(r.held_out) for r in planned):
            # Nothing can be held out, so nothing could say that training helps: keep the start.
            planned = [replace(run, fixed=True) for run in planned]
        runs += planned
        owners += [number] * len(planned)
    population, outcome = _logged(partial(trained, runs), folder, tensorboard)
    fitted = []
    known: dict[bytes, ClosedForms] = {}  # Trials of the same matches share them: they are slow.
    for number, trial in enumerate(trials):
        own = [index for index, owner in enumerate(owners) if owner == number]
        matches = trial.things.tobytes()
        # Without training the start is what was asked for, as it is.
        beside = settings.start and settings.training.steps > 0 and len(trial.things) > 0
        if matches not in known:
            aligned = beside and settings.align and len(trial.things) >= FEWEST_ALIGNED
            aligner = None
            if aligned and scales is not None:
                aligner = Aligner.of(
                    latents,
                    table,
                    things=trial.things,
                    scales=scales,
                    unmatched=unmatched,
                    turned=turned,
                )
            kernel = beside and settings.kernel
            known[matches] = ClosedForms(latents, table, architecture.specs, kernel, aligner)
        forms = known[matches]
        start = population if settings.start else None
        free = {name: free_rows(latents, table, name, unmatched) for name in latents}
        teach = self_trained if beside and settings.self_train else None
        found = _collect(start, outcome, runs, own, forms, free, teach, evidence=evidence)
        fitted.append(replace(found, unmatched_weight=trial.unmatched_weights[0]))
    return fitted


def _logged(
    trained: Callable[..., tuple[Population, Outcome]], folder: Path | None, tensorboard: bool
) -> tuple[Population, Outcome]:
    """Train, with metrics as they come and a checkpoint where there is a folder."""
    if folder is None:
        return trained()
    metrics = folder / "metrics.jsonl"
    curves = tensorboard_log(folder / "tensorboard") if tensorboard else None
    with explained_disk_errors(metrics), open(metrics, "a", encoding="utf-8") as file:

        def on_look(rows: list[dict[str, Any]]) -> None:
            file.writelines(json.dumps(row) + "\n" for row in rows)
            file.flush()
            if curves is not None:
                curves(rows)

        found = trained(checkpoint=folder / "checkpoint.safetensors", on_look=on_look)
    # An interrupted run has logged the steps after its checkpoint twice: write them once.
    with atomic_path(metrics) as temporary:
        temporary.write_text("".join(json.dumps(row) + "\n" for row in found[1].history), "utf-8")
    return found


def _collect(
    start: Population | None,
    outcome: Outcome,
    runs: list[Run],
    own: list[int],
    forms: ClosedForms,
    free: Mapping[str, np.ndarray],
    teach: Teach | None,
    *,
    evidence: bool,
) -> Fitted:
    """One trial's members, what held-out matches said of them, and their history."""
    full = [index for index in own if not len(runs[index].held_out)]
    members, things = outcome.population.choose(full), runs[full[0]].things
    held = len(full) < len(own)
    if held:
        before = None if start is None else start.choose(own)
        after = outcome.population.choose(own)
        trial = TrialRuns([runs[index] for index in own], before, after, forms)
    else:
        trial = _left_out(outcome.population.architecture, forms, things)
    judged = judge(trial)
    if held and teach is not None:
        trial = _self_trained(trial, judged, free, teach)
        judged = judge_self_trained(judged, trial)
    if not held:
        # What these few say of simple maps is no measure of how far to trust a row.
        judged.trust.clear()
    chosen = {
        pair: choose_likeness(trial, judged, pair=pair, free=free)
        for pair in combinations(forms.specs, 2)
    }
    ensemble = (
        trial.ensemble(0, judged.shares)
        if held
        # The members learn from the same matches, and so have the same start.
        else ensemble_of(
            members,
            None if start is None else start.choose(full[:1]),
            forms,
            judged.shares,
            things=things,
        )
    )
    mine = set(own)
    return Fitted(
        ensemble=ensemble,
        errors=judged.errors,
        trust=judged.trust,
        likeness=_likenesses(ensemble, judged, trial, chosen),
        aligned={
            pair: AlignedDirections.of(forms.aligned(things), pair, own.share)
            for pair, own in chosen.items()
            if own.share
        },
        gate=[
            {
                "step": outcome.step[group],
                "score": _number(outcome.score[group]),
                "start_score": _number(outcome.first_score[group]),
            }
            for group in (runs[index].group for index in full)
        ],
        history=[row for row in outcome.history if row["run"] in mine],
        evidence=gather(judged, chosen, trial) if held and evidence else {},
    )


def _self_trained(
    trial: TrialRuns, judged: Judged, free: Mapping[str, np.ndarray], teach: Teach
) -> TrialRuns:
    """The same with a self-trained workspace for each of the first member's runs, where pseudo-
    matches bring held-out matches nearer."""
    learners = [
        Learner(trial.runs[index], trial.ensemble(index, judged.shares)) for index in trial.first
    ]
    given = SelfTraining(trial.latents, trial.table, free, trial.forms.specs)
    taught = given.taught(learners, trial.trained.choose(trial.first), judged, trained=teach)
    return replace(trial, self_trained=taught)


def _left_out(architecture: Architecture, forms: ClosedForms, things: np.ndarray) -> TrialRuns:
    """Starts without each thing in turn: what judges closed forms where nothing was trained."""
    runs = leave_one_out(forms.table, things) if forms.aligner is not None else []
    population = Population.create(architecture, [run.seed for run in runs])
    for index, run in enumerate(runs):
        put_start(population, index, dict(forms.latents), forms.table, things=run.things)
    return TrialRuns(runs, None, population, forms)


def _likenesses(
    ensemble: Ensemble,
    judged: Judged,
    trial: TrialRuns,
    chosen: Mapping[tuple[str, str], Chosen],
) -> dict[tuple[str, str], Likeness]:
    """How the rows of each pair are compared, by all held-out matches."""
    shares = {way: judged.shares[way] for way in judged.trust}
    forms = trial.forms
    residuals = residuals_of(judged, shares, forms.specs, thing=trial.thing)
    return {
        (first, second): likeness_of(
            ensemble,
            forms.latents[first],
            forms.latents[second],
            names=(first, second),
            residuals=residuals,
            directions=own.directions,
        )
        for (first, second), own in chosen.items()
    }


def claim_folder(
    folder: Path,
    settings: Preset,
    architecture: Architecture,
    latents: dict[str, Tensor],
    table: MatchTable,
    *,
    normalisation: Mapping[str, Normalisation],
    parameters: Mapping[str, Any],
) -> bool:
    """Take a run folder for this very fit; refuse one that belongs to another.

    Args:
        folder: new, empty, or of this very fit.
        settings: of the fit.
        architecture: of the workspace.
        latents: normalised rows of each modality.
        table: all matches.
        normalisation: what the rows were before.
        parameters: what else the result depends on, as JSON has it.

    Returns:
        Whether the fit is finished: its model can be loaded.

    Raises:
        ExistsError: it holds something else.
    """
    described = [asdict(settings), architecture.to_json(), dict(parameters)]
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    digest.update(table.rows.tobytes())
    for name, rows in latents.items():
        digest.update(json.dumps(normalisation[name].to_json()).encode())
        digest.update(rows.numpy().tobytes())
    identity = {"fit": digest.hexdigest()}
    marker = folder / "fit.json"
    if folder.exists() and not folder.is_dir():
        raise ExistsError(f"{folder} is a file: choose another folder")
    if marker.exists():
        if read_json(marker) != identity:
            raise ExistsError(
                f"{folder} holds a run with other data or settings: choose another folder, or "
                "remove it first"
            )
    elif folder.exists() and any(folder.iterdir()):
        raise ExistsError(
            f"{folder} already exists, and not as the run of a fit: choose another folder"
        )
    else:
        write_json(marker, identity)
    return (folder / "config.json").exists()


def _number(value: float) -> float | None:
    return None if not math.isfinite(value) else float(value)
