"""Is a diagnosis right? Beside what 1,000 things show that no fit has seen, seed by seed.

    python benchmarks/trust.py --seeds 5 --json runs/trust.json

Simple Shapes, 3,000 unmatched rows a modality, of disjoint things, few matches. For every fit and
direction: does the interval of the explained variance hold the real one, and that of recall at 10;
how large is the expected error as a multiple of the real one (on held-out matches, as `amodal
diagnose` says, and on the 1,000 things), and does it rank them.
"""

import argparse
import sys
from typing import Any

import numpy as np
from which_matches import TEST, encode

from amodal import Latents, Workspace
from amodal.diagnosis import diagnose
from amodal.evaluation.intervals import mean_interval
from amodal.evaluation.retrieval import retrieval
from amodal.files import write_json

PAIRS = (("image", "attributes"), ("image", "text"), ("vae", "attributes"))
ROWS = 3000


def one_fit(
    latents: dict[str, Latents], pair: tuple[str, str], matches: int, *, seed: int, steps: int
) -> list[dict[str, Any]]:
    """What the diagnosis said of each direction, and what is."""
    order = TEST + np.random.default_rng(seed).permutation(len(latents[pair[0]]) - TEST)
    matched, rest = order[:matches], order[matches:]
    # Of disjoint things: no unmatched row is secretly there twice.
    unmatched = dict(zip(pair, (rest[:ROWS], rest[ROWS : 2 * ROWS]), strict=True))
    model = Workspace(steps=steps, members=2, seed=seed).fit(
        {name: latents[name].take(np.concatenate([matched, unmatched[name]])) for name in pair},
        matches={name: np.arange(matches) for name in pair},
    )
    diagnosis = diagnose(model)
    return [
        real(model, latents, found.source, found.target)
        | {
            "said_explained": [found.explained.low, found.explained.mean, found.explained.high],
            "said_recall": [
                found.search[-1].ours[10].low,
                found.search[-1].ours[10].mean,
                found.search[-1].ours[10].high,
            ],
            "said_ratio": found.calibration.ratio.mean,
            "level": verdict.level,
        }
        for found, verdict in zip(diagnosis.directions, diagnosis.verdicts, strict=True)
    ]


def real(model: Workspace, latents: dict[str, Latents], source: str, target: str) -> dict[str, Any]:
    """The same of the test things."""
    given, truth = (latents[name].rows[:TEST] for name in (source, target))
    answers, doubt = model.translate(given, source, target, uncertainty=True)
    scale = model.normalisation_[target].scale.numpy()
    squared = np.square((answers - truth) / scale).mean(1)
    variance = np.square((truth - truth.mean(0)) / scale).mean()
    ranks = [np.argsort(np.argsort(values)) for values in (doubt, squared)]
    found = retrieval(
        model.retrieval_vectors(given, source, target),
        model.retrieval_vectors(truth, target, source),
    )
    return {
        "direction": f"{source} to {target}",
        "explained": float(1 - squared.mean() / variance),
        "recall": found["recall@10"],
        "ratio": float(np.sqrt(np.square(doubt).mean() / squared.mean())),
        "correlation": float(np.corrcoef(*ranks)[0, 1]),
    }


def report(title: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    """One line, and its figures."""
    figures = {
        key: mean_interval([each[key] for each in found])
        for key in ("explained", "recall", "ratio", "correlation", "said_ratio")
    }
    for key in ("explained", "recall"):
        figures[f"said_{key}"] = mean_interval([each[f"said_{key}"][1] for each in found])
    held = {
        key: sum(e[f"said_{key}"][0] <= e[key] <= e[f"said_{key}"][2] for e in found)
        for key in ("explained", "recall")
    }
    told = ", ".join(f"{key} {value}" for key, value in figures.items())
    levels = ", ".join(each["level"] for each in found)
    print(f"{title}: {told}; held {held} of {len(found)}; {levels}", flush=True)
    plain = {key: value.to_json() for key, value in figures.items()}
    return {**plain, "held": held, "fits": found}


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--matches", type=int, nargs="+", default=[30, 100])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--json", help="write the figures to this file")
    given = parser.parse_args()
    latents = {name: encode(name) for name in ("image", "vae", "text", "attributes")}
    results: dict[str, Any] = {}
    for matches in given.matches:
        for pair in PAIRS:
            fits = [
                one_fit(latents, pair, matches, seed=seed, steps=given.steps)
                for seed in range(given.seeds)
            ]
            for way in zip(*fits, strict=True):
                title = f"{matches} matches, {way[0]['direction']}"
                results[title] = report(title, list(way))
            if given.json:
                write_json(given.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
