"""Things to encode, from files or from memory, with their names and a digest of the first n."""

import hashlib
import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import InputError, NotFoundError, Notice
from amodal.latents.tables import ENDINGS as TABLES
from amodal.latents.tables import text_column
from amodal.latents.texts import read_texts
from amodal.unimodal.named.pictures import ENDINGS


@dataclass
class Items:
    """Raw things in order. Encoding asks for them piece by piece."""

    things: Any
    """What the model takes, to be sliced: paths of pictures, sentences, arrays."""
    token: Callable[[int], bytes]
    """What tells thing i from others: a name and size, or all of it."""
    source: dict[str, Any] = field(default_factory=dict)
    """Where they come from, for the manifest."""
    names: Any = None
    """What they are called, in their order; None where they have no names."""
    _read: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def __len__(self) -> int:
        return len(self.things)

    def so_far(self, stop: int) -> str:
        """SHA-256 over the first `stop` things; cheap where `stop` grows from call to call.

        Example:
            >>> items = items_of(["a red egg", "a kite"])
            >>> items.so_far(1) == items_of(["a red egg"]).so_far(1) != items.so_far(2)
            True
        """
        if stop < self._read:
            self._read, self._digest = 0, hashlib.sha256()
        for row in range(self._read, stop):
            token = self.token(row)
            self._digest.update(len(token).to_bytes(8, "big") + token)
        self._read = stop
        return self._digest.hexdigest()

    def part(self, first: int, end: int) -> "Items":
        """The things from `first` to before `end`."""
        if (first, end) == (0, len(self)):
            return self
        names = None if self.names is None else self.names[first:end]
        token = self.token
        source = self.source | {"first": first, "end": end}
        return Items(self.things[first:end], lambda row: token(first + row), source, names)


def items_of(given: Any, *, column: str | None = None, names: str | None = None) -> Items:
    """What people hand over to be encoded.

    Args:
        given: a folder of pictures, a .txt file with one text a line, a table of texts (.csv,
            .tsv, .jsonl, .parquet), or a list of sentences, paths, arrays or PIL images.
        column: of a table, the column that holds the texts; not needed where it is the only one.
        names: of a table, the column that says what each text is called; the texts themselves
            where it is left out.

    Raises:
        NotFoundError: there is no such folder or file.
        InputError: it holds nothing to encode, or things that cannot be told apart.
        UnknownNameError: a table has no such column.
    """
    if names is not None and (
        not isinstance(given, str | Path) or Path(given).suffix.lower() not in TABLES
    ):
        raise InputError(f"a column of names, {names!r}, goes with a table ({', '.join(TABLES)})")
    if isinstance(given, str | Path):
        path = Path(given).expanduser()
        if path.is_dir():
            return _folder(path)
        if not path.exists():
            raise NotFoundError(f"there is no folder or file {path}")
        if path.suffix.lower() in TABLES:
            # Rows of a table have no fixed places on the disk: its texts are held in memory.
            told = list(text_column(path, column))
            if names is None:
                return Items(told, lambda row: told[row].encode(), {"file": path.name}, told)
            called = list(text_column(path, names))
            return Items(
                told,
                lambda row: f"{called[row]}\n{told[row]}".encode(),
                {"file": path.name},
                called,
            )
        texts = read_texts(path)
        return Items(texts, lambda row: texts[row].encode(), {"file": path.name}, texts)
    if not hasattr(given, "__len__") or not hasattr(given, "__getitem__"):
        raise InputError(
            "expected a folder of pictures, a .txt file, or a list of things to encode, got "
            f"{type(given).__name__}"
        )
    if not len(given):
        raise InputError("there is nothing to encode: the list is empty")
    if hasattr(given, "iloc"):  # pandas looks numbers up among labels
        given = given.to_numpy()
    named = all(isinstance(each, str | Path) for each in given[:1])
    words = [str(each) for each in given] if named else None
    return Items(given, lambda row: _told_apart(given[row]), {}, words)


def _folder(path: Path) -> Items:
    """All pictures of a folder and its subfolders, by name."""
    sizes: dict[str, int] = {}
    others = 0
    for folder, _, files in os.walk(path):
        inside = Path(folder).relative_to(path)
        if any(part.startswith(".") for part in inside.parts):
            continue
        for name in files:
            if Path(name).suffix.lower() in ENDINGS and not name.startswith("."):
                sizes[(inside / name).as_posix()] = (Path(folder) / name).stat().st_size
            else:
                others += not name.startswith(".")
    if not sizes:
        raise InputError(
            f"{path} holds no pictures, expected files that end in {', '.join(ENDINGS)}"
        )
    if others:
        were = "file is no picture" if others == 1 else "files are no pictures"
        warnings.warn(f"{path}: {others:,} {were} and left out", Notice, stacklevel=3)
    names = sorted(sizes)
    broken = [name for name in names if len(name.splitlines()) > 1]
    if broken:
        raise InputError(f"{path}: the name {broken[0]!r} holds a line break: rename the file")
    foreign = [name for name in names if not _is_unicode(name)]
    if foreign:
        raise InputError(f"{path}: the name {foreign[0]!r} is no UTF-8: rename the file")
    source = {"folder": path.resolve().name}
    return Items(
        _Paths(path, names), lambda row: f"{names[row]} {sizes[names[row]]}".encode(), source, names
    )


def _is_unicode(name: str) -> bool:
    """Whether a file's name, as the system gave it, is a text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class _Paths(Sequence[Path]):
    """Names in a folder as paths, made as they are asked for."""

    folder: Path
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self.folder / name for name in self.names[index]]
        return self.folder / self.names[index]


def _told_apart(thing: Any) -> bytes:
    """Bytes that change when the thing does."""
    if isinstance(thing, str):
        return thing.encode()
    if isinstance(thing, Path):
        return f"{thing} {thing.stat().st_size if thing.is_file() else 'absent'}".encode()
    if hasattr(thing, "tobytes"):  # arrays and PIL images
        about = (type(thing).__name__, getattr(thing, "shape", getattr(thing, "size", "")))
        return f"{about} {getattr(thing, 'dtype', '')}".encode() + thing.tobytes()
    if isinstance(thing, int | float | list | tuple | np.generic):
        return repr(thing).encode()
    raise InputError(
        f"things of type {type(thing).__name__} cannot be told apart from others, so an encoding "
        "could not be resumed: give sentences, paths, arrays or PIL images"
    )
