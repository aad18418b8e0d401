"""What correcting for hubness is worth: recall@10 without, with CSLS, with the inverted softmax.

    python benchmarks/hubness.py --sets shapes --json hubness.json
    python benchmarks/hubness.py --sets fashion --data FOLDER

Simple Shapes: the demo's things and latents, 50 matches, a pool of 1,000 held-out things. Shop
articles: the protocol of `amodal study real`, 1 % and 10 % of the articles matched, a pool of
1,000; articles with equal titles count as right for one another. In both the bank of example
queries is what the fit saw of the query's modality: none of the queries that are asked.
Intervals are of 95 %, over seeds: draws of the matches, and for the articles of the test set.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from amodal import Workspace
from amodal.demo.settings import DemoSettings
from amodal.demo.things import (
    DemoThings,
    encode_for_fitting,
    encode_held_out,
    latents_of_draw,
    load_models,
)
from amodal.evaluation.intervals import mean_interval, paired_difference
from amodal.files import write_json
from amodal.search.hubness import hubness
from amodal.search.rows import spread_over
from amodal.search.settings import IndexSettings
from amodal.study.real.sets import find_sets
from amodal.study.real.tasks import draw_task, load_arrays

CORRECTIONS = {
    "none": IndexSettings(),
    "csls": IndexSettings(hubness="csls"),
    "softmax, 0.05": IndexSettings(hubness="softmax", temperature=0.05),
    "softmax, 0.1": IndexSettings(hubness="softmax", temperature=0.1),
    "softmax, 0.2": IndexSettings(hubness="softmax", temperature=0.2),
}
Rows = dict[str, np.ndarray]


@dataclass(frozen=True)
class Pool:
    """Held-out things of one fit; row i of each modality is the same thing."""

    name: str
    """Which data and matches: seeds of the same name are averaged."""
    model: Workspace
    tested: Rows
    seen: Rows
    """What the fit saw of each modality."""
    same: np.ndarray
    """A label a thing; those of equal labels are right answers for one another."""


def shapes(seeds: int, steps: int) -> Iterator[Pool]:
    """The demo's fits, one a draw of the matches."""
    settings = DemoSettings(draws=seeds)
    things, models = DemoThings(settings), load_models("shapes")
    del models["attributes"]
    latents, tested = encode_for_fitting(things, models), encode_held_out(things, models)
    for draw in range(seeds):
        own = latents_of_draw(latents, settings, draw)
        matched = list(range(settings.matches))
        model = Workspace(members=1, steps=steps, seed=draw)
        model.fit(own, matches=dict.fromkeys(own, matched))
        rows = ({n: np.asarray(given.rows) for n, given in each.items()} for each in (tested, own))
        yield Pool("Simple Shapes, 50 matches", model, *rows, np.arange(settings.test))


def fashion(seeds: int, steps: int, data: Path) -> Iterator[Pool]:
    """Fits on photographs and titles of shop articles."""
    [about] = find_sets(data, ["fashion"])
    pair = about.pairs[0]
    arrays = load_arrays(about, pair)
    for matched in (0.01, 0.1):
        for seed in range(seeds):
            task = draw_task(about, pair, arrays, share=matched, seed=seed)
            model = Workspace(members=1, steps=steps, seed=seed)
            model.fit(task.latents, matches=task.matches)
            count = len(task.matches[pair[0]])
            name = f"shop articles, {count} matches"
            yield Pool(name, model, task.test, task.latents, task.same)


def measured(pool: Pool) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Direction, correction and figures."""
    for source, target in permutations(pool.tested, 2):
        asked = torch.as_tensor(pool.model.retrieval_vectors(pool.tested[source], source, target))
        rows = torch.as_tensor(pool.model.retrieval_vectors(pool.tested[target], target, source))
        seen = spread_over(pool.seen[source], IndexSettings().bank)
        bank = torch.as_tensor(pool.model.retrieval_vectors(seen, source, target))
        for name, settings in CORRECTIONS.items():
            scores = asked @ rows.T - hubness(rows, bank, settings)
            yield f"{source} to {target}", name, figures(scores, pool.same)


def figures(scores: Tensor, same: np.ndarray) -> dict[str, float]:
    """Recall of the right answers, and how unequally often rows are among the first ten."""
    right = torch.as_tensor(same[:, None] == same[None])
    best = scores.masked_fill(~right, -torch.inf).amax(1, keepdim=True)
    above = ((scores > best) & ~right).sum(1)
    times = torch.bincount(scores.topk(10, dim=1).indices.flatten(), minlength=len(scores)).double()
    skew = (times - times.mean()).pow(3).mean() / times.std(correction=0).pow(3)
    recall = {f"recall@{k}": float((above < k).double().mean()) for k in (1, 10)}
    return recall | {"skew": float(skew), "never": float((times == 0).double().mean())}


def table(found: dict[tuple[str, str, str], list[dict[str, float]]]) -> list[str]:
    """Markdown: a row for each data, direction and correction, with the gain over none."""
    lines = ["| data | direction | correction | recall@1 | recall@10 | gain | skew | never |"]
    lines += ["| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |"]
    for (data, direction, name), runs in found.items():
        plain = [run["recall@10"] for run in found[data, direction, "none"]]
        own = [run["recall@10"] for run in runs]
        gain = "" if name == "none" else str(paired_difference(own, plain))
        cells = [
            str(mean_interval([run[key] for run in runs])) for key in ("recall@1", "recall@10")
        ]
        rest = [f"{np.mean([run[key] for run in runs]):.2f}" for key in ("skew", "never")]
        lines.append(f"| {' | '.join([data, direction, name, *cells, gain, *rest])} |")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sets", default="shapes", help="shapes, fashion, or both with a comma")
    parser.add_argument("--data", type=Path, help="the folder with fashion_products_dev.npz")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=400, help="updates at most, of each fit")
    parser.add_argument("--json", help="write all figures to this file")
    given = parser.parse_args(arguments)
    found: dict[tuple[str, str, str], list[dict[str, float]]] = {}
    for name in given.sets.split(","):
        pools = (
            shapes(given.seeds, given.steps)
            if name == "shapes"
            else fashion(given.seeds, given.steps, given.data)
        )
        for pool in pools:
            for direction, correction, values in measured(pool):
                found.setdefault((pool.name, direction, correction), []).append(values)
    print("\n".join(table(found)))
    if given.json:
        write_json(given.json, [[*key, runs] for key, runs in found.items()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
