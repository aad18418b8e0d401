"""What does self-training add? The default fit with it and without it, on the same matches.

    python benchmarks/self_training.py --seeds 3 --out runs/frontier

Simple Shapes, the things of `amodal study frontier` (whose folder may be given, so that latents are
encoded once): 100,000 unmatched rows a modality, of disjoint things; the mean squared error of both
directions on 2,000 things that no fit has seen.
"""

import argparse
import sys
import time
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np

from amodal.evaluation.intervals import mean_interval
from amodal.model.fitting import Fitted
from amodal.model.inference import answer
from amodal.model.presets import PRESETS
from amodal.study.cells import FULL, Cell
from amodal.study.preset_fits import fit_preset
from amodal.study.settings import study_settings
from amodal.study.store import RunStore
from amodal.study.things import StudyThings

CELLS = (
    ("image-text", "default", 50),
    ("image-attributes", "vae", 200),
    ("image-attributes", "default", 50),
)


def error(found: Fitted, things: StudyThings) -> float:
    """Mean squared error of both directions on the test things."""
    off = [
        answer(found.ensemble, things.rows(source, things.test), source, target)
        - things.rows(target, things.test)
        for source, target in permutations(things.names, 2)
    ]
    return float(np.mean([each.square().mean() for each in off]))


def line(store: RunStore, kind: tuple[str, str, int], seeds: int) -> str:
    """A row of the table: errors and times without and with, and the ratio of each seed's two."""
    pairing, latents, matches = kind
    things = store.things.of(pairing, latents)
    errors, seconds = {}, {}
    for chosen in (False, True):
        preset = replace(PRESETS["default"], self_train=chosen)
        begun = time.monotonic()
        errors[chosen] = []
        for seed in range(seeds):
            cell = Cell(pairing, latents=latents, method=FULL, matches=matches, seed=seed)
            found = fit_preset(preset, store.settings, things, [cell])[0]
            errors[chosen].append(error(found, things))
        seconds[chosen] = (time.monotonic() - begun) / seeds
    ratio = mean_interval(np.log(np.divide(errors[True], errors[False])))
    told = f"{np.exp(ratio.mean):.2f}"
    if ratio.low is not None and ratio.high is not None:
        told += f" ({np.exp(ratio.low):.2f} to {np.exp(ratio.high):.2f})"
    return (
        f"| {pairing.replace('-', ' and ')}, {latents} | {matches} | {np.mean(errors[False]):.4f} "
        f"| {np.mean(errors[True]):.4f} | {told} "
        f"| {seconds[False]:.0f} s | {seconds[True]:.0f} s |"
    )


def main() -> None:
    """Fit, and print a table as Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("runs/frontier"))
    arguments = parser.parse_args()
    store = RunStore(arguments.out, study_settings("laptop"))
    sys.stdout.write(
        f"{arguments.seeds} seeds; ratios: geometric means with 95 % intervals (Student's).\n\n"
        "| pairing, picture latents | matches | error without | error with | ratio "
        "| a fit without | a fit with |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    )
    for kind in CELLS:
        sys.stdout.write(line(store, kind, arguments.seeds) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
