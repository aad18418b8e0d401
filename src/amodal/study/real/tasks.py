"""Tasks: what a method gets of a set, and what it is judged by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from amodal.errors import InputError
from amodal.fewmatch.principal import Principal
from amodal.study.real.sets import GROUPS, PRINCIPAL, RealSet
from amodal.typing import Float

TEST = 0.3
"""Share of the things for testing, where the set has no split of its own."""
GALLERY = 1000
"""Test things, at most."""
MOST = 3000
"""Matches, at most, as in the published figures."""
FEWEST = 5
"""Matches, at least."""

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Task:
    """Rows of two modalities and their matches to fit on, and test rows.

    Modalities wider than `PRINCIPAL` are given as so many principal coordinates, measured on the
    rows to fit on, in their own scale: they are what all methods see, so that none is slow because
    of columns that carry nothing.
    """

    latents: dict[str, Float[np.ndarray, "_ _"]]
    matches: dict[str, list[int]]
    test: dict[str, Float[np.ndarray, "_ _"]]
    """Row i of both is the same thing, unless `by_class`."""
    same: np.ndarray
    """Test things with equal numbers are right answers to one another."""
    labels: dict[str, np.ndarray]
    """Classes of the test rows; empty where there are none."""
    by_class: bool
    seed: int
    principal: dict[str, Principal] = field(default_factory=dict)
    """Of the modalities that were too wide."""
    units: dict[str, Float[np.ndarray, "_ _"]] = field(default_factory=dict)
    """Their test rows as they were."""
    wide: dict[str, Float[np.ndarray, "_ _"]] = field(default_factory=dict)
    """Their rows to fit on as they were."""

    def truth(self, name: str) -> Float[np.ndarray, "row _"]:
        """The test rows in the set's own units."""
        return self.units.get(name, self.test[name])

    def in_coordinates(
        self, name: str, rows: Float[np.ndarray, "row _"]
    ) -> Float[np.ndarray, "row _"]:
        """Rows in the set's own units, as the task gives them: the inverse of `in_units`."""
        if name not in self.principal:
            return rows
        return self.principal[name].apply(torch.from_numpy(rows)).numpy()

    def in_units(self, name: str, rows: Float[np.ndarray, "row _"]) -> Float[np.ndarray, "row _"]:
        """Answers about a modality, in the set's own units."""
        if name not in self.principal:
            return rows
        return self.principal[name].invert(torch.from_numpy(rows)).numpy()

    @property
    def count(self) -> int:
        """The number of matches."""
        return len(next(iter(self.matches.values())))

    @property
    def unmatched(self) -> list[int]:
        """The number of rows of each modality that no match names."""
        return [len(rows) - len(set(self.matches[name])) for name, rows in self.latents.items()]


def load_arrays(chosen: RealSet, pair: tuple[str, str]) -> dict[str, np.ndarray]:
    """The arrays of a set that a pair needs; modalities in float64, scaled as the set asks."""
    further = [GROUPS, "split", *chosen.labels.values(), *chosen.test_below]
    with np.load(chosen.path, allow_pickle=False) as file:
        arrays = {name: file[name].astype(np.float64) for name in pair}
        arrays |= {name: file[name] for name in further if name in file}
    for name in pair:
        if name in chosen.unit_rows:
            norm = np.linalg.norm(arrays[name], axis=1, keepdims=True)
            arrays[name] /= np.where(norm > 0, norm, 1)
        if not np.isfinite(arrays[name]).all():
            raise InputError(f"{chosen.path}: the array {name} holds NaN or infinite numbers")
    return arrays


def draw_task(
    chosen: RealSet, pair: tuple[str, str], arrays: Arrays, *, share: float, seed: int
) -> Task:
    """Draw test things, matched things, and unmatched things of either modality.

    No unmatched thing is there in both modalities: half of the rest gives its first, half its
    second. A set with its own split keeps it; the seed draws the matches then. A thing that a set
    lists several times (equal numbers in `dup_group`) is for testing, matched once, or in one half.

    Args:
        chosen: the set.
        pair: two of its modalities.
        arrays: from `load_arrays`.
        share: of the training things that is matched, above 0, at most 1.
        seed: of all draws.
    """
    draw = np.random.default_rng(seed)
    kind = _by_class if chosen.by_class else _by_thing
    return narrowed(kind(chosen, pair, arrays, share=share, draw=draw, seed=seed))


def narrowed(task: Task) -> Task:
    """The task with its wide modalities in principal coordinates of their own scale."""
    found = {
        name: Principal.fit(torch.from_numpy(rows), PRINCIPAL).rescaled(1.0)
        for name, rows in task.latents.items()
        if rows.shape[1] > PRINCIPAL
    }
    if not found:
        return task

    def into(rows: Arrays) -> dict[str, np.ndarray]:
        return {name: found[name].apply(torch.from_numpy(rows[name])).numpy() for name in found}

    return replace(
        task,
        latents=task.latents | into(task.latents),
        test=task.test | into(task.test),
        principal=found,
        units={name: task.test[name] for name in found},
        wide={name: task.latents[name] for name in found},
    )


