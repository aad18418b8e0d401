"""What all tests share: shapes and types checked at every call, one thread, small data."""

from dataclasses import dataclass

from jaxtyping import install_import_hook

# Before anything imports amodal: its annotations become checks.
install_import_hook("amodal", "checking.check")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import torch  # noqa: E402

torch.set_num_threads(1)


@dataclass(frozen=True)
class TypedData:
    """Two or three views of the same hidden things, measured in typed blocks."""

    latents: dict
    """`Latents` by modality, row i of each being thing i."""
    spaces: dict
    """The specification of each modality."""

    def plain(self, *names: str) -> dict:
        """Arrays of some modalities (all by default)."""
        return {name: self.latents[name].rows for name in names or self.latents}


def draw_typed(things: int = 120, *, seed: int = 0) -> TypedData:
    """Things with a kind (3), a turn, a place (2), seen as sight, words and touch."""
    from amodal.latents import Latents
    from amodal.specification import Block, LatentSpec

    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99)
    kind = np.eye(3)[rng.integers(3, size=things)]
    angle = rng.uniform(0, 2 * np.pi, things)
    turn = np.stack([np.cos(angle), np.sin(angle)], 1)
    place = rng.normal(size=(things, 2))
    everything = np.concatenate([kind, turn, place], 1)
    spaces = {
        "sight": LatentSpec((Block("code", "continuous", 5),)),
        "words": LatentSpec(
            (
                Block("kind", "categorical", 3),
                Block("turn", "circular", 2),
                Block("place", "continuous", 2),
            )
        ),
        "touch": LatentSpec((Block("place", "continuous", 2), Block("turn", "circular", 2))),
    }
    rows = {
        "sight": np.tanh(everything @ mixing.normal(size=(7, 5)) / 2)
        + 0.01 * rng.normal(size=(things, 5)),
        "words": everything,
        "touch": np.concatenate([place, turn], 1),
    }
    latents = {n: Latents(rows[n].astype(np.float32), spaces[n]) for n in spaces}
    return TypedData(latents, spaces)


@pytest.fixture(scope="session")
def typed() -> TypedData:
    """120 things in three modalities with all kinds of blocks."""
    return draw_typed()


@pytest.fixture(scope="session")
def draw():
    """The function that draws typed data: `draw(things, seed=...)`."""
    return draw_typed
