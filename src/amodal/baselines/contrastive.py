"""CLIP-like baseline: two small networks trained to tell matches from each other."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from amodal.baselines.folds import Embed
from amodal.baselines.networks import BATCH, descend, network, scaled
from amodal.baselines.tuned import TunedBaseline
from amodal.latents import MatchTable, separate_things
from amodal.typing import Float, Int64

SHARED = 64
TEMPERATURE = 0.07
Further = Callable[[Mapping[str, nn.Module], Mapping[str, Tensor]], Tensor]


@dataclass(frozen=True)
class ContrastiveSettings:
    """How long is trained, and how strongly it is held back."""

    exponent: float = 0.0
    """Principal coordinates are scaled by deviation^exponent; networks want them whitened."""
    steps: int = 100
    """Updates; the folds choose when to stop."""
    weight_decay: float = 0.1
    """Decoupled, as in AdamW."""
    dropout: float = 0.2
    """Share of hidden numbers dropped while training."""


class Contrastive(TunedBaseline):
    r"""Train an encoder a modality with the contrastive loss on matches alone, as CLIP does.

    -log softmax(cos(f(x_i), g(y_j)) / temperature) at j = i, both ways, over the matches in a batch
    (Radford et al. 2021, CLIP, arXiv 2103.00020; on frozen latents: LiT, arXiv 2111.07991). One
    hidden layer of 128, a shared space of 64, batches of 128, AdamW at 1e-3, the temperature
    learnt from 0.07. Scale and steps are chosen by held-out matches.

    Example:
        >>> import numpy as np
        >>> first = np.random.default_rng(0).normal(size=(100, 3))
        >>> second = first @ np.array([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]])
        >>> model = Contrastive(settings=ContrastiveSettings(steps=20))
        >>> rows = list(range(50))
        >>> model.fit({"a": first, "b": second}, matches={"a": rows, "b": rows}).embed(
        ...     {"a": first}
        ... ).shape
        (100, 64)
    """

    Settings = ContrastiveSettings
    grid: ClassVar = {"exponent": (0.0, 1.0), "steps": (100, 30, 300)}

    def _align(
        self, rows: Mapping[str, Tensor], table: MatchTable, settings: ContrastiveSettings
    ) -> Embed:
        return learn_encoders(
            rows,
            table,
            lambda dim: network(dim, SHARED, dropout=settings.dropout),
            steps=settings.steps,
            weight_decay=settings.weight_decay,
        )


def learn_encoders(
    rows: Mapping[str, Float[Tensor, "_ _"]],
    table: MatchTable,
    build: Callable[[int], nn.Module],
    *,
    steps: int,
    weight_decay: float,
    further: Further | None = None,
) -> Embed:
    """Train an encoder for each modality by the contrastive loss on matches.

    Args:
        rows: each modality's rows.
        table: the matches.
        build: columns of a modality -> its encoder into the shared space.
        steps: updates.
        weight_decay: of the encoders.
        further: encoders, and the rows that they are given -> a loss beside the contrastive one.
    """
    inputs, sizes = scaled(rows)
    thing = torch.from_numpy(separate_things(table))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        encoders = {name: build(own.shape[1]) for name, own in inputs.items()}
        sharpness = nn.Parameter(torch.tensor(1 / TEMPERATURE).log())

        def loss() -> Tensor:
            total = matches_loss(encoders, inputs, table, sharpness, thing=thing)
            return total if further is None else total + further(encoders, inputs)

        weights = [weight for encoder in encoders.values() for weight in encoder.parameters()]
        groups = [
            {"params": weights, "weight_decay": weight_decay},
            {"params": [sharpness], "weight_decay": 0.0},
        ]
        descend(groups, loss, steps=steps)
    for encoder in encoders.values():
        encoder.eval()

    def embed(x: Tensor, name: str) -> Tensor:
        with torch.no_grad():
            return encoders[name]((x / sizes[name]).float()).to(x.dtype)

    return embed


def matches_loss(
    encoders: Mapping[str, nn.Module],
    inputs: Mapping[str, Tensor],
    table: MatchTable,
    sharpness: Tensor,
    *,
    thing: Int64[Tensor, " match"],
) -> Tensor:
    """The symmetric contrastive loss of a batch of matches, summed over all pairs of modalities.

    Other captions of the same picture are no wrong answers.

    Args:
        encoders: of each modality, into one space.
        inputs: each modality's rows.
        table: the matches, of which a batch is drawn.
        sharpness: the logarithm of 1 / temperature.
        thing: the number of each match's thing.
    """
    drawn = torch.randperm(len(table))[:BATCH]
    things, thing = torch.from_numpy(table.rows)[drawn], thing[drawn]
    total = sharpness * 0
    for place, first in enumerate(table.names):
        for other, second in enumerate(table.names[:place]):
            both = (things[:, [place, other]] >= 0).all(1)
            pairs, own = things[both], thing[both]
            if len(pairs) > 1:
                one = F.normalize(encoders[first](inputs[first][pairs[:, place]]), dim=1)
                two = F.normalize(encoders[second](inputs[second][pairs[:, other]]), dim=1)
                logits = one @ two.T * sharpness.exp().clamp(max=100)
                right = torch.arange(len(pairs))
                alike = (own[:, None] == own[None]) & ~torch.eye(len(own), dtype=torch.bool)
                logits = logits.masked_fill(alike, -torch.inf)
                total = total + F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)
    return total
