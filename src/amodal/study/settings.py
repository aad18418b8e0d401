"""How large a study is: what decides its runs, and three budgets."""

from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from amodal.data.dataset import named_data
from amodal.data.kinds import Kind
from amodal.errors import InputError, unknown_name
from amodal.study.cells import FULL, LATENTS, METHODS, PAIRINGS, REFERENCE


@dataclass(frozen=True)
class StudySettings:
    """Everything that decides what a study computes."""

    budget: str = "laptop"
    """The name of the budget that it started from."""
    pairings: tuple[str, ...] = PAIRINGS[:3]
    """The first is studied in full, the others with `matches_elsewhere` and its like."""
    latents: tuple[str, ...] = LATENTS
    """Image models under study."""
    methods: tuple[str, ...] = tuple(METHODS)
    """Of the first pairing."""
    matches: tuple[int, ...] = (20, 50, 100, 200, 500, 1000, 3000, 10_000, 100_000)
    """Numbers of matches, growing."""
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    """Each draws its own matches, first weights and batches."""
    methods_elsewhere: tuple[str, ...] = (REFERENCE, "tr+cont", "tr+dcy+cy", FULL)
    """Of the other pairings."""
    matches_elsewhere: tuple[int, ...] = (20, 100, 500, 3000)
    """Of the other pairings."""
    seeds_elsewhere: tuple[int, ...] = (0, 1, 2)
    """Of the other pairings."""
    unmatched: int = 100_000
    """Further things a modality, seen through it alone."""
    matchable: int = 100_000
    """Things from which every seed draws its matches."""
    test: int = 2000
    """Things on which losses are measured; no run has seen any."""
    pool: int = 10_000
    """Things in the largest pool of retrieval; the test things are the first of them."""
    steps: int = 1400
    """Updates of a run at most."""
    batch: int = 128
    """Rows a step, matched and unmatched."""
    evaluate_every: int = 50
    """Steps between looks at the held-out matches."""
    patience: int = 8
    """Looks without a better one after which a run stops."""
    candidates: int = 2
    """Settings that each run tries; its held-out matches choose."""
    data: str = ""
    """A folder made by `amodal generate`, or a kind of data of which things are drawn from the
    seed; empty for Simple Shapes."""

    def __post_init__(self) -> None:
        for what, given, known in (
            ("budget", [self.budget], BUDGET_NAMES),
            ("pairing", self.pairings, PAIRINGS),
            ("method", (*self.methods, *self.methods_elsewhere), METHODS),
        ):
            for name in given:
                if name not in known:
                    raise unknown_name(what, name, known)
        problems = [
            f"{name} is empty, expected at least one"
            for name in ("pairings", "latents", "methods", "matches", "seeds")
            if not getattr(self, name)
        ]
        problems += [f"{n} matches, expected at least 4" for n in self.matches if n < 4]
        problems += [f"seed {s}, expected whole numbers >= 0" for s in self.seeds if s < 0]
        if problems:
            raise InputError("study: " + "; ".join(problems))

    @property
    def kind(self) -> Kind:
        """Of what kind of data its things are."""
        return named_data(self.data or "shapes")[0]

    def spread(self, count: int, *, most: int | None = None) -> tuple[int, ...]:
        """Some of the numbers of matches, evenly placed among them, none above `most`.

        Example:
            >>> StudySettings(matches=(20, 50, 100, 200, 500)).spread(3)
            (20, 100, 500)
        """
        allowed = [n for n in self.matches if most is None or n <= most] or [min(self.matches)]
        if count >= len(allowed):
            return tuple(allowed)
        places = [round(i * (len(allowed) - 1) / max(1, count - 1)) for i in range(count)]
        return tuple(dict.fromkeys(allowed[place] for place in places))

    def nearest(self, matches: int) -> int:
        """The number of matches under study nearest to one, by ratio."""
        return min(self.matches, key=lambda n: max(n / matches, matches / n))

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `json.dump`."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "StudySettings":
        """The inverse of `to_json`."""
        plain: dict[str, Any] = {f.name: value[f.name] for f in fields(cls)}
        for name, own in plain.items():
            plain[name] = tuple(own) if isinstance(own, list) else own
        return cls(**plain)


BUDGET_NAMES = ("smoke", "laptop", "seed")
BUDGETS: dict[str, StudySettings] = {
    "smoke": StudySettings(
        budget="smoke",
        matches=(20, 50, 200),
        seeds=(0, 1),
        methods_elsewhere=(REFERENCE, FULL),
        matches_elsewhere=(20, 50),
        seeds_elsewhere=(0,),
        unmatched=500,
        matchable=400,
        test=200,
        pool=300,
        steps=20,
        batch=32,
        evaluate_every=10,
        candidates=1,
    ),
    "laptop": StudySettings(),
    # The paper's own sizes: days on two cores.
    "seed": StudySettings(
        budget="seed",
        matches=(20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 30_000, 100_000, 500_000),
        matches_elsewhere=(20, 100, 500, 2000, 10_000, 100_000),
        unmatched=500_000,
        matchable=500_000,
        test=10_000,
        steps=100_000,
        evaluate_every=500,
        patience=20,
        candidates=3,
    ),
}


def study_settings(
    budget: str = "laptop",
    *,
    pairing: str = "",
    matches: tuple[int, ...] = (),
    seeds: int = 0,
    data: Path | None = None,
) -> StudySettings:
    """A budget, with what was asked for in place of its own.

    Args:
        budget: smoke, laptop or seed.
        pairing: the only pairing to study.
        matches: numbers of matches.
        seeds: how many seeds, counted from 0.
        data: a folder of generated data.

    Raises:
        UnknownNameError: there is no such budget or pairing; the nearest is offered.

    Example:
        >>> study_settings("smoke", seeds=1).seeds
        (0,)
    """
    if budget not in BUDGETS:
        raise unknown_name("budget", budget, BUDGETS)
    changed: dict[str, Any] = {}
    if pairing:
        changed["pairings"] = (pairing,)
    if matches:
        numbers = tuple(sorted(set(matches)))
        changed |= {"matches": numbers, "matches_elsewhere": numbers}
        changed["matchable"] = max(BUDGETS[budget].matchable, numbers[-1])
    if seeds:
        changed |= {"seeds": tuple(range(seeds)), "seeds_elsewhere": tuple(range(seeds))}
    if data is not None:
        changed["data"] = str(data)
    return replace(BUDGETS[budget], **changed)
