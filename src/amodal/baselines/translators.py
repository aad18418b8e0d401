"""Translators without a workspace: a network each way, tied together by cycles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from amodal.baselines.folds import Embed
from amodal.baselines.networks import BATCH, descend, network, scaled
from amodal.baselines.tuned import TunedBaseline, in_every_modality
from amodal.latents import MatchTable

Way = tuple[str, str]


@dataclass(frozen=True)
class CycleTranslatorsSettings:
    """How long is trained, and how much the cycles weigh."""

    exponent: float = 1.0
    """Principal coordinates are scaled by deviation^exponent."""
    cycle: float = 1.0
    """Weight of the cycles beside translation."""
    steps: int = 300
    """Updates; the folds choose when to stop."""
    weight_decay: float = 0.1
    """Decoupled, as in AdamW."""


class CycleTranslators(TunedBaseline):
    r"""Translate straight from modality to modality, and come back to where the row was.

    Networks f: a -> b and g: b -> a, one hidden layer of 128 each, minimise
    ||f(x) - y||^2 + ||g(y) - x||^2 on matches, and cycle times ||g(f(x)) - x||^2 +
    ||f(g(y)) - y||^2 on all rows, the unmatched ones too: CycleGAN's cycles (Zhu et al. 2017,
    arXiv 1703.10593) without its adversaries, on frozen latents. With more modalities there is one
    network for each way that has matches. What a shared workspace adds is what this lacks.

    Rows are compared by the mean of the cosines of what they are in each modality.

    Example:
        >>> import numpy as np
        >>> first = np.random.default_rng(0).normal(size=(300, 3))
        >>> second = first @ np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]])
        >>> model = CycleTranslators(settings=CycleTranslatorsSettings(steps=50))
        >>> rows = list(range(50))
        >>> model.fit({"a": first, "b": second}, matches={"a": rows, "b": rows}).translate(
        ...     first, "a", "b"
        ... ).shape
        (300, 2)
    """

    Settings = CycleTranslatorsSettings
    grid: ClassVar = {"exponent": (1.0, 0.0), "steps": (300, 100, 1000), "cycle": (1.0, 0.1, 0.0)}

    def _align(self, rows: Mapping[str, Tensor], table: MatchTable, settings: Any) -> Embed:
        inputs, sizes = scaled(rows)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            ways = _trained(inputs, table, settings)
        self._found = {way: _Scaled(ways[way], sizes[way[0]], sizes[way[1]]) for way in ways}
        found, widths = self._found, {name: own.shape[1] for name, own in rows.items()}
        return lambda x, name: in_every_modality(x, name, found, widths)

    def _fit_maps(self, rows: Mapping[str, Tensor], table: MatchTable) -> dict[Any, Any]:
        return dict(self._found)


class _Scaled:
    """A network between rows in their own sizes."""

    def __init__(self, inner: nn.Module, size: Tensor, target_size: Tensor) -> None:
        self.inner, self.size, self.target_size = inner, size, target_size

    def __call__(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            return self.inner((x / self.size).float()).to(x.dtype) * self.target_size


def _trained(
    inputs: Mapping[str, Tensor], table: MatchTable, settings: CycleTranslatorsSettings
) -> dict[Way, nn.Module]:
    pairs = {
        (first, second): torch.from_numpy(table.together(first, second))
        for first in inputs
        for second in inputs
        if first != second and len(table.together(first, second))
    }
    ways = {way: network(inputs[way[0]].shape[1], inputs[way[1]].shape[1]) for way in pairs}

    def loss() -> Tensor:
        total = torch.zeros(())
        for (first, second), own in pairs.items():
            there, back = ways[first, second], ways[second, first]
            some = own if len(own) <= BATCH else _draw(own)
            total = total + F.mse_loss(there(inputs[first][some[:, 0]]), inputs[second][some[:, 1]])
            if settings.cycle:
                x = _draw(inputs[first])
                total = total + settings.cycle * F.mse_loss(back(there(x)), x)
        return total

    weights = [weight for each in ways.values() for weight in each.parameters()]
    group = {"params": weights, "weight_decay": settings.weight_decay}
    descend([group], loss, steps=settings.steps)
    return ways


def _draw(rows: Tensor) -> Tensor:
    """A batch of rows, drawn with replacement."""
    return rows[torch.randint(len(rows), (BATCH,))]
