"""How large the demo is, and its record in the run folder."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from amodal.data.kinds import KIND_NAMES, Kind, kind_of
from amodal.errors import DamagedError, ExistsError, InputError, unknown_name
from amodal.files import read_json, write_json

RECORD = "demo.json"
"""In the run folder: the settings, and how long each stage took."""
FORMAT = "amodal-demo"
MOST_MATCHES = 5_000
"""More would take hours, for a comparison that is about few."""
FIRST = 5_000_000
"""Number of the demo's first thing in its seed's endless sequence. The shipped unimodal models
learnt from things 0 to 150,000 of seed 0, so from there on everything is new to all of them."""


@dataclass(frozen=True)
class DemoSettings:
    """Everything that decides what the demo computes."""

    seed: int = 0
    """Of everything random."""
    matches: int = 50
    """Things that are seen through all modalities."""
    unmatched: int = 20_000
    """Further things a modality, seen through it alone."""
    test: int = 1000
    """Things kept from every fit, on which everything is measured; the pool of retrieval too."""
    draws: int = 5
    """Draws of the matches in the comparison."""
    members: int = 3
    """Workspaces of the main model, whose answers are averaged."""
    steps: int = 1400
    """Updates at most, of the main model."""
    comparison_steps: int = 250
    """Updates at most, in the comparison."""
    data: str = "shapes"
    """The kind of data."""

    def __post_init__(self) -> None:
        if self.data not in KIND_NAMES:
            raise unknown_name("kind of data", self.data, KIND_NAMES)
        least = {"seed": 0, "matches": 2, "unmatched": 100, "test": 20, "draws": 1}
        problems = [
            f"{name} is {getattr(self, name)}, expected at least {smallest}"
            for name, smallest in least.items()
            if getattr(self, name) < smallest
        ]
        if self.matches > MOST_MATCHES:
            problems.append(f"matches is {self.matches}, expected at most {MOST_MATCHES:,}")
        if problems:
            raise InputError("demo: " + "; ".join(problems))

    @property
    def kind(self) -> Kind:
        """The kind of data."""
        return kind_of(self.data)

    @classmethod
    def smoke(cls, *, seed: int = 0, matches: int = 50, data: str = "shapes") -> "DemoSettings":
        """So small that it takes seconds: to see that everything works, not how well."""
        return cls(
            seed=seed,
            matches=matches,
            unmatched=1000,
            test=100,
            draws=2,
            members=2,
            steps=50,
            comparison_steps=25,
            data=data,
        )


@dataclass
class Record:
    """What the run folder says of the demo that made it."""

    settings: DemoSettings
    seconds: dict[str, float] = field(default_factory=dict)
    """Stage -> how long it took; those that are finished."""

    def write(self, folder: Path) -> None:
        """Write it, atomically."""
        plain = {"settings": asdict(self.settings), "seconds": self.seconds}
        write_json(folder / RECORD, {"format": FORMAT, "first": FIRST} | plain)


def read_record(folder: Path) -> Record | None:
    """The record of a run folder, or None when no demo made it.

    Raises:
        DamagedError: it is damaged, or of another version.
    """
    path = folder / RECORD
    if not path.exists():
        return None
    value = read_json(path)
    try:
        for key, expected in (("format", FORMAT), ("first", FIRST)):
            if value[key] != expected:
                raise KeyError(key)
        return Record(DemoSettings(**value["settings"]), dict(value["seconds"]))
    except (KeyError, TypeError) as error:
        raise DamagedError(
            f"{path} is not the record of a demo of this version ({error}): run the demo anew "
            "into another folder"
        ) from error


def claimed_record(folder: Path, settings: DemoSettings) -> Record:
    """The record to go on with: that of an earlier demo with the same settings, or a new one.

    A new one is written before anything else is, so a folder without one is never the demo's own.

    Raises:
        ExistsError: the folder holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise ExistsError(f"{folder} is a file: choose another --out")
    record = read_record(folder)
    if record is None:
        if folder.exists() and any(folder.iterdir()):
            raise ExistsError(f"{folder} is not empty and no demo's: choose another --out")
        record = Record(settings)
        record.write(folder)
        return record
    if record.settings != settings:
        raise ExistsError(
            f"{folder} holds a demo with other settings ({_differences(record.settings, settings)})"
            ": choose another --out, or remove it first"
        )
    return record


def _differences(there: Any, asked: Any) -> str:
    return ", ".join(
        f"{f.name} {getattr(there, f.name)} there, {getattr(asked, f.name)} asked for"
        for f in fields(there)
        if getattr(there, f.name) != getattr(asked, f.name)
    )
