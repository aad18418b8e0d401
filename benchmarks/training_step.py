"""What a step of training costs, beside a plain loop and beside bare products.

    python benchmarks/training_step.py --json training_step.json

Three things do the same work, in turn within one process: `amodal.training.train` on a population;
a plain PyTorch loop for one run (modules, encodings shared by the losses, torch's fused AdamW), on
as many threads as serve it best; and only the matrix products that the population's networks need,
in float32, as the limit. Times are per run and step; ratios are medians over rounds.
"""

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from amodal.files import write_json
from amodal.latents import MatchTable, Sampler
from amodal.losses import LossSettings, compute_step, needs_of, weighted_sum
from amodal.specification import Block, LatentSpec
from amodal.training import Run, TrainingSettings, train
from amodal.training.machine import denormals_dropped, memory_kept, threads
from amodal.workspace import Architecture, Population

LOSSES = {"translation": 1.0, "contrastive": 0.1, "demi_cycle": 1.0, "cycle": 1.0}
CORES = torch.get_num_threads()


@dataclass(frozen=True)
class Size:
    """What is trained."""

    title: str
    specs: dict[str, LatentSpec]
    state: int = 12
    hidden: int = 64
    batch: int = 128
    runs: int = 32
    steps: int = 40

    @property
    def architecture(self) -> Architecture:
        """Three hidden layers and a state through tanh, as in the seed paper."""
        return Architecture(
            self.specs,
            state=self.state,
            hidden=self.hidden,
            layers=3,
            activation="relu",
            linear=False,
            bounded=True,
        )


SHAPES = {
    "image": LatentSpec.continuous(12),
    "attributes": LatentSpec((Block("shape", "categorical", 3), Block("rest", "continuous", 8))),
}
EMBEDDINGS = {"text": LatentSpec.continuous(384), "image": LatentSpec.continuous(1024)}
SIZES = {
    "seed_size": Size("12 and 11 numbers, hidden 64, batch 128", SHAPES),
    "seed_wide": Size("12 and 11 numbers, hidden 128, batch 128", SHAPES, hidden=128, steps=20),
    "large_batch": Size("12 and 11 numbers, hidden 64, batch 512", SHAPES, batch=512, steps=12),
    "embedding_size": Size(
        "384 and 1,024 numbers, state 256, hidden 512, batch 1,024",
        EMBEDDINGS,
        state=256,
        hidden=512,
        batch=1024,
        runs=4,
        steps=3,
    ),
}


@dataclass
class Data:
    """Random latents: what they say does not matter here."""

    latents: dict[str, Tensor]
    table: MatchTable

    @classmethod
    def draw(cls, size: Size, rows: int = 20_000, matches: int = 5_000) -> "Data":
        """Rows of every modality; the first ones are matched."""
        generator = torch.Generator().manual_seed(0)
        latents = {}
        for name, spec in size.specs.items():
            values = torch.randn(rows, spec.dim, generator=generator)
            for block, columns in spec.parts():
                if block.kind == "categorical":
                    kinds = torch.randint(block.size, (rows,), generator=generator)
                    values[:, columns] = F.one_hot(kinds, block.size).float()
            latents[name] = values
        row = np.arange(matches)
        return cls(latents, MatchTable(tuple(latents), np.stack([row] * len(latents), 1)))


