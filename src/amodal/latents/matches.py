"""The match table: which rows of the modalities are the same thing."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from amodal.errors import InputError, Notice, unknown_name
from amodal.typing import Int64


@dataclass(frozen=True)
class MatchTable:
    """A row per thing, a column per modality: the thing's row in that modality, or -1.

    Every kind of pairing is this one table: two modalities or five, all seen together or only
    some ("image-text and text-audio, never image-audio"), several captions of one image (the
    image's row repeated).
    """

    names: tuple[str, ...]
    rows: Int64[np.ndarray, "thing modality"]

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> Int64[np.ndarray, " thing"]:
        """Each thing's row in one modality, -1 where it has none."""
        return self.rows[:, self.names.index(name)]

    def choose(self, things: np.ndarray) -> "MatchTable":
        """Some of the things, by their rows or by a mask."""
        return MatchTable(self.names, self.rows[things])

    def together(self, first: str, second: str) -> Int64[np.ndarray, "pair 2"]:
        """The rows of the things that both modalities see.

        Example:
            >>> table = MatchTable(("a", "b"), np.array([[0, 3], [1, -1]]))
            >>> table.together("a", "b").tolist()
            [[0, 3]]
        """
        pair = np.stack([self.column(first), self.column(second)], axis=1)
        return pair[(pair >= 0).all(axis=1)]

    @classmethod
    def build(cls, matches: Any, sizes: Mapping[str, int]) -> "MatchTable":
        """Read and check matches in any of the forms that users write.

        Args:
            matches: None (no matches); a dict `{"image": [0, 5], "text": [3, 1]}` of equally long
                lists, thing by thing; a list of such dicts, one for each set of modalities that
                were seen together; or a MatchTable.
            sizes: the number of rows of each modality.

        Raises:
            InputError: indices out of range, negative, not whole; lists of unequal length; a
                single modality.
            UnknownNameError: a modality that has no latents.
        """
        names = tuple(sizes)
        if matches is None or (isinstance(matches, Mapping) and not matches):
            return cls(names, np.empty((0, len(names)), dtype=np.int64))
        if isinstance(matches, cls):
            parts = [_columns_of(matches)]
        elif isinstance(matches, Mapping):
            parts = [_checked(matches, sizes)]
        elif isinstance(matches, list | tuple) and all(isinstance(m, Mapping) for m in matches):
            parts = [_checked(m, sizes) for m in matches]
        else:
            raise InputError(
                'matches: expected a dict of row lists, {"image": [0, 5], "text": [3, 1]}, or a '
                f"list of such dicts, got {type(matches).__name__}"
            )
        nothing = np.empty((0, len(names)), dtype=np.int64)
        table = np.concatenate([nothing, *(_as_rows(part, names) for part in parts)])
        _check_range(table, names, sizes)
        return cls(names, _without_repeats(table))


def _columns_of(table: MatchTable) -> dict[str, np.ndarray]:
    wrong = (table.rows < -1).any(1) | ((table.rows >= 0).sum(1) < 2)
    if wrong.any():
        first = int(wrong.argmax())
        found = dict(zip(table.names, table.rows[first].tolist(), strict=True))
        raise InputError(
            f"matches: thing {first} of the table is {found}, "
            "expected row numbers of at least two modalities, and -1 for those it lacks"
        )
    return {name: table.column(name) for name in table.names}


def _checked(matches: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """One dict of lists as integer arrays of equal length over known modalities."""
    for name in matches:
        if name not in sizes:
            raise unknown_name("modality in matches", name, sizes)
    if len(matches) < 2:
        raise InputError(
            f"matches cover only {list(matches)}: a match needs the rows of at least two "
            f"modalities out of {list(sizes)}"
        )
    columns = {name: _whole_numbers(name, value) for name, value in matches.items()}
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(
            f"matches: the lists must be equally long, entry i of each being the same thing, "
            f"got lengths {lengths}"
        )
    for name, column in columns.items():
        if len(column) and column.min() < 0:
            raise InputError(
                f"matches of modality {name!r}: entry {int(column.argmin())} is "
                f"{int(column.min())}, row numbers start at 0; for things that lack a modality, "
                "pass a list of dicts, one for each set of modalities"
            )
    return columns


def _whole_numbers(name: str, value: Any) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError:
        raise InputError(
            f"matches of modality {name!r}: expected a flat list of row numbers, got nested lists "
            "of unequal length"
        ) from None
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1:
        raise InputError(
            f"matches of modality {name!r}: expected a flat list of row numbers, "
            f"got shape {array.shape}"
        )
    if array.dtype.kind == "f" and np.isfinite(array).all() and (array == np.floor(array)).all():
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        entry = _first_not_whole(array)
        raise InputError(
            f"matches of modality {name!r}: expected whole row numbers, got {array[entry]!s} at "
            f"entry {entry} (type {array.dtype})"
        )
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise InputError(
            f"matches of modality {name!r}: entry {int(array.argmax())} is {int(array.max())}, no "
            "array has so many rows"
        )
    return array.astype(np.int64)


def _first_not_whole(array: np.ndarray) -> int:
    """The entry to blame: the first that is no whole number."""
    if array.dtype.kind != "f":
        return 0
    return int(np.flatnonzero(~np.isfinite(array) | (array != np.floor(array)))[0])


def _as_rows(columns: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    things = len(next(iter(columns.values())))
    table = np.full((things, len(names)), -1, dtype=np.int64)
    for name, column in columns.items():
        if name not in names:
            raise unknown_name("modality in matches", name, names)
        table[:, names.index(name)] = column
    return table


def _check_range(table: np.ndarray, names: tuple[str, ...], sizes: Mapping[str, int]) -> None:
    for column, name in zip(table.T, names, strict=True):
        if len(column) and column.max() >= sizes[name]:
            raise InputError(
                f"matches of modality {name!r}: entry {int(column.argmax())} is row "
                f"{int(column.max())}, but there are only {sizes[name]} rows "
                f"(0 to {sizes[name] - 1})"
            )


def _without_repeats(table: np.ndarray) -> np.ndarray:
    _, first = np.unique(table, axis=0, return_index=True)
    if len(first) < len(table):
        warnings.warn(
            f"{len(table) - len(first)} matches were given more than once; each counts once",
            Notice,
            stacklevel=4,
        )
    return table[np.sort(first)]
