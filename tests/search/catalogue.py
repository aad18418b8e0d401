"""A small workspace of three modalities, and a catalogue of one of them with metadata."""

from typing import Any

import numpy as np

from amodal import Workspace

DIMS = {"sound": 6, "touch": 5, "taste": 4}
COLOURS = ["red", "green", "blue"]


def draw(things: int, *, seed: int) -> dict[str, np.ndarray]:
    """Row i of each modality is thing i: four hidden numbers, mixed, with noise."""
    rng, mixing = np.random.default_rng(seed), np.random.default_rng(77)
    hidden = rng.normal(size=(things, 4))
    found = {name: hidden @ mixing.normal(size=(4, dim)) for name, dim in DIMS.items()}
    noise = {name: 0.1 * rng.normal(size=rows.shape) for name, rows in found.items()}
    return {name: (found[name] + noise[name]).astype(np.float32) for name in found}


def fitted(*, seed: int = 0, names: tuple[str, ...] = tuple(DIMS)) -> Workspace:
    """A workspace that has learnt from 60 matches."""
    rows = {name: given for name, given in draw(80, seed=seed).items() if name in names}
    return Workspace(steps=0).fit(rows, matches={name: np.arange(60) for name in names})


def items(count: int) -> dict[str, Any]:
    """Metadata: colours in turn, a price that rises, and a title that is sometimes absent."""
    return {
        "colour": [COLOURS[i % 3] for i in range(count)],
        "price": [i / 2 for i in range(count)],
        "title": [None if i % 5 == 0 else f"thing {i}" for i in range(count)],
    }


def as_csv(columns: dict[str, Any]) -> str:
    """Columns as the text of a CSV file; None is an empty field."""
    lines = [",".join(columns)]
    for values in zip(*columns.values(), strict=True):
        lines.append(",".join("" if value is None else str(value) for value in values))
    return "\n".join(lines) + "\n"
