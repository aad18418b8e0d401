"""Stacked odd-one-out classifiers: what they learn, and that they do not know their neighbours."""

import numpy as np
import pytest
import torch

from amodal.data.kinds import kind_of
from amodal.data.shapes import attributes, draw_factors
from amodal.data.shapes.triplets import SHARED_NAMES
from amodal.errors import InputError
from amodal.evaluation.odd_one_out import (
    ClassifierSettings,
    OddOneOutTask,
    _shuffled_batch,
    accuracies,
    fit_classifiers,
    fresh_weights,
    gather,
    train_stack,
)

SETTINGS = ClassifierSettings(steps=500, evaluate_every=50)
SHAPES = kind_of("shapes")
FACTORS = draw_factors(1500, seed=3)


@pytest.fixture(scope="module")
def task() -> OddOneOutTask:
    return OddOneOutTask.draw(SHAPES, FACTORS, triplets=3000, seed=1)


@pytest.fixture(scope="module")
def sources() -> torch.Tensor:
    """Attributes, the same ten times as large and shifted, and noise that says nothing."""
    rows = torch.from_numpy(attributes(FACTORS))
    noise = torch.randn(rows.shape, generator=torch.Generator().manual_seed(0))
    return torch.stack([rows, 10 * rows + 5, noise])


def test_triplets_of_the_three_parts_share_no_thing(task) -> None:
    three = (task.learnt, task.validation, task.test)
    parts = [set(part[:, :3].flatten().tolist()) for part in three]
    assert len(set.union(*parts)) == sum(len(part) for part in parts)
    assert [len(part) for part in three] == [3000, 750, 750]
    with pytest.raises(InputError, match="no odd-one-out triplet"):
        OddOneOutTask.draw(SHAPES, FACTORS[:10])


def test_attributes_tell_and_noise_does_not(task, sources) -> None:
    classifiers = fit_classifiers(sources, task, seeds=[0, 0, 0], settings=SETTINGS)
    found = accuracies(classifiers.logits(sources, task.test[:, :3]), task)
    assert found["accuracy"][0] > 0.5
    assert found["accuracy shape"][0] > 0.6
    # Units and offsets of a column are not information.
    assert found["accuracy"][1] == pytest.approx(float(found["accuracy"][0]), abs=0.02)
    assert found["accuracy"][2] == pytest.approx(1 / 3, abs=0.06)


def test_a_classifier_does_not_depend_on_its_neighbours(task, sources) -> None:
    together = fit_classifiers(sources, task, seeds=[7, 8, 9], settings=SETTINGS)
    alone = fit_classifiers(sources[2:], task, seeds=[9], settings=SETTINGS)
    for stack, one in zip(together.weights, alone.weights, strict=True):
        assert torch.allclose(stack[2:], one, atol=1e-4)


def test_logits_by_hand(task, sources) -> None:
    settings = ClassifierSettings(steps=0)
    classifiers = fit_classifiers(sources, task, seeds=[1, 2, 3], settings=settings)
    rows = sources[1].numpy()
    learnt = rows[np.unique(task.learnt[:, :3])]
    rows = (rows - learnt.mean(0)) / learnt.std(0, ddof=1)
    a, b, c, d = (weight[1].numpy() for weight in classifiers.weights)
    given = np.concatenate([rows[4], rows[9], rows[2]])
    expected = np.maximum(given @ a + b[0], 0) @ c + d[0]
    found = classifiers.logits(sources, torch.tensor([[4, 9, 2]]))[1, 0]
    assert found.tolist() == pytest.approx(expected.tolist(), abs=1e-4)


def test_the_best_look_is_kept(task, sources) -> None:
    """Learning that overshoots wildly: what comes back is never worse than the start."""
    wild = ClassifierSettings(steps=60, evaluate_every=10, learning_rate=30.0)
    start = fresh_weights([4], 11, 16)
    ready = sources[:1]

    def logits(weights, things):
        a, b, c, d = weights
        return (gather(ready, things) @ a + b).relu() @ c + d

    kept = train_stack(start, logits, task, wild)
    odd = task.validation[:, 3]
    before, after = (
        torch.nn.functional.cross_entropy(logits(weights, task.validation[:, :3])[0], odd)
        for weights in (start, kept)
    )
    assert after <= before


def test_accuracy_by_attribute_is_a_share_of_its_own_triplets(task) -> None:
    logits = torch.rand(2, len(task.test), 3, generator=torch.Generator().manual_seed(1))
    found = accuracies(logits, task)
    for number, name in enumerate(SHARED_NAMES):
        rows = [row for row in range(len(task.test)) if task.test[row, 4] == number]
        right = [int(logits[1, row].argmax() == task.test[row, 3]) for row in rows]
        assert float(found[f"accuracy {name}"][1]) == pytest.approx(np.mean(right), abs=1e-5)


def test_shuffled_triplets_keep_their_odd_one(task) -> None:
    things, odd = _shuffled_batch(task.learnt, 200, torch.Generator().manual_seed(0))
    known = {frozenset(row[:3]): row[row[3]] for row in task.learnt.tolist()}
    for row, place in zip(things.tolist(), odd.tolist(), strict=True):
        assert known[frozenset(row)] == row[place]
    assert set(odd.tolist()) == {0, 1, 2}
