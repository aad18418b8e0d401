"""Sentences as people keep them: a text file with one a line, read as it is needed."""

from pathlib import Path

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

    def line(self, row: int) -> str:
        """The text of a row."""
        text = self._text(row)
        if not text:
            raise InputError(
                f"{self.path}, line {row + 1} is blank: delete it, or write something there "
                "(row numbers of matches count lines)"
            )
        return text

    def _text(self, row: int) -> str:
        try:
            # Spreadsheets put a byte order mark before the first line.
            return self.bytes_of(row).decode("utf-8").removeprefix("\ufeff").strip()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.path}, line {row + 1} is no UTF-8 text ({error.reason}): save the file as "
                "UTF-8"
            ) from error
