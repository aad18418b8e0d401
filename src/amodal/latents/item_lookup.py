"""What the items of a modality are called: from a name, or a number, to a row."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from amodal.errors import InputError, UnknownNameError


class ItemNames:
    """The items of one modality, to be found by name or by row number."""

    def __init__(self, size: int, names: Sequence[str] | None = None) -> None:
        """Take down the names.

        Args:
            size: how many items there are.
            names: what each is called; None where they have no names.
        """
        self.size = size
        self.names = names
        self.taken_for_name: str | None = None
        """A number that was read as a name, and would have been the row of another item."""

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.names or ())}

    @cached_property
    def _repeated(self) -> set[str]:
        if len(self._rows) == len(self.names or ()):
            return set()
        return {name for name, count in Counter(self.names).items() if count > 1}

    @cached_property
    def _numbered(self) -> bool:
        return any(_is_number(name) for name in self._rows)

    def row_of(self, cell: str, where: str) -> int:
        """The row of the item that a cell gives by its name or its number, -1 for an empty cell.

        Where any name is a whole number, numbers are names: 12 is the item called 12.

        Args:
            cell: as it stands in the file.
            where: the place of the cell, for messages.

        Raises:
            InputError: no row has that number; several items have that name.
            UnknownNameError: no item has that name.

        Example:
            >>> items = ItemNames(3, ["cat", "dog", "cow"])
            >>> [items.row_of(cell, "here") for cell in ("dog", " 2 ", "")]
            [1, 2, -1]
        """
        cell = cell.strip()
        if not cell:
            return -1
        whole = cell.removesuffix(".0")
        if cell not in self._rows and _is_number(whole):
            cell = whole  # columns of whole numbers with gaps are often written as decimals
        if cell in self._rows:
            return self._named(cell, where)
        if self.names is not None and (self._numbered or not _is_number(cell.lstrip("-"))):
            raise self._unknown(cell, where)
        return self._counted(cell, where)

    def cell_of(self, row: int) -> str:
        """What to write into a cell for the item of a row: its name, or its number where it has no
        name of its own. `row_of` reads it back.

        Raises:
            InputError: it has no name of its own, and numbers are names of other items.

        Example:
            >>> items = ItemNames(3, ["cat", "cat", "cow"])
            >>> [items.cell_of(row) for row in (0, 1, 2)]
            ['0', '1', 'cow']
        """
        name = "" if self.names is None else self.names[row].strip()
        if name and self._rows.get(name) == row and name not in self._repeated:
            return name
        if self._numbered:
            raise InputError(
                f"row {row} has no name of its own ({name!r}), and numbers are names of other "
                "items here, so that nothing can stand for it: give each item a name of its own"
            )
        return str(row)

    def _named(self, name: str, where: str) -> int:
        if name in self._repeated:
            rows = [str(row) for row, other in enumerate(self.names or ()) if other == name][:3]
            raise InputError(
                f"{where}: {name!r} is the name of several items (rows {', '.join(rows)}): give "
                f"each item a name of its own{'' if self._numbered else ', or give the row number'}"
            )
        row = self._rows[name]
        if _is_number(name) and row != int(name) < self.size:
            self.taken_for_name = name
        return row

    def _counted(self, cell: str, where: str) -> int:
        if not _is_number(cell):
            raise InputError(
                f"{where}: expected a row number (0 to {self.size - 1}) or nothing, got {cell!r}"
                + ("" if self.names is not None else "; the items of this modality have no names")
            )
        if not self.size:
            raise InputError(f"{where}: row {int(cell)}, but this modality has no rows at all")
        if int(cell) >= self.size:
            raise InputError(
                f"{where}: row {int(cell)}, but there are only {self.size} rows "
                f"(0 to {self.size - 1}); rows are counted from 0"
            )
        return int(cell)

    def _unknown(self, cell: str, where: str) -> UnknownNameError:
        from difflib import get_close_matches

        # Only names of about that length: comparing with a million takes minutes.
        alike = [name for name in self._rows if abs(len(name) - len(cell)) <= 2][:20_000]
        near = get_close_matches(cell, alike, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        some = ", ".join(map(repr, list(self._rows)[:3]))
        return UnknownNameError(
            f"{where}: there is no item {cell!r}: {hint}"
            f"The {self.size:,} items are called {some}{', ...' if self.size > 3 else ''}"
        )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
