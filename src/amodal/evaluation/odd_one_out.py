"""The odd-one-out task on frozen representations: many small classifiers, trained side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from amodal.data.kinds import Kind
from amodal.errors import InputError
from amodal.typing import Bool, Float, Int64

CHANCE = 1 / 3
_STREAM = 51


@dataclass(frozen=True)
class OddOneOutTask:
    """Triplets of things to learn from, to stop by and to be tested on, of different things each.

    A row holds three things, the place (0 to 2) of the odd one, and which attribute the other two
    share (`shared_names`).
    """

    learnt: Int64[Tensor, "_ 5"]
    validation: Int64[Tensor, "_ 5"]
    test: Int64[Tensor, "_ 5"]
    shared_names: tuple[str, ...]

    @classmethod
    def draw(
        cls,
        kind: Kind,
        factors: Float[np.ndarray, "n factor"],
        *,
        triplets: int = 20_000,
        seed: int = 0,
    ) -> "OddOneOutTask":
        """Three fifths of the things to learn from, a fifth to stop by, a fifth to test on.

        Args:
            kind: of the things.
            factors: what the things are; triplets hold their row numbers.
            triplets: how many to learn from; a quarter as many to stop by and to test.
            seed: of the split and the triplets.

        Raises:
            InputError: too few things to find three of them that make a triplet.
        """
        order = np.random.default_rng([seed, _STREAM]).permutation(len(factors))
        cuts = [len(order) * 3 // 5, len(order) * 4 // 5]
        parts = []
        for rows, count in zip(
            np.split(order, cuts), (triplets, triplets // 4, triplets // 4), strict=True
        ):
            drawn = kind.triplets(factors, rows, count=max(count, 1), seed=seed)
            if not len(drawn):
                raise InputError(
                    f"no odd-one-out triplet was found among {len(rows)} things: give more things "
                    f"(got {len(factors)}, a fifth of which must be enough)"
                )
            parts.append(torch.from_numpy(drawn))
        return cls(*parts, shared_names=kind.shared_names)


@dataclass(frozen=True)
class ClassifierSettings:
    """How the classifiers are trained; the same for all that are compared."""

    hidden: int = 16
    """Width of the one hidden layer, the seed's."""
    steps: int = 1200
    """At most."""
    batch: int = 256
    """Triplets a step, the same ones for all classifiers."""
    learning_rate: float = 1e-2
    """Of Adam, at its height; a cosine takes it down."""
    evaluate_every: int = 100
    """Steps between looks at the validation triplets."""
    patience: int = 4
    """Looks without a better one after which a classifier keeps its best weights."""


@dataclass(frozen=True)
class Classifiers:
    """MLPs (3 w -> hidden -> 3), one for each source of representations, as stacks of weights."""

    centre: Float[Tensor, "source 1 width"]
    scale: Float[Tensor, "source 1 width"]
    weights: list[Tensor]
    """First weight and bias, second weight and bias; the first axis of each is the source."""

    def logits(
        self, representations: Float[Tensor, "source row width"], things: Int64[Tensor, "t 3"]
    ) -> Float[Tensor, "source t 3"]:
        """How much each of the three things looks like the odd one."""
        return perceptron(self.weights, gather(self.standardised(representations), things))

    def choose(self, sources: slice) -> "Classifiers":
        """Some of the sources."""
        weights = [weight[sources] for weight in self.weights]
        return Classifiers(self.centre[sources], self.scale[sources], weights)

    def standardised(
        self, representations: Float[Tensor, "source row width"]
    ) -> Float[Tensor, "source row width"]:
        """Each column in the units of the things that the classifier has learnt from."""
        return (representations - self.centre) / self.scale


def fit_classifiers(
    representations: Float[Tensor, "source row width"],
    task: OddOneOutTask,
    *,
    seeds: Sequence[int],
    settings: ClassifierSettings | None = None,
) -> Classifiers:
    """Train one classifier for each source of representations, which stay as they are.

    Args:
        representations: of all things that the task speaks of, such as the states of each run.
        task: the triplets.
        seeds: of each source's first weights; the result does not depend on the other sources.
        settings: of the training.
    """
    settings = settings or ClassifierSettings()
    centre, scale = _units(representations, task)
    units = Classifiers(centre, scale, [])
    ready = units.standardised(representations)
    weights = fresh_weights(seeds, ready.shape[-1], settings.hidden)
    best = train_stack(
        weights, lambda w, things: perceptron(w, gather(ready, things)), task, settings
    )
    return Classifiers(centre, scale, best)


@torch.no_grad()
def accuracies(
    logits: Float[Tensor, "source t 3"], task: OddOneOutTask
) -> dict[str, Float[Tensor, " source"]]:
    """Share of test triplets whose odd one is named; overall, and by the attribute shared.

    Example:
        >>> triplets = torch.tensor([[5, 6, 7, 0, 0], [5, 6, 8, 2, 4]])
        >>> names = ("shape", "size", "place", "turn", "colour")
        >>> task = OddOneOutTask(triplets, triplets, triplets, shared_names=names)
        >>> found = accuracies(torch.tensor([[[1.0, 0, 0], [0, 1.0, 0]]]), task)
        >>> {name: value.item() for name, value in found.items()}
        {'accuracy': 0.5, 'accuracy shape': 1.0, 'accuracy colour': 0.0}
    """
    right = (logits.argmax(-1) == task.test[:, 3]).float()
    found = {"accuracy": right.mean(1)}
    for number, name in enumerate(task.shared_names):
        own = task.test[:, 4] == number
        if bool(own.any()):
            found[f"accuracy {name}"] = right[:, own].mean(1)
    return found


