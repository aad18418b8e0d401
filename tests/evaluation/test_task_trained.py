"""Encoders trained on the task: better than any classifier on the same frozen random encoder."""

import torch

from amodal.data.kinds import kind_of
from amodal.data.shapes import attributes, draw_factors
from amodal.evaluation.odd_one_out import (
    ClassifierSettings,
    OddOneOutTask,
    accuracies,
    fit_classifiers,
)
from amodal.evaluation.of_population import states
from amodal.evaluation.task_trained import task_trained_logits
from amodal.specification import LatentSpec
from amodal.workspace import Architecture, Population

FACTORS = draw_factors(1500, seed=3)
SETTINGS = ClassifierSettings(steps=400, evaluate_every=50)


def test_training_the_encoder_pays_and_knows_no_neighbours() -> None:
    task = OddOneOutTask.draw(kind_of("shapes"), FACTORS, triplets=3000)
    spec = LatentSpec.continuous(11)
    architecture = Architecture(
        {"a": spec, "b": spec}, state=2, hidden=32, bounded=True, linear=False
    )
    rows = torch.from_numpy(attributes(FACTORS))
    both = task_trained_logits(architecture, "a", rows, task, seeds=[3, 4], settings=SETTINGS)
    alone = task_trained_logits(architecture, "a", rows, task, seeds=[4], settings=SETTINGS)
    trained = accuracies(both, task)["accuracy"]
    assert abs(trained[1] - accuracies(alone, task)["accuracy"][0]) < 0.02
    frozen = states(Population.create(architecture, [3, 4]), {"a": rows})
    classifiers = fit_classifiers(frozen, task, seeds=[3, 4], settings=SETTINGS)
    found = accuracies(classifiers.logits(frozen, task.test[:, :3]), task)
    assert (trained > found["accuracy"] + 0.02).all()
