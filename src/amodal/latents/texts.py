"""Sentences as people keep them: a text file with one a line, read as it is needed."""

from pathlib import Path
from typing import overload

import numpy as np

from amodal.data.lines import Lines
from amodal.errors import InputError, NotFoundError


def read_texts(path: str | Path) -> "TextFile":
    """The sentences of a file, by row, without holding them in memory.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is no text file, or has no lines.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "texts.txt"
        >>> _ = path.write_text("a red egg\\na blue kite", "utf-8")
        >>> list(read_texts(path))
        ['a red egg', 'a blue kite']
    """
    path = Path(path)
    if not path.is_file():
        raise NotFoundError(f"there is no file of texts {path}")
    if path.suffix.lower() != ".txt":
        raise InputError(
            f"{path}: expected a .txt file with one text a line, or a table (.csv, .tsv, .jsonl, "
            ".parquet)"
        )
    return TextFile(path)


class TextFile(Lines):
    """Lines as people type them: blanks around them, any line ends, the last one open or not.

    Raises:
        InputError: a line is blank, or no UTF-8; it says which.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        size = len(self._bytes)
        if self._starts[-1] < size:  # the last line has no end
            self._starts = np.append(self._starts, size + 1)
        while len(self) and not self._text(len(self) - 1):
            self._starts = self._starts[:-1]
        if not len(self):
            raise InputError(f"{path} is empty: expected one text a line")

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[row] for row in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"line {index} of {len(self)} in {self.path}")
        row = index % len(self)
        text = self._text(row)
        if not text:
            raise InputError(
                f"{self.path}, line {row + 1} is blank: delete it, or write something there "
                "(row numbers of matches count lines)"
            )
        return text

    def _text(self, row: int) -> str:
        line = self._bytes[self._starts[row] : self._starts[row + 1] - 1]
        try:
            # Spreadsheets put a byte order mark before the first line.
            return line.decode("utf-8").removeprefix("\ufeff").strip()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.path}, line {row + 1} is no UTF-8 text ({error.reason}): save the file as "
                "UTF-8"
            ) from error
