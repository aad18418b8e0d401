"""Plain arrays of two modalities that show the same hidden things."""

import numpy as np

from amodal import Workspace

QUICK = {"steps": 20, "members": 1, "folds": 2}


def draw_plain(things: int = 120, *, seed: int = 0, noise: float = 0.05) -> dict[str, np.ndarray]:
    """Row i of each modality is thing i: three hidden numbers, mixed and bent."""
    rng, mixing = np.random.default_rng(seed), np.random.default_rng(77)
    hidden = rng.normal(size=(things, 3))
    arrays = {
        "sound": np.tanh(hidden @ mixing.normal(size=(3, 5)) / 3) * 4,
        "smell": hidden @ mixing.normal(size=(3, 4)) + 2,
    }
    return {n: a + noise * rng.normal(size=a.shape) for n, a in arrays.items()}


def same_rows(count: int, *names: str) -> dict[str, list[int]]:
    """Thing i is row i of each modality."""
    return {name: list(range(count)) for name in names or ("sound", "smell")}


def quick(**changed) -> Workspace:
    """An unfitted workspace that trains for a moment."""
    return Workspace(**(QUICK | changed))


def fitted(matches: int = 20, **changed) -> Workspace:
    """A workspace fitted on the plain data."""
    return quick(**changed).fit(draw_plain(), matches=same_rows(matches))
