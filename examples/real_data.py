"""Few matches on real latents: shop articles, or two measurements of the same cells.

    python examples/real_data.py --data FOLDER --set fashion
    python examples/real_data.py --data FOLDER --set snareseq --methods ridge,cca --json out.json

Each seed draws 30 % of the things for testing (a gallery of 1,000 at most). Of the others a share
is matched; half of the rest gives only its first modality and half only its second, so that no
thing is secretly there twice. Each modality is turned into standardised principal coordinates,
measured on its own rows; methods that are called transport or unwhitened get the same rows in their
own scale. All methods get the same rows and the same matches. Scores are means of both directions;
articles with equal titles count as right answers for one another.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from amodal.baselines import CCA, KernelRidge, Procrustes, Ridge, TransportCCA
from amodal.baselines.base import Baseline
from amodal.errors import InputError, NotFoundError, unknown_name
from amodal.evaluation.intervals import mean_interval, paired_difference
from amodal.evaluation.retrieval import retrieval_both_ways
from amodal.fewmatch.alignment import AlignmentSettings
from amodal.fewmatch.principal import Principal
from amodal.files import read_json, write_json
from amodal.progress import progress

SCORES = ("recall@1", "recall@5", "recall@10", "median_rank", "mean_reciprocal_rank", "foscttm")
# The names of the scores in the JSON beside the data.
PUBLISHED = {
    "recall@1": "R1",
    "recall@10": "R10",
    "mean_reciprocal_rank": "MRR",
    "foscttm": "FOSCTTM",
}


@dataclass(frozen=True)
class RealData:
    """One data set, and what its protocol asks for."""

    file: str
    modalities: tuple[str, ...]
    principal: int
    """Principal coordinates kept of each modality, at most."""
    unit_rows: tuple[str, ...] = ()
    """Modalities whose rows are scaled to length 1 first (counts of very different totals)."""


SETS = {
    "fashion": RealData(
        "fashion_products_dev", ("img_mbv1", "text_title_minilm", "attr_onehot"), 128
    ),
    "snareseq": RealData(
        "snareseq_cellline", ("atac_topics", "rna_pcs"), 64, unit_rows=("atac_topics",)
    ),
    "digits": RealData("uci_multifeat_digits", ("fou76", "fac216", "zer47", "pix240"), 128),
    "bbc": RealData("bbc_4segments", ("segment1_lsa100", "segment2_lsa100"), 100),
    "wikipedia": RealData(
        "wikipedia_xmodal", ("image_sift128", "text_lda10"), 128, unit_rows=("image_sift128",)
    ),
    "scgem": RealData("scgem", ("expression", "methylation"), 34),
}


@dataclass(frozen=True)
class Task:
    """What a method gets: rows of two modalities, their matches, and rows to embed."""

    latents: dict[str, np.ndarray]
    matches: dict[str, list[int]]
    test: dict[str, np.ndarray]
    same: np.ndarray
    seed: int
    plain: dict[str, np.ndarray]
    """`latents` as they were before they were turned into standardised coordinates."""
    plain_test: dict[str, np.ndarray]


Method = Callable[[Task], Sequence[np.ndarray]]


def of_baseline(build: Callable[[], Baseline]) -> Method:
    """Fit a baseline and embed the test rows of each modality."""

    def method(task: Task) -> list[np.ndarray]:
        model = build().fit(task.latents, matches=task.matches)
        return [model.embed({name: rows}) for name, rows in task.test.items()]

    return method


def of_plain(build: Callable[[], Baseline]) -> Method:
    """Fit a baseline on latents in their own scale, whose large directions are the known ones."""

    def method(task: Task) -> list[np.ndarray]:
        model = build().fit(task.plain, matches=task.matches)
        return [model.embed({name: rows}) for name, rows in task.plain_test.items()]

    return method


def fit_workspace(task: Task) -> Any:
    """Fit the workspace; imported here, so that the linear methods need none of it."""
    from amodal import Workspace

    return Workspace(seed=task.seed).fit(task.latents, matches=task.matches)


def workspace(task: Task) -> list[np.ndarray]:
    """Compare as `Workspace.rank` does."""
    model = fit_workspace(task)
    first, second = task.test
    return [
        model.retrieval_vectors(task.test[first], first, second),
        model.retrieval_vectors(task.test[second], second, first),
    ]


def workspace_states(task: Task) -> list[np.ndarray]:
    """Compare the shared states."""
    model = fit_workspace(task)
    return [model.embed({name: rows}) for name, rows in task.test.items()]


METHODS: dict[str, Method] = {
    "ridge": of_baseline(Ridge),
    "cca": of_baseline(CCA),
    # Keeps fewer directions, as the figures beside the data were made.
    "cca-published": of_baseline(lambda: CCA(components=32, penalty=0.5)),
    "procrustes": of_baseline(Procrustes),
    "kernel-ridge": of_baseline(KernelRidge),
    "ridge-unwhitened": of_plain(Ridge),
    "unwhitened-cca": of_plain(lambda: TransportCCA(settings=AlignmentSettings(share=0.0))),
    "transport-fixed": of_plain(lambda: TransportCCA(settings=AlignmentSettings())),
    "transport-cca": of_plain(TransportCCA),
    "workspace": workspace,
    "workspace-states": workspace_states,
}


def load(folder: Path, data: RealData) -> dict[str, np.ndarray]:
    """Read the modalities, and the groups of things that count as the same."""
    path = folder / f"{data.file}.npz"
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}: give the folder that holds it with --data")
    with np.load(path, allow_pickle=False) as arrays:
        found = {name: arrays[name].astype(np.float64) for name in data.modalities}
        things = len(found[data.modalities[0]])
        same = arrays["dup_group"] if "dup_group" in arrays else np.arange(things)
    for name in data.unit_rows:
        found[name] /= np.linalg.norm(found[name], axis=1, keepdims=True)
    return {**found, "same": same}


def draw_task(
    arrays: dict[str, np.ndarray],
    pair: tuple[str, str],
    data: RealData,
    *,
    matched: float,
    disjoint: bool,
    seed: int,
) -> Task:
    """Draw test things, matched things, and unmatched things of either modality."""
    things = len(arrays["same"])
    order = np.random.default_rng(seed).permutation(things)
    held_out = round(0.3 * things)
    test, train = order[:held_out][:1000], order[held_out:]
    count = count_matches(matched, len(train))
    rest = train[count:]
    if disjoint:
        half = len(rest) // 2
        pools = (rest[:half], rest[half:])
    else:
        # A turned copy: rows of both modalities, whose order says nothing about what belongs.
        pools = (rest, rest[::-1])
    latents, tested, plain = {}, {}, {}
    for name, pool in zip(pair, pools, strict=True):
        plain[name] = arrays[name][np.concatenate([train[:count], pool])]
        rows = torch.from_numpy(plain[name])
        principal = Principal.fit(rows, data.principal)
        latents[name] = principal.apply(rows).float().numpy()
        tested[name] = principal.apply(torch.from_numpy(arrays[name][test])).float().numpy()
    matches = {name: list(range(count)) for name in pair}
    plain_test = {name: arrays[name][test] for name in pair}
    return Task(latents, matches, tested, arrays["same"][test], seed, plain, plain_test)


def count_matches(matched: float, available: int) -> int:
    """A share up to 1, or a number of matches; at least 5, and at most 3,000 as published."""
    if matched <= 0:
        raise InputError(f"--matches holds {matched}: expected shares up to 1, or numbers above 1")
    wanted = round(matched * available) if matched <= 1 else int(matched)
    return min(max(wanted, 5), 3000, available)


def measure(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One entry for each pair, number of matches and method, with the scores of every seed."""
    data = SETS[options.set]
    arrays = load(folder, data)
    pairs = list(combinations(data.modalities, 2))
    settings = [(pair, matched) for pair in pairs for matched in options.matches]
    total = len(settings) * options.seeds * len(options.methods)
    entries = []
    with progress("Fitting", total, unit="fits") as advance:
        for pair, matched in settings:
            tasks = [
                draw_task(
                    arrays,
                    pair,
                    data,
                    matched=matched,
                    disjoint=options.unmatched == "disjoint",
                    seed=seed,
                )
                for seed in range(options.first_seed, options.first_seed + options.seeds)
            ]
            for name in options.methods:
                runs = []
                for task in tasks:
                    first, second = METHODS[name](task)
                    found = retrieval_both_ways(first, second, same=task.same, ties=options.ties)
                    runs.append(found["mean"])
                    advance(1, f"{pair[0]} {pair[1]} {name}")
                entries.append(describe(tasks[0], name, runs))
    return entries


