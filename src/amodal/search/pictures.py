"""The pictures behind a catalogue that was encoded from a folder of files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import NotFoundError
from amodal.search.metadata import ITEM
from amodal.typing import UInt8

SIDE = 192
"""Pixels of a picture on a sheet."""
PAPER = (255, 255, 255)


@dataclass(frozen=True)
class PictureFiles:
    """A folder of pictures, by the names that the index has of its rows."""

    folder: Path

    def pictures(self, found: Any) -> UInt8[np.ndarray, "found side side 3"]:
        """What was found for a query, each fitted into a square.

        Args:
            found: a `Found`, of an index that has names.

        Raises:
            NotFoundError: a picture has gone.
            InputError: it cannot be read.
        """
        return np.stack([self._square(str(known[ITEM])) for known in found.metadata])

    def _square(self, name: str) -> UInt8[np.ndarray, "side side 3"]:
        from PIL import ImageOps

        from amodal.unimodal.named.pictures import as_picture

        path = self.folder / name
        if not path.is_file():
            raise NotFoundError(
                f"there is no picture {path}: say where they are with --data FOLDER"
            )
        return np.asarray(ImageOps.pad(as_picture(path), (SIDE, SIDE), color=PAPER))


def described(each: Any) -> Sequence[str]:
    """The words under a picture, for each row that was found: its name and sentence, if known."""
    return [
        " ".join(str(known[name]) for name in (ITEM, "caption") if known.get(name))
        for known in each.metadata
    ]