def _by_thing(
    chosen: RealSet,
    pair: tuple[str, str],
    arrays: Arrays,
    *,
    share: float,
    draw: np.random.Generator,
    seed: int,
) -> Task:
    sizes = {name: len(arrays[name]) for name in pair}
    if len(set(sizes.values())) > 1:
        raise InputError(f"{chosen.path}: row i is the same thing in all, got rows {sizes}")
    groups = arrays.get(GROUPS, np.arange(sizes[pair[0]]))
    test, train = _parted(chosen, arrays, sizes[pair[0]], draw, groups)
    matched, pools = _shared_out(train, groups[train], count_matches(share, len(train)))
    latents = {
        name: arrays[name][np.concatenate([matched, pool])]
        for name, pool in zip(pair, pools, strict=True)
    }
    labels = {name: arrays[chosen.labels[name]][test] for name in pair if name in chosen.labels}
    return Task(
        latents=latents,
        matches={name: list(range(len(matched))) for name in pair},
        test={name: arrays[name][test] for name in pair},
        same=groups[test],
        labels=labels if len(labels) == 2 else {},
        by_class=False,
        seed=seed,
    )


def _by_class(
    chosen: RealSet,
    pair: tuple[str, str],
    arrays: Arrays,
    *,
    share: float,
    draw: np.random.Generator,
    seed: int,
) -> Task:
    """A match is a row of the first modality and a random one of the second, of equal label."""
    if any(name not in chosen.labels for name in pair):
        raise InputError(f"{chosen.path}: matched by class, but {pair} have no labels each")
    labels = {name: arrays[chosen.labels[name]] for name in pair}
    parts = {name: _parted(chosen, arrays, len(arrays[name]), draw) for name in pair}
    (_, train), (_, other) = parts[pair[0]], parts[pair[1]]
    count = count_matches(share, len(train))
    partners = [
        int(draw.choice(np.flatnonzero(labels[pair[1]][other] == labels[pair[0]][row])))
        for row in train[:count]
    ]
    return Task(
        latents={name: arrays[name][train] for name, (_, train) in parts.items()},
        matches={pair[0]: list(range(count)), pair[1]: partners},
        test={name: arrays[name][test] for name, (test, _) in parts.items()},
        same=np.arange(len(parts[pair[0]][0])),
        labels={name: labels[name][test] for name, (test, _) in parts.items()},
        by_class=True,
        seed=seed,
    )


def _shared_out(
    train: np.ndarray, things: np.ndarray, most: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Rows to be matched, each of another thing, and those that give one modality alone.

    Args:
        train: rows; those of one thing stand together.
        things: of each.
        most: matches, at most one a thing.
    """
    begins = np.flatnonzero(np.concatenate([[True], things[1:] != things[:-1]]))
    count = min(most, len(begins))
    rest = train[begins[count] :] if count < len(begins) else train[:0]
    half = len(rest) // 2
    left = things[len(things) - len(rest) :]
    while 0 < half < len(rest) and left[half] == left[half - 1]:
        half += 1
    return train[begins[:count]], (rest[:half], rest[half:])


def _parted(
    chosen: RealSet,
    arrays: Arrays,
    rows: int,
    draw: np.random.Generator,
    groups: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Rows for testing and for training, each in random order; for training a group's together."""
    order = draw.permutation(rows)
    groups = np.arange(rows) if groups is None else groups
    grouped = len(np.unique(groups)) < rows
    if grouped:
        _, first, own = np.unique(groups[order], return_index=True, return_inverse=True)
        order = order[np.argsort(first[own], kind="stable")]
    split = arrays.get("split")
    for name, below in chosen.test_below.items():
        if len(arrays[name]) == rows:
            split = np.where(arrays[name] < below, "test", "train")
    if split is not None and len(split) == rows and {"test", "train"} <= set(split.tolist()):
        test, train = order[split[order] == "test"], order[split[order] == "train"]
    else:
        held_out = round(TEST * rows)
        while grouped and groups[order[held_out]] == groups[order[held_out - 1]]:
            held_out += 1
        test, train = order[:held_out], order[held_out:]
    if grouped:
        test = draw.permutation(test)
    return test[:GALLERY], train


def count_matches(share: float, available: int) -> int:
    """How many matches a share of the training things is.

    Raises:
        InputError: a share that is not above 0 and at most 1.

    Example:
        >>> count_matches(0.1, 1000), count_matches(0.001, 1000), count_matches(1.0, 9000)
        (100, 5, 3000)
    """
    if not 0 < share <= 1:
        raise InputError(f"--shares holds {share}: expected shares above 0, at most 1 (all)")
    return min(max(round(share * available), FEWEST), MOST, available)
