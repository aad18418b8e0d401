"""Plain predictions as latents."""

import numpy as np
import torch

from amodal.fewmatch.nearest_latents import nearest_latents, nearest_probabilities
from amodal.specification import Block, LatentSpec


def test_nearest_probabilities_are_the_nearest_of_many() -> None:
    rng = np.random.default_rng(0)
    rows = torch.from_numpy(rng.normal(size=(20, 3)))
    found = nearest_probabilities(rows)
    torch.testing.assert_close(found.sum(1), torch.ones(20, dtype=torch.float64))
    assert bool((found >= 0).all())
    others = torch.from_numpy(rng.dirichlet(np.ones(3), size=3000))
    best = torch.cdist(rows, others).min(1).values
    assert bool(((rows - found).norm(dim=1) <= best + 1e-9).all())


def test_predictions_become_latents() -> None:
    spec = LatentSpec((Block("turn", "circular", 2), Block("size", "continuous", 1)))
    answer = nearest_latents(torch.tensor([[0.0, 2.0, 7.0]]), spec)
    assert answer.tolist() == [[0.0, 1.0, 7.0]]
