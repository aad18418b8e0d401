"""The name of a frozen model: which library reads it, where it lies, and what is read off it."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from amodal.errors import InputError, UnknownNameError, unknown_name

Library = Literal["hf", "st"]
LIBRARIES: dict[str, str] = {"hf": "a transformers vision model", "st": "sentence-transformers"}
"""What stands before the colon of a name -> what it stands for."""
Pool = Literal["mean", "cls"]
POOLS: tuple[str, ...] = get_args(Pool)
_OPTIONS = re.compile(r"\?((?:layer|pool)=[^&?/]*(?:&(?:layer|pool)=[^&?/]*)*)$")


def is_named(name: str) -> bool:
    """Whether this names a model of another library, and none of Amodal's own.

    Example:
        >>> is_named("hf:facebook/dinov2-small"), is_named("shapes/image")
        (True, False)
    """
    return name.partition(":")[0] in LIBRARIES and ":" in name


@dataclass(frozen=True)
class ModelName:
    """One line that says all: `hf:facebook/dinov2-small@COMMIT?layer=-2&pool=mean`.

    What is left out is the model's own choice: its newest revision, its own output. A run keeps
    this line, so that new things are later encoded just as those it was fitted on.

    Example:
        >>> name = ModelName.parse("hf:facebook/dinov2-small@8f3c?pool=mean")
        >>> name.place, name.revision, name.pool
        ('facebook/dinov2-small', '8f3c', 'mean')
        >>> print(name.changed(layer=-2))
        hf:facebook/dinov2-small@8f3c?layer=-2&pool=mean
    """

    library: str
    """hf or st."""
    place: str
    """A name on the hub, or a folder."""
    revision: str = ""
    """Commit, tag or branch on the hub; empty for the newest, and of a folder."""
    layer: int | None = None
    """Which hidden state, counted from 0 (the embeddings) or back from -1 (the last)."""
    pool: str | None = None
    """How the tokens become one vector: `mean` of the patches, or `cls`, the class token."""

    def __post_init__(self) -> None:
        if not self.place:
            raise InputError(
                f"--model {self.library}: lacks a name, expected {self.library}:NAME or "
                f"{self.library}:FOLDER"
            )
        if self.pool is not None and self.pool not in POOLS:
            raise unknown_name("pooling", self.pool, POOLS)
        if self.library == "st" and (self.layer is not None or self.pool is not None):
            raise InputError(
                f"{self.library}:{self.place}: a sentence-transformers model says itself what it "
                "reads and how it pools, so it takes neither layer nor pool"
            )
        if self.revision and self.is_folder:
            raise InputError(
                f"{self.place} is a folder and has no revisions: leave {self.revision!r} out, or "
                "give the folder of that revision"
            )

    @classmethod
    def parse(cls, text: str) -> "ModelName":
        """Read such a line.

        Raises:
            UnknownNameError: it is of no known library.
            InputError: an option that is not understood.
        """
        library, colon, rest = text.partition(":")
        if not colon or library not in LIBRARIES:
            raise UnknownNameError(
                f"model {text!r}: expected hf:NAME for a vision model of transformers, or st:NAME "
                "for one of sentence-transformers"
            )
        found = _OPTIONS.search(rest)
        options = dict(each.split("=", 1) for each in found[1].split("&")) if found else {}
        place = rest[: found.start()] if found else rest
        revision = ""
        if not Path(place).expanduser().is_dir():
            place, _, revision = place.partition("@")
        layer = _whole(text, options["layer"]) if "layer" in options else None
        return cls(library, place, revision, layer, options.get("pool"))

    @property
    def is_folder(self) -> bool:
        """Whether the place is a folder here, or can be nothing but one."""
        outside_hub = self.place.startswith(("/", ".", "~")) or self.place.count("/") > 1
        return outside_hub or "\\" in self.place or Path(self.place).expanduser().is_dir()

    def changed(
        self, *, revision: str | None = None, layer: int | None = None, pool: str | None = None
    ) -> "ModelName":
        """The same with some things said; None leaves what the line says."""
        given = {"revision": revision, "layer": layer, "pool": pool}
        return replace(self, **{key: value for key, value in given.items() if value is not None})

    def __str__(self) -> str:
        given = {"layer": self.layer, "pool": self.pool}
        options = "&".join(f"{key}={value}" for key, value in given.items() if value is not None)
        at = f"@{self.revision}" if self.revision else ""
        return f"{self.library}:{self.place}{at}{'?' if options else ''}{options}"


def _whole(text: str, value: str) -> int:
    if not re.fullmatch(r"-?\d+", value):
        raise InputError(f"model {text!r}: layer must be a whole number, got {value!r}")
    return int(value)