def describe(task: Task, method: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    """One method's scores on one kind of task, as they are written."""
    matched = len(next(iter(task.matches.values())))
    return {
        "pair": list(task.latents),
        "matches": matched,
        "unmatched": [len(rows) - matched for rows in task.latents.values()],
        "method": method,
        "runs": runs,
        "scores": {
            score: mean_interval([run[score] for run in runs]).to_json() for score in SCORES
        },
    }


def published(folder: Path, entry: dict[str, Any], file: str) -> dict[str, list[float]]:
    """The figures of the JSON beside the data for the same pair, method and nearest share."""
    path = folder / f"{file}.json"
    if not path.is_file():
        return {}
    sanity = read_json(path).get("sanity", {}).get(" <-> ".join(entry["pair"]), {})
    method = entry["method"].removesuffix("-published")
    rows = {key: row for key, row in sanity.items() if key.startswith(method + "@")}
    if not rows:
        return {}
    return min(rows.values(), key=lambda row: abs(np.log(row["n_pairs"] / entry["matches"])))


def show(entries: list[dict[str, Any]], folder: Path, file: str) -> None:
    """Print the table, with the published figures (mean and deviation) under each row."""
    table = Table(
        "modalities", "matches", "method", *SCORES, title="Retrieval, mean ± 95 % interval"
    )
    for entry in entries:
        intervals = [mean_interval([run[score] for run in entry["runs"]]) for score in SCORES]
        table.add_row(
            " ↔ ".join(entry["pair"]), str(entry["matches"]), entry["method"], *map(str, intervals)
        )
        known = published(folder, entry, file)
        if known:
            figures = [
                "{:.4g} ({:.2g})".format(*known[PUBLISHED[score]]) if score in PUBLISHED else ""
                for score in SCORES
            ]
            label = "published (deviation)"
            table.add_row("", str(known["n_pairs"]), label, *figures, style="dim")
    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print(table)
    for entry in entries:
        reference = next(
            other
            for other in entries
            if (other["pair"], other["matches"]) == (entry["pair"], entry["matches"])
        )
        if entry is not reference:
            difference = paired_difference(
                [run["recall@10"] for run in entry["runs"]],
                [run["recall@10"] for run in reference["runs"]],
            )
            console.print(
                f"{' ↔ '.join(entry['pair'])}, {entry['matches']} matches: recall@10 of "
                f"{entry['method']} minus {reference['method']}: {difference}"
            )


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder with the .npz files")
    parser.add_argument("--set", choices=sorted(SETS), default="fashion")
    parser.add_argument(
        "--matches",
        default="0.01,0.1,1",
        help="shares of the training things, or numbers above 1; at most 3,000, as published, "
        "also for a share of 1 (all)",
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--methods", default="ridge,cca,workspace", help=", ".join(METHODS))
    parser.add_argument(
        "--unmatched",
        choices=("disjoint", "shared"),
        default="disjoint",
        help="shared: both modalities of every unmatched thing, as in the published figures",
    )
    parser.add_argument(
        "--ties", choices=("half", "hit"), default="half", help="hit: as in the published figures"
    )
    parser.add_argument("--json", type=Path, help="write all scores here")
    options = parser.parse_args(arguments)
    options.methods = options.methods.split(",")
    for name in options.methods:
        if name not in METHODS:
            raise unknown_name("method", name, METHODS)
    options.matches = [float(value) for value in options.matches.split(",")]
    return options


def main(arguments: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Measure, print, and write."""
    options = read_options(arguments)
    entries = measure(options.data, options)
    show(entries, options.data, SETS[options.set].file)
    if options.json:
        settings = {key: str(value) for key, value in vars(options).items()}
        write_json(options.json, {"settings": settings, "entries": entries})
    return entries


if __name__ == "__main__":
    main()
