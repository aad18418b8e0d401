"""Make a golden folder: a tiny fitted workspace, and what it answered when it was written.

    python tests/golden/make_golden.py tests/golden/NAME

Run once, by the version of Amodal whose format is to be kept readable; never remade after.
"""

import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from amodal import Block, LatentSpec, Workspace

NAMES = ("sight", "words", "touch")
ROWS = 6


def data(things: int = 90) -> dict[str, np.ndarray]:
    """The same things in three modalities, with all kinds of blocks."""
    rng, mixing = np.random.default_rng(0), np.random.default_rng(1)
    place, angle = rng.normal(size=(things, 2)), rng.uniform(0, 2 * np.pi, things)
    turn = np.stack([np.cos(angle), np.sin(angle)], 1)
    kind = np.eye(3)[rng.integers(3, size=things)]
    everything = np.concatenate([kind, turn, place], 1)
    bent = np.sin(2 * place @ mixing.normal(size=(2, 2)))
    arrays = {
        "sight": np.tanh(everything @ mixing.normal(size=(7, 4))),
        "words": everything,
        "touch": np.concatenate([bent, place[:, :1] ** 2], 1) * 3 + 1,
    }
    return {name: rows.astype(np.float32) for name, rows in arrays.items()}


def spaces() -> dict[str, LatentSpec]:
    """How the words are measured; the others are plain arrays."""
    kinds = (("kind", "categorical", 3), ("turn", "circular", 2), ("place", "continuous", 2))
    return {"words": LatentSpec(tuple(Block(*each) for each in kinds))}


def asked(model: Workspace, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every answer of a workspace, by what was asked."""
    told = {}
    for source in NAMES:
        told[f"embed.{source}"] = model.embed({source: rows[source]})
        for target in (name for name in NAMES if name != source):
            answer, doubt = model.translate(rows[source], source, target, uncertainty=True)
            told[f"translate.{source}.{target}"] = answer
            told[f"uncertainty.{source}.{target}"] = doubt
            told[f"similarity.{source}.{target}"] = model.similarity(
                rows[source], rows[target], source=source, target=target
            )
    return told | {"embed": model.embed(rows)}


def main(folder: Path) -> None:
    """Fit, save, and record."""
    given = data(700)
    model = Workspace(state=6, hidden=4, members=2, folds=3, steps=200, seed=6, principal=3)
    model.fit(
        {name: rows[20 * i :] for i, (name, rows) in enumerate(given.items())},
        matches={name: np.arange(40) + 40 - 20 * i for i, name in enumerate(NAMES)},
        spaces=spaces(),
    )
    model.save(folder)
    rows = {name: values[-ROWS:] for name, values in given.items()}
    told = {f"rows.{name}": values for name, values in rows.items()} | asked(model, rows)
    packed = {name: np.ascontiguousarray(value) for name, value in told.items()}
    save_file(packed, folder / "recorded.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
