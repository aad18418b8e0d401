"""What the tests of tuned and of trained baselines fit on."""

import numpy as np

from amodal.baselines.base import Baseline


def curves(*, turns: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """One number, seen on a spiral and on a wave: no linear map leads from one to the other."""
    position = np.random.default_rng(seed).uniform(0, 1, size=800)
    angle = turns * position
    spiral = np.stack([angle * np.cos(angle), angle * np.sin(angle)], 1)
    wave = np.stack([(turns - 1) * position, np.sin(6 * position), np.cos(5 * position)], 1)
    return spiral, wave


def fit(model: Baseline, first: np.ndarray, second: np.ndarray, count: int) -> Baseline:
    """Fitted with the first rows matched, row for row."""
    rows = list(range(count))
    return model.fit({"a": first, "b": second}, matches={"a": rows, "b": rows})
