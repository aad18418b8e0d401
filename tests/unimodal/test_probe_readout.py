"""Probes against slow versions; errors that people can read, by hand."""

import numpy as np
import pytest
import torch

from amodal.data.shapes.readable import readable_errors
from amodal.errors import InputError
from amodal.specification import Block, LatentSpec
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.probe import (
    PENALTIES,
    as_measured,
    measured_losses,
    network_probe,
    ridge_probe,
)


def slow_ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> tuple[np.ndarray, float]:
    centre, middle = x.mean(0), y.mean()
    gram = (x - centre).T @ (x - centre) + penalty * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, (x - centre).T @ (y - middle))
    return weights, middle - centre @ weights


def test_ridge_is_the_one_with_the_least_error_when_rows_are_left_out() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(14, 5))
    y = x @ random.normal(size=(5, 2)) + random.normal(size=(14, 2)) * [0.1, 5.0]
    probe = ridge_probe(torch.from_numpy(x), torch.from_numpy(y))
    for target in range(2):
        errors = []
        for penalty in PENALTIES:
            missed = []
            for row in range(14):
                rest = np.arange(14) != row
                weights, offset = slow_ridge(x[rest], y[rest, target], penalty)
                missed.append(x[row] @ weights + offset - y[row, target])
            errors.append(np.mean(np.square(missed)))
        weights, offset = slow_ridge(x, y[:, target], PENALTIES[int(np.argmin(errors))])
        # Leaving a row out moves the mean too; the closed form keeps it: the choice may be the
        # neighbouring penalty where two are as good, never further.
        near = range(max(0, np.argmin(errors) - 1), min(len(PENALTIES), np.argmin(errors) + 2))
        candidates = [slow_ridge(x, y[:, target], PENALTIES[i])[0] for i in near]
        assert any(np.allclose(probe.weights[:, target], c, atol=1e-6) for c in candidates)


def test_ridge_survives_equal_columns_and_fewer_rows_than_columns() -> None:
    x = torch.randn(4, 9, generator=torch.Generator().manual_seed(0))
    x[:, 1] = x[:, 0]
    x[:, 2] = 7.0
    probe = ridge_probe(x, x[:, :2])
    assert probe(x).isfinite().all()


SPEC = LatentSpec((Block("kind", "categorical", 2), Block("rest", "continuous", 1)))


def test_measured_losses_by_hand() -> None:
    outputs = torch.tensor([[0.0, 0.0, 1.0]])
    losses = measured_losses(outputs, torch.tensor([[1.0, 0.0, 3.0]]), SPEC)
    assert losses["kind"].item() == pytest.approx(np.log(2))
    assert losses["rest"].item() == 4.0
    assert as_measured(outputs, SPEC).tolist() == [[0.5, 0.5, 1.0]]


@pytest.mark.slow
def test_network_probe_learns_and_ignores_dead_dimensions() -> None:
    random = torch.Generator().manual_seed(0)
    latents = torch.randn(400, 3, generator=random) * torch.tensor([1.0, 1.0, 1e-6])
    kind = (latents[:, 0] > 0).float()
    targets = torch.stack([kind, 1 - kind, latents[:, 1].square()], 1)
    probe = network_probe(latents, targets, SPEC, schedule=Schedule(150, 64, 1e-2))
    predicted = probe.predict(latents)
    assert (predicted[:, 0].round() == kind).float().mean() > 0.97
    assert (predicted[:, 2] - targets[:, 2]).abs().mean() < 0.2
    assert probe.scale[2] == 1.0


def attributes(**changes: float) -> np.ndarray:
    row = dict(zip("deixysCSrgb", [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], strict=True))
    return np.array([list({**row, **changes}.values())], np.float32)


@pytest.mark.parametrize(
    ("changes", "name", "expected"),
    [
        ({"d": 0, "e": 1}, "shape_accuracy", 0.0),
        ({"x": 0.2}, "place_pixels", 0.9),
        ({"s": -0.5}, "size_pixels", 1.75),
        ({"C": 0, "S": 3}, "rotation_degrees", 90.0),
        ({"C": -1, "S": -0.0}, "rotation_degrees", 180.0),
        ({"g": 0.1}, "colour_levels", 4.25),
    ],
)
def test_readable_errors_by_hand(changes: dict, name: str, expected: float) -> None:
    right = readable_errors(attributes(), attributes())
    wrong = readable_errors(torch.from_numpy(attributes(**changes)), attributes())
    assert wrong[name] == pytest.approx(expected, abs=1e-4)
    assert {k: v for k, v in wrong.items() if k != name} == {
        k: v for k, v in right.items() if k != name
    }


def test_readable_errors_refuse_other_shapes() -> None:
    with pytest.raises(InputError, match=r"\(1, 11\) \(predicted\) and \(2, 11\)"):
        readable_errors(attributes(), np.zeros((2, 11)))
