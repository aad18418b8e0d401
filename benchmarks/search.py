"""How fast a large catalogue is searched, beside exact search, and how much of it is found.

    python benchmarks/search.py --json search.json

The vectors stand for what a workspace gives for search: 256 numbers of length 1, in clusters of
very different sizes, each cluster with a dozen directions of its own in which its rows differ (a
kind of thing, and what varies within the kind), clusters themselves in groups (topics), and noise.
A query is a further row of some cluster with as much error as a translation has: noise of half its
length in all 256 numbers. Exact search is one product of the catalogue with the query and the ten
largest of it, by torch on two threads. Each query comes alone, as from a person who waits.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from amodal.files import write_json
from amodal.search.table import ALIKE, VectorTable

TOPICS, CLUSTERS, DIRECTIONS = 200, 20_000, 12
BLOCK = 20_000


@dataclass(frozen=True)
class World:
    """Where vectors are drawn from."""

    centres: np.ndarray
    """(cluster, dim): of each cluster; a topic's centre and a step from it."""
    directions: np.ndarray
    """(topic, direction, dim): in which rows of the topic's clusters differ."""
    chances: np.ndarray
    """(cluster,): how often each comes; the k-th as often as 1 / sqrt(k)."""

    @classmethod
    def create(cls, dim: int) -> "World":
        """A world that is the same every time."""
        rng = np.random.default_rng(0)
        topics = rng.normal(size=(TOPICS, dim))
        steps = rng.normal(size=(CLUSTERS, dim))
        centres = topics[np.arange(CLUSTERS) % TOPICS] + steps
        directions = rng.normal(size=(TOPICS, DIRECTIONS, dim))
        chances = 1 / np.sqrt(1 + np.arange(CLUSTERS))
        found = centres, directions / DIRECTIONS**0.5
        return cls(*(each.astype(np.float32) for each in found), chances / chances.sum())

    def draw(self, count: int, seed: int, *, error: float = 0.0) -> np.ndarray:
        """Vectors of length 1; error is the length of the noise that comes on top, beside it."""
        rng = np.random.default_rng(seed)
        clusters = rng.choice(len(self.chances), size=count, p=self.chances)
        rows = self.centres[clusters]
        amounts = rng.normal(size=(count, DIRECTIONS)).astype(np.float32)
        for topic in np.unique(clusters % TOPICS):
            own = clusters % TOPICS == topic
            rows[own] += amounts[own] @ self.directions[topic]
        rows += 0.3 * rng.normal(size=rows.shape).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        noise = rng.normal(size=rows.shape).astype(np.float32)
        rows += error * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def fill(table: VectorTable, catalogue: torch.Tensor) -> None:
    """Write the catalogue, block by block."""
    for start in range(0, len(catalogue), BLOCK):
        block = catalogue[start : start + BLOCK].numpy()
        table.append({"row": np.arange(start, start + len(block)), "vector": block})


def timed(
    ask: Callable[[np.ndarray], np.ndarray], queries: np.ndarray
) -> tuple[list[np.ndarray], list[float], list[float]]:
    """Answers, and wall and processor milliseconds of each, of all threads together."""
    answers, wall, processor = [], [], []
    for query in queries:
        start = time.perf_counter(), time.process_time()
        answers.append(ask(query))
        wall.append(1e3 * (time.perf_counter() - start[0]))
        processor.append(1e3 * (time.process_time() - start[1]))
    return answers, wall, processor


def searches(
    table: VectorTable, catalogue: torch.Tensor, probes: int
) -> Iterator[tuple[str, Callable[[np.ndarray], np.ndarray]]]:
    """Ways to search, by name: the ten nearest rows of a query."""

    def indexed(query: np.ndarray) -> np.ndarray:
        return next(table.nearest("vector", query[None], top=ALIKE, probes=probes)).rows

    def exact(query: np.ndarray) -> np.ndarray:
        return (catalogue @ torch.from_numpy(query)).topk(ALIKE).indices.numpy()

    def every(query: np.ndarray) -> np.ndarray:
        return next(table.nearest("vector", query[None], top=ALIKE)).rows

    yield "exact, torch", exact
    yield "index", indexed
    yield "exact, LanceDB", every


def measure(rows: int, dim: int, queries: int, folder: Path) -> dict[str, float]:
    """All figures."""
    import pyarrow

    world = World.create(dim)
    catalogue = torch.empty(rows, dim)
    for start in range(0, rows, BLOCK):
        count = min(BLOCK, rows - start)
        catalogue[start : start + count] = torch.from_numpy(world.draw(count, 1 + start))
    samples = world.draw(100, rows + 1, error=0.5)
    asked = world.draw(queries, rows + 2, error=0.5)
    vector = pyarrow.list_(pyarrow.float32(), dim)
    start = time.perf_counter()
    schema = pyarrow.schema([("row", pyarrow.int64()), ("vector", vector)])
    table = VectorTable.create(folder, schema)
    fill(table, catalogue)
    found: dict[str, float] = {"write_seconds": time.perf_counter() - start}
    start = time.perf_counter()
    parts = table.make_parts("vector", samples, 0.97)
    found |= {"index_seconds": time.perf_counter() - start, "parts": parts.parts}
    found |= {"probes": parts.probes, "recall_on_samples": parts.recall}
    truth: list[np.ndarray] = []
    for name, ask in searches(table, catalogue, parts.probes):
        some = asked if name != "exact, LanceDB" else asked[:5]
        # The first answers pay for what is then in memory.
        first = timed(ask, samples[:1])[1][0]
        timed(ask, samples[1 : 1 + len(some) // 10])
        answers, wall, processor = timed(ask, some)
        truth = truth or answers
        hits = [np.isin(t, a).mean() for t, a in zip(truth, answers, strict=False)]
        found |= {
            f"{name}: first ms": first,
            f"{name}: median ms": statistics.median(wall),
            f"{name}: median processor ms": statistics.median(processor),
            f"{name}: 95 of 100 below ms": float(np.percentile(wall, 95)),
            f"{name}: recall@10": float(np.mean(hits)),
        }
    for kind in ("median ms", "median processor ms"):
        found[f"ratio to exact, torch: {kind}"] = (
            found[f"index: {kind}"] / found[f"exact, torch: {kind}"]
        )
    similarity = catalogue @ torch.from_numpy(asked[:50].T)
    for rank in (1, 10, 1000):
        found[f"similarity of the nearest row {rank}"] = float(
            similarity.topk(rank, dim=0).values[-1].mean()
        )
    found["disk GiB"] = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**30
    found["peak memory GiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return found


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--json", help="write the figures to this file")
    given = parser.parse_args()
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(given.rows, given.dim, given.queries, Path(folder))
    for name, value in found.items():
        print(f"{name:40}{value:12,.3f}")
    if given.json:
        write_json(given.json, vars(given) | found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
