"""`amodal show`: a contact sheet of generated data."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tyro.conf import Positional

from amodal.data import open_dataset
from amodal.data.contact_sheet import contact_sheet, write_contact_sheet
from amodal.errors import ExistsError, InputError


@dataclass(frozen=True)
class Show:
    """Write a sheet of pictures with their captions, as PNG.

    Example: amodal show data/shapes --out sheet.png --n 24
    """

    data: Positional[Path] = Path("data/shapes")
    """A folder made by `amodal generate`."""
    out: Path = Path("sheet.png")
    """The picture to write."""
    overwrite: bool = False
    """Replace an older picture."""
    n: int = 24
    """How many items, drawn at random."""
    columns: int = 6
    """Pictures a row."""
    seed: int = 0
    """Decides which items."""
    verify: bool = False
    """Also compare every file with its checksum first."""

    def run(self) -> None:
        """Write the sheet, and say where it is.

        Raises:
            ExistsError: the picture is already there, and `overwrite` was not asked for.
        """
        if self.out.exists() and not self.overwrite:
            raise ExistsError(
                f"{self.out} is already there: choose another --out, or replace it with --overwrite"
            )
        dataset = open_dataset(self.data, checksums=self.verify)
        if not 1 <= self.n <= len(dataset):
            raise InputError(
                f"--n is {self.n}, expected 1 to {len(dataset)}, which {self.data} has"
            )
        generator = np.random.default_rng(self.seed)
        rows = np.sort(generator.choice(len(dataset), self.n, replace=False))
        sheet = contact_sheet(
            dataset.images[rows],
            dataset.captions.take(rows),
            columns=self.columns,
            title=f"{self.data.name}: {self.n} of {len(dataset):,}",
            note=f"rows {', '.join(map(str, rows[:6]))}{', ...' if self.n > 6 else ''}",
        )
        write_contact_sheet(self.out, sheet)
        print(f"{self.out}: {self.n} of {len(dataset):,} items, {sheet.width} x {sheet.height}")
