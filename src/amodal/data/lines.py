"""The lines of a text file as a sequence of str, without holding them in memory."""

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from amodal.typing import Int64


class Lines(Sequence[str]):
    """A memory-mapped text file, line by line.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "captions.txt"
        >>> _ = path.write_text("A red egg.\\nA blue kite.\\n", "utf-8")
        >>> lines = Lines(path)
        >>> len(lines), lines[1], lines.take(np.array([1, 0]))
        (2, 'A blue kite.', ['A blue kite.', 'A red egg.'])
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with open(self.path, "rb") as handle:
            empty = self.path.stat().st_size == 0
            # An empty file cannot be mapped.
            self._bytes = b"" if empty else mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
        ends = np.flatnonzero(np.frombuffer(self._bytes, np.uint8) == ord("\n"))
        self._starts = np.concatenate([[0], ends + 1])

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        row = index + len(self) if index < 0 else index
        if not 0 <= row < len(self):
            raise IndexError(f"line {index} of {len(self)} in {self.path}")
        return self.line(row)

    def line(self, row: int) -> str:
        """The line of a row, counted from 0."""
        return self.bytes_of(row).decode("utf-8")

    def bytes_of(self, row: int) -> bytes:
        """The same, not decoded."""
        return self._bytes[self._starts[row] : self._starts[row + 1] - 1]

    def __iter__(self) -> Iterator[str]:
        return (self[row] for row in range(len(self)))

    def take(self, rows: Int64[np.ndarray, " some"]) -> list[str]:
        """The lines of several rows, in their order."""
        return [self[int(row)] for row in rows]