def train_stack(
    weights: list[Tensor],
    logits: Callable[[list[Tensor], Tensor], Tensor],
    task: OddOneOutTask,
    settings: ClassifierSettings,
) -> list[Tensor]:
    """Train stacks of weights (source first) on the task; each source stops by its own validation.

    Args:
        weights: where to start.
        logits: from the weights and things (t, 3) to (source, t, 3).
        task: the triplets.
        settings: of the training.

    Returns:
        The weights of each source at its best look.
    """
    weights = [weight.clone().requires_grad_() for weight in weights]
    optimiser = torch.optim.Adam(weights, lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(settings.steps, 1))
    keeper = _Keeper(weights, settings.patience)
    generator = torch.Generator().manual_seed(0)
    for step in range(settings.steps + 1):
        if step % settings.evaluate_every == 0 or step == settings.steps:
            with torch.no_grad():
                losses = _losses(logits(weights, task.validation[:, :3]), task.validation[:, 3])
            if keeper.see(losses, weights):
                break
        things, odd = _shuffled_batch(task.learnt, settings.batch, generator)
        # The sum: no source's step depends on how many others there are.
        _losses(logits(weights, things), odd).sum().backward()
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
    return keeper.best


def fresh_weights(seeds: Sequence[int], width: int, hidden: int) -> list[Tensor]:
    """Uniform in ±1/sqrt(inputs), as torch.nn.Linear; each source by its own seed."""
    shapes = [(3 * width, (3 * width, hidden)), (3 * width, (1, hidden))]
    shapes += [(hidden, (hidden, 3)), (hidden, (1, 3))]
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return [
        torch.stack([torch.rand(shape, generator=g) * 2 - 1 for g in generators]) / inputs**0.5
        for inputs, shape in shapes
    ]


def perceptron(
    weights: list[Tensor], given: Float[Tensor, "source t inputs"]
) -> Float[Tensor, "source t 3"]:
    """relu(x W + b) V + c of every source by one product a layer."""
    first, first_bias, second, second_bias = weights
    hidden = torch.baddbmm(first_bias, given, first).relu()
    return torch.baddbmm(second_bias, hidden, second)


def gather(
    representations: Float[Tensor, "source row width"], things: Int64[Tensor, "t 3"]
) -> Float[Tensor, "source t inputs"]:
    """The representations of the three things, end to end."""
    sources, rows, width = representations.shape
    first = rows * torch.arange(sources)[:, None]
    # A table of all sources' rows: several times faster than an index into the middle dimension.
    found = F.embedding(first + things.flatten(), representations.reshape(-1, width))
    return found.view(sources, len(things), 3 * width)


class _Keeper:
    """Keeps each source's best weights, until its patience is at its end."""

    def __init__(self, weights: list[Tensor], patience: int) -> None:
        self.best = [weight.detach().clone() for weight in weights]
        self.loss = torch.full((len(weights[0]),), torch.inf)
        self.worse = torch.zeros(len(weights[0]))
        self.patience = patience

    def see(self, losses: Float[Tensor, " source"], weights: list[Tensor]) -> bool:
        """Take in one look; whether all sources have stopped."""
        better: Bool[Tensor, " source"] = (losses < self.loss) & (self.worse < self.patience)
        self.loss = torch.where(better, losses, self.loss)
        self.worse = torch.where(better, 0, self.worse + 1)
        for kept, now in zip(self.best, weights, strict=True):
            kept[better] = now.detach()[better]
        return bool((self.worse >= self.patience).all())


def _shuffled_batch(
    triplets: Int64[Tensor, "all 5"], count: int, generator: torch.Generator
) -> tuple[Int64[Tensor, "t 3"], Int64[Tensor, " t"]]:
    """Some triplets in a new order each time, six from one, and where the odd one now stands."""
    drawn = triplets[torch.randint(len(triplets), (count,), generator=generator)]
    order = torch.rand(count, 3, generator=generator).argsort(1)
    return drawn[:, :3].gather(1, order), (order == drawn[:, 3:4]).int().argmax(1)


def _losses(
    logits: Float[Tensor, "source t 3"], odd: Int64[Tensor, " t"]
) -> Float[Tensor, " source"]:
    wanted = odd.expand(len(logits), -1)
    return F.cross_entropy(logits.transpose(1, 2), wanted, reduction="none").mean(1)


def _units(
    representations: Float[Tensor, "source row width"], task: OddOneOutTask
) -> tuple[Tensor, Tensor]:
    """Mean and spread of each column over the things learnt from; dead columns stay small."""
    seen = representations[:, task.learnt[:, :3].unique()]
    centre, spread = seen.mean(1, keepdim=True), seen.std(1, keepdim=True)
    return centre, spread.maximum(0.02 * spread.amax(-1, keepdim=True)).clamp_min(1e-6)
