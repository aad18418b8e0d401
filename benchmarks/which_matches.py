"""Are the things that `amodal suggest` chooses worth more than random ones? Errors, seed by seed.

    python benchmarks/which_matches.py --seeds 8 --json runs/which-matches.json

Simple Shapes: latents of things drawn anew, chosen from one modality alone, then matched; ridge and
kernel ridge regression learn from these matches, and err on 1,000 other things. Each figure is the
geometric mean over seeds of the error as a multiple of that with random matches (same seed, same
candidates), with Student's 95 % interval. With `--further` they come on top of 30 random ones.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from amodal.data.kinds import kind_of
from amodal.diagnosis.suggestion import suggest
from amodal.evaluation.intervals import mean_interval
from amodal.fewmatch.kernel_ridge import fit_kernel_ridge
from amodal.fewmatch.nearest_latents import nearest_latents
from amodal.fewmatch.ridge import fit_ridge
from amodal.files import write_json
from amodal.latents import Latents, Normalisation
from amodal.unimodal import load_model

START, TEST, POOL = 30_000_000, 1000, 7000
CANDIDATES = 4000
MODELS = {
    "image": "shapes/image",
    "vae": "shapes/image-vae",
    "text": "shapes/text",
    "attributes": "shapes/attributes",
}
PAIRS = (("image", "attributes"), ("image", "text"), ("vae", "attributes"))


def encode(name: str) -> Latents:
    """Latents of the test things and of those that may be matched."""
    kind, model = kind_of("shapes"), load_model(MODELS[name])
    parts = []
    for start in range(0, TEST + POOL, 500):
        factors = kind.draw(500, seed=0, start=START + start)
        raw: Any = {
            "text": lambda f=factors, s=start: kind.write(f, seed=0, start=START + s),
            "attributes": lambda f=factors: kind.attributes(f),
        }.get(name, lambda f=factors: kind.render(f, side=kind.side))()
        parts.append(np.asarray(model.encode(raw), np.float32))
    rows = torch.from_numpy(np.concatenate(parts))
    normalisation = Normalisation.fit(rows, model.specification)
    return Latents(normalisation.apply(rows).numpy(), model.specification, normalisation=None)


def k_means(rows: np.ndarray, count: int, seed: int) -> np.ndarray:
    """The row nearest to each of `count` centres."""
    from sklearn.cluster import KMeans

    fitted = KMeans(count, n_init=1, max_iter=50, random_state=seed).fit(rows)
    distances = fitted.transform(rows)
    return np.unique(distances.argmin(0))


Choice = Callable[[np.ndarray, int, int], np.ndarray]
CHOICES: dict[str, Choice] = {
    "random": lambda rows, n, seed: np.random.default_rng(seed + 500).permutation(len(rows))[:n],
    "suggest": lambda rows, n, seed: suggest(rows, n, seed=seed),
    "k-means centres": k_means,
}


def errors(latents: dict[str, Latents], pair: tuple[str, str], matched: np.ndarray) -> list[float]:
    """Share of the variance that is missed: ridge and kernel ridge, there and back."""
    found = []
    for source, target in (pair, pair[::-1]):
        spec = latents[target].spec
        groups = [columns for _, columns in spec.parts()]
        x, y = (torch.from_numpy(latents[name].rows) for name in (source, target))
        truth = y[:TEST]
        for fit in (fit_ridge, fit_kernel_ridge):
            fitted = fit(x[matched], y[matched], groups=groups)
            missed = (nearest_latents(fitted(x[:TEST]), spec) - truth).square().sum()
            found.append(float(missed / (truth - truth.mean(0)).square().sum()))
    return found


def report(title: str, found: dict[str, list[list[float]]]) -> dict[str, Any]:
    """Multiples of random's error, printed and given back."""
    print(title)
    base, result = np.log(found["random"]), {}
    kinds = ("ridge, there", "kernel ridge, there", "ridge, back", "kernel ridge, back")
    for name, values in found.items():
        intervals = [mean_interval(column) for column in (np.log(values) - base).T]
        result[name] = {
            kind: {
                "error": float(np.exp(np.log(values)[:, i].mean())),
                "times": [
                    None if v is None else float(np.exp(v))
                    for v in (each.mean, each.low, each.high)
                ],
            }
            for i, (kind, each) in enumerate(zip(kinds, intervals, strict=True))
        }
        told = [_told(**one) for one in result[name].values()]
        print(f"  {name:24}" + "  ".join(told), flush=True)
    return result


def _told(error: float, times: list[float | None]) -> str:
    """An error, and its multiple of random's with the interval, where there are several seeds."""
    mean, low, high = times
    interval = "" if low is None else f" ({low:.2f} to {high:.2f})"
    return f"{error:.4f} = {mean:.2f}{interval}"


def from_nothing(latents: dict[str, Latents], seeds: int, sizes: list[int]) -> dict[str, Any]:
    """The first matches: chosen by each side in turn."""
    results = {}
    for one, other in PAIRS:
        for pair in ((one, other), (other, one)):
            for size in sizes:
                found: dict[str, list[list[float]]] = {name: [] for name in CHOICES}
                for seed in range(seeds):
                    pool = TEST + np.random.default_rng(seed).permutation(POOL)[:CANDIDATES]
                    rows = latents[pair[0]].rows[pool]
                    for name, choice in CHOICES.items():
                        matched = pool[choice(rows, size, seed)]
                        found[name].append(errors(latents, pair, matched))
                title = f"{size} matches chosen by {pair[0]}, of {pair[0]} and {pair[1]}"
                results[title] = report(title, found)
    return results


def further(latents: dict[str, Latents], seeds: int, had: int, more: int) -> dict[str, Any]:
    """Further matches, beside random ones that there are."""
    results = {}
    for pair in PAIRS:
        found: dict[str, list[list[float]]] = {}
        for seed in range(seeds):
            pool = TEST + np.random.default_rng(seed).permutation(POOL)[:CANDIDATES]
            old, rows = np.arange(had), latents[pair[0]].take(pool)
            chosen = {
                "random": had + np.random.default_rng(seed).permutation(CANDIDATES - had)[:more],
                "suggest": suggest(rows, more, matched=old, seed=seed),
            }
            for name, own in chosen.items():
                matched = pool[np.concatenate([old, own])]
                found.setdefault(name, []).append(errors(latents, pair, matched))
        title = f"{more} matches after {had} random ones, chosen by {pair[0]}, with {pair[1]}"
        results[title] = report(title, found)
    return results


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--sizes", type=int, nargs="+", default=[20, 50, 100])
    parser.add_argument("--further", action="store_true", help="on top of 30 random ones")
    parser.add_argument("--json", help="write the figures to this file")
    given = parser.parse_args()
    latents = {name: encode(name) for name in MODELS}
    if given.further:
        results = further(latents, given.seeds, 30, 30)
    else:
        results = from_nothing(latents, given.seeds, given.sizes)
    if given.json:
        write_json(given.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