class PlainLoop:
    """One run, as one would write it: every latent encoded once, decoders called on what waits."""

    def __init__(self, size: Size, data: Data) -> None:
        self.size, self.data = size, data
        self.encoders: dict[str, nn.Sequential] = {}
        self.decoders: dict[str, nn.Sequential] = {}
        for name, spec in size.specs.items():
            self.encoders[name] = self._network(spec.dim, size.state)
            self.decoders[name] = self._network(size.state, spec.dim)
        networks = [*self.encoders.values(), *self.decoders.values()]
        self.weights = [weight for network in networks for weight in network.parameters()]
        self.optimiser = torch.optim.AdamW(self.weights, lr=1e-3, weight_decay=0.1, fused=True)

    def _network(self, inputs: int, outputs: int) -> nn.Sequential:
        hidden = self.size.hidden
        layers = []
        for a, b in pairwise([inputs, hidden, hidden, hidden]):
            layers += [nn.Linear(a, b), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(hidden, outputs))

    def batch(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Matched and unmatched latents, drawn anew."""
        things = torch.randint(len(self.data.table), (self.size.batch,))
        latents = self.data.latents
        matched = {name: values[things] for name, values in latents.items()}
        unmatched = {
            name: values[torch.randint(len(values), (self.size.batch,))]
            for name, values in latents.items()
        }
        return matched, unmatched

    def loss(self, matched: dict[str, Tensor], unmatched: dict[str, Tensor]) -> Tensor:
        """All losses: translation, contrastive, demi-cycle, cycle."""
        (one, two), count = tuple(self.size.specs), self.size.batch
        states, others = {}, {}
        for name in (one, two):
            both = torch.tanh(self.encoders[name](torch.cat([matched[name], unmatched[name]])))
            states[name], others[name] = both.split(count)
        decoded = {}
        for name, away in ((one, two), (two, one)):
            waiting = torch.cat([states[away], others[name], others[away]])
            decoded[name] = self.decoders[name](waiting).split(count)
        translation = sum(self.error(decoded[n][0], matched[n], n) for n in (one, two)) / 2
        demi_cycle = sum(self.error(decoded[n][1], unmatched[n], n) for n in (one, two)) / 2
        cycle = torch.zeros(())
        for name, away in ((one, two), (two, one)):
            abroad = self.heads(decoded[away][2], away)
            home = self.decoders[name](torch.tanh(self.encoders[away](abroad)))
            cycle = cycle + self.error(home, unmatched[name], name) / 2
        cosine = F.normalize(states[one], dim=-1) @ F.normalize(states[two], dim=-1).T / 0.07
        right = torch.arange(count)
        contrast = (F.cross_entropy(cosine, right) + F.cross_entropy(cosine.T, right)) / 2
        values = (translation, contrast, demi_cycle, cycle)
        return sum(w * v for w, v in zip(LOSSES.values(), values, strict=True))  # type: ignore

    def heads(self, raw: Tensor, name: str) -> Tensor:
        """Probabilities where a block is categorical."""
        if self.size.specs[name].blocks[0].kind == "continuous":
            return raw
        return torch.cat([raw[:, :3].softmax(-1), raw[:, 3:]], -1)

    def error(self, raw: Tensor, goal: Tensor, name: str) -> Tensor:
        """Squared error; cross-entropy where a block is categorical."""
        spec = self.size.specs[name]
        if spec.blocks[0].kind == "continuous":
            return F.mse_loss(raw, goal)
        kinds = -(goal[:, :3] * raw[:, :3].log_softmax(-1)).sum(-1).mean()
        return kinds * 3 / spec.dim + F.mse_loss(raw[:, 3:], goal[:, 3:]) * 8 / spec.dim

    def step(self) -> None:
        """One update, the gradient no longer than 5."""
        self.optimiser.zero_grad()
        self.loss(*self.batch()).backward()
        torch.nn.utils.clip_grad_norm_(self.weights, 5.0)
        self.optimiser.step()


@denormals_dropped()
def plain(size: Size, data: Data) -> tuple[float, float]:
    """Wall and processor milliseconds of a plain loop's step, on its best number of threads."""
    found = []
    for count in sorted({1, CORES}):
        with threads(count):
            loop = PlainLoop(size, data)
            found.append(timed(lambda n, loop=loop: [loop.step() for _ in range(n)], size.steps))
    return min(found)


def ours(size: Size, data: Data, precision: str, runs: int | None = None) -> tuple[float, float]:
    """The same of a run in a population."""
    count = size.runs if runs is None else runs
    population = Population.create(size.architecture, list(range(count)))
    own = [
        Run(seed=i, losses=LOSSES, things=np.arange(len(data.table)), group=i) for i in range(count)
    ]

    def steps(n: int) -> None:
        settings = TrainingSettings(
            steps=n,
            batch=size.batch,
            unmatched_batch=size.batch,
            weight_decay=0.1,
            cycle_flow=1.0,
            evaluate_every=1_000_000,
            precision=precision,
        )
        train(population, data.latents, data.table, runs=own, settings=settings)

    wall, processor = timed(steps, size.steps)
    return wall / count, processor / count


def timed(steps: Callable[[int], object], count: int) -> tuple[float, float]:
    """Milliseconds a step, wall and processor, what happens once before them taken off."""

    def once(n: int) -> tuple[float, float]:
        begun, used = time.perf_counter(), time.process_time()
        steps(n)
        return time.perf_counter() - begun, time.process_time() - used

    few, many = once(3), once(3 + count)
    return tuple((b - a) / count * 1000 for a, b in zip(few, many, strict=True))  # type: ignore


def products(size: Size) -> Callable[[int, int], None]:
    """Only the products of `runs` networks' layers, forwards and backwards, `steps` times."""
    first, second = (spec.dim for spec in size.specs.values())
    layers = []
    for dim in (first, second):
        # Encoders see matched and unmatched rows, then what came back; decoders what waits, then
        # what came back.
        for rows, ends, leaf in (
            (2, (dim, size.state), True),
            (1, (dim, size.state), False),
            (3, (size.state, dim), False),
            (1, (size.state, dim), False),
        ):
            widths = [ends[0], size.hidden, size.hidden, size.hidden, ends[1]]
            for depth, (a, b) in enumerate(pairwise(widths)):
                layers.append((rows * size.batch, a, b, not (leaf and depth == 0)))

    def work(runs: int, steps: int) -> None:
        given = {(r, n): torch.randn(runs, r, n) for r, a, b, _ in layers for n in (a, b)}
        weights = {(a, b): torch.randn(runs, a, b) for _, a, b, _ in layers}
        for _ in range(steps):
            for rows, a, b, back in layers:
                torch.bmm(given[rows, a], weights[a, b])
                torch.bmm(given[rows, a].transpose(1, 2), given[rows, b])
                if back:
                    torch.bmm(given[rows, b], weights[a, b].transpose(1, 2))

    return work


def limit(size: Size) -> tuple[float, float]:
    """The same of the bare products in float32, half of the runs on each core."""
    work, share = products(size), max(1, size.runs // CORES)

    def steps(n: int) -> None:
        crew = [threading.Thread(target=work, args=(share, n)) for _ in range(CORES)]
        for each in crew:
            each.start()
        for each in crew:
            each.join()

    with threads(1), memory_kept():
        wall, processor = timed(steps, size.steps)
    return wall / (share * CORES), processor / (share * CORES)


def difference(size: Size, data: Data) -> float:
    """How far the plain loop's loss is from ours, with the same weights on the same batch."""
    loop = PlainLoop(size, data)
    population = Population.create(size.architecture, [0])
    views = population.views()
    for kind, networks in (("encoder", loop.encoders), ("decoder", loop.decoders)):
        for modality, network in networks.items():
            layers = [layer for layer in network if isinstance(layer, nn.Linear)]
            names = [*((f"weight{i}", f"bias{i}") for i in range(3)), ("out", "bias")]
            for layer, (weight, bias) in zip(layers, names, strict=True):
                views[f"{modality}.{kind}.{weight}"][0] = layer.weight.detach().T
                views[f"{modality}.{kind}.{bias}"][0, 0] = layer.bias.detach()
    batch = Sampler(
        data.latents,
        data.table,
        things=[np.arange(len(data.table))],
        seeds=[0],
        batch=size.batch,
        unmatched_batch=size.batch,
    ).draw(0)
    weights = {name: torch.tensor([value]) for name, value in LOSSES.items()}
    step = compute_step(views, size.architecture, batch, needs=needs_of(weights))
    total, _ = weighted_sum(step, weights, LossSettings())
    plain_total = loop.loss(
        {n: v[0] for n, v in batch.matched.items()}, {n: v[0] for n, v in batch.unmatched.items()}
    )
    return float((total[0] - plain_total).abs().detach() / plain_total.detach())


def measure(size: Size, rounds: int) -> dict[str, float]:
    """All figures of one size: medians over rounds, in which each takes its turn."""
    data = Data.draw(size)
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        turn = {
            "plain_loop": plain(size, data),
            "limit": limit(size),
            "float32": ours(size, data, "float32"),
            "bfloat16": ours(size, data, "bfloat16"),
        }
        for name, (wall, processor) in turn.items():
            found.setdefault(f"{name}_ms", []).append(wall)
            found.setdefault(f"{name}_cpu_ms", []).append(processor)
        for precision in ("float32", "bfloat16"):
            own = turn[precision][0]
            found.setdefault(f"{precision}_ratio_to_plain_loop", []).append(
                own / turn["plain_loop"][0]
            )
            found.setdefault(f"{precision}_ratio_to_limit", []).append(own / turn["limit"][0])
    result = {name: statistics.median(values) for name, values in found.items()}
    best = min(("float32", "bfloat16"), key=lambda p: result[f"{p}_ms"])
    for name in ("ratio_to_plain_loop", "ratio_to_limit"):
        result[name] = result[f"{best}_{name}"]
    result["runs"] = size.runs
    result["loss_difference"] = difference(size, data)
    return result


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", help="write the figures to this file")
    parser.add_argument("--sizes", default=",".join(SIZES), help="of " + ", ".join(SIZES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, help="another size of the population")
    given = parser.parse_args()
    results: dict[str, dict[str, float]] = {}
    for name in given.sizes.split(","):
        size = SIZES[name] if given.runs is None else replace(SIZES[name], runs=given.runs)
        results[name] = found = measure(size, given.rounds)
        print(f"\n{name}: {size.title}; {size.runs} runs; wall (processor) ms a run and step")
        for who in ("plain_loop", "limit", "float32", "bfloat16"):
            print(f"  {who:12}{found[f'{who}_ms']:8.2f} ({found[f'{who}_cpu_ms']:.2f})")
        for precision in ("float32", "bfloat16"):
            print(
                f"  {precision}: {found[f'{precision}_ratio_to_plain_loop']:.3f} of the plain loop,"
                f" {found[f'{precision}_ratio_to_limit']:.2f} times the float32 limit"
            )
        sys.stdout.flush()
    if given.json:
        write_json(given.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
