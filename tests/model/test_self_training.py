"""Self-training: better translations where plans help, nothing where they cannot."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from amodal import Workspace
from amodal.latents import MatchTable
from amodal.model import self_training
from amodal.model.blending import ANSWERERS, SELF_TRAINED
from amodal.model.fitting import Fitted, fit_population
from amodal.model.inference import Ensemble, answer
from amodal.model.plan import Trial
from amodal.model.prepare import architecture_for
from amodal.model.presets import Preset
from amodal.model.self_training import Learner, Lessons, SelfTraining
from amodal.specification import LatentSpec
from amodal.training import Run, TrainingSettings
from amodal.workspace import Population

SPECS = {"sight": LatentSpec.continuous(2), "words": LatentSpec.continuous(3)}


def bent(count: int, seed: int) -> dict[str, torch.Tensor]:
    """Points of a plane, and the same on a surface that no straight map reaches."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(-1.5, 1.5, (count, 2))
    words = np.stack([np.sin(2 * place[:, 0]), place[:, 1], place[:, 0] * place[:, 1]], 1)
    return {"sight": torch.from_numpy(place).float(), "words": torch.from_numpy(words).float()}


def fitted(free: int, *, self_train: bool) -> Fitted:
    """From 16 matches, and as many other rows of each modality as asked, of disjoint things."""
    rows = bent(16 + 2 * free, seed=0)
    latents = {
        "sight": rows["sight"][: 16 + free],
        "words": torch.cat([rows["words"][:16], rows["words"][16 + free :]]),
    }
    preset = Preset(
        members=1, hidden=24, self_train=self_train, training=TrainingSettings(steps=250)
    )
    return fit_population(
        preset,
        architecture_for(preset, SPECS, matches=16),
        latents,
        MatchTable(("sight", "words"), np.stack([np.arange(16)] * 2, 1)),
        trials=[Trial.of(preset, np.arange(16), seed=1)],
        scales={name: torch.ones(spec.dim) for name, spec in SPECS.items()},
    )[0]


def error(found: Fitted) -> float:
    """Mean squared error of both directions on things that nobody has seen."""
    rows = bent(400, seed=9)
    off = [
        answer(found.ensemble, rows[source], source, target) - rows[target]
        for source, target in (("sight", "words"), ("words", "sight"))
    ]
    return float(np.mean([each.square().mean() for each in off]))


def test_unmatched_rows_lower_the_error_of_things_that_nobody_has_seen() -> None:
    alone, taught = (fitted(500, self_train=choice) for choice in (False, True))
    assert alone.ensemble.self_trained is None
    assert all(SELF_TRAINED not in errors for errors in alone.errors.values())
    assert taught.ensemble.self_trained is not None
    assert len(taught.ensemble.self_trained) == 1
    assert all(SELF_TRAINED in errors for errors in taught.errors.values())
    assert error(taught) < 0.9 * error(alone)


def test_too_few_unmatched_rows_teach_nothing() -> None:
    found = fitted(self_training.FEWEST - 1, self_train=True)
    assert found.ensemble.self_trained is None
    assert float(found.ensemble.shares["sight", "words"][ANSWERERS.index(SELF_TRAINED)].sum()) == 0


def lessons(targets: tuple[torch.Tensor, torch.Tensor]) -> Lessons:
    """Of two learners, for three modalities of which the second and the third are a pair."""
    latents = {name: torch.arange(10.0)[:, None] + 100 * i for i, name in enumerate("abc")}
    table = MatchTable(("a", "b", "c"), np.array([[4, 2, -1], [1, -1, 7], [-1, 3, 5]]))
    free = {name: np.array([8, 9]) for name in "abc"}
    given = SelfTraining(latents, table, free, {n: LatentSpec.continuous(1) for n in "abc"})
    runs = [Run(seed=s, losses={}, things=np.array(t)) for s, t in ((3, [0, 1, 2]), (4, [0, 2]))]
    nobody = Population.create(architecture_for(Preset(), SPECS, matches=3), [0])
    learners = [Learner(run, Ensemble(nobody)) for run in runs]
    found = Lessons.on(given, learners)
    for place in range(2):
        found.add(place, ("b", "c"), (targets[0] + place, targets[1] + place))
    return found


def test_lessons_are_matches_and_what_each_learner_was_told() -> None:
    found = lessons((torch.tensor([[0.5], [0.6]]), torch.tensor([[0.7], [0.8]])))
    seen = []
    for run in found.runs:
        assert run.losses == {"translation": 1.0}
        assert not len(run.held_out)
        rows = found.table.rows[run.things]
        seen.append(
            [
                tuple(
                    None if row < 0 else round(float(found.rows[name][row]), 3)
                    for name, row in zip("abc", thing, strict=True)
                )
                for thing in rows
            ]
        )
    matches = [(4, 102, None), (1, None, 207), (None, 103, 205)]
    first = [(None, 108, 0.5), (None, 109, 0.6), (None, 0.7, 208), (None, 0.8, 209)]
    second = [(None, 108, 1.5), (None, 109, 1.6), (None, 1.7, 208), (None, 1.8, 209)]
    assert seen == [matches + first, [matches[0], matches[2], *second]]


def test_what_was_told_is_no_question() -> None:
    found = lessons((torch.tensor([[0.5], [0.6]]), torch.tensor([[0.7], [0.8]])))
    for name, first in found.only_told.items():
        assert (found.rows[name][:first] >= 1).all()
        assert (found.rows[name][first:] < 2).all()


def test_three_modalities_and_a_fit_without_scales(tmp_path) -> None:
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(400, 2))
    arrays = {name: np.tanh(hidden @ rng.normal(size=(2, 3))).astype(np.float32) for name in "xyz"}
    model = Workspace(steps=60, hidden=8, members=1).fit(
        {name: rows[10 * i :] for i, (name, rows) in enumerate(arrays.items())},
        matches={name: np.arange(30) + 20 - 10 * i for i, name in enumerate("xyz")},
    )
    assert model.translate(arrays["x"][:5], "x", "z").shape == (5, 3)
    model.save(tmp_path / "run")
    again = Workspace.load(tmp_path / "run")
    np.testing.assert_array_equal(
        again.translate(arrays["x"][:5], "x", "z"), model.translate(arrays["x"][:5], "x", "z")
    )


@pytest.mark.parametrize("change", [{"start": False}, {"self_train": False}])
def test_without_a_start_or_by_choice_nobody_is_taught(change, monkeypatch) -> None:
    preset = replace(Preset(), members=1, training=TrainingSettings(steps=20), **change)

    def never(*_args, **_more):
        raise AssertionError

    monkeypatch.setattr(SelfTraining, "taught", never)
    rows = bent(500, seed=0)
    fit_population(
        preset,
        architecture_for(preset, SPECS, matches=16),
        rows,
        MatchTable(("sight", "words"), np.stack([np.arange(16)] * 2, 1)),
        trials=[Trial.of(preset, np.arange(16), seed=1)],
    )
