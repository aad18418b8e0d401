"""`amodal suggest`: which things to match next."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amodal.cli.fit import Fit
from amodal.errors import ExistsError, InputError, unknown_name


@dataclass(frozen=True)
class Suggest:
    """Say which things are worth a person's time to match, and write a file to fill in.

    The rows of one modality alone are looked at, and those are chosen that leave the least unknown
    about the others. Give the latents that the fit will be given, and the matches that there are.

    Example: amodal suggest --latents image=latents/image text=latents/text --n 50 --out
    to-label.csv
    """

    latents: tuple[str, ...]
    """modality=place for each, as for `amodal fit`."""
    out: Path
    """CSV file to write: a line for each thing, to be filled in."""
    n: int = 50
    """How many things to suggest."""
    modality: str | None = None
    """The one to choose from; the first of --latents when left out."""
    matches: Path | None = None
    """File of the matches that there are, as for `amodal fit`: their things are not suggested
    again."""
    seed: int = 0
    """Of the draw of candidates, where there are many rows."""

    def run(self) -> None:
        """Choose and write."""
        places = Fit(self.latents, self.out).places()
        modality = next(iter(places)) if self.modality is None else self.modality
        if modality not in places:
            raise unknown_name("modality", modality, places)
        if self.n < 1:
            raise InputError(f"--n is {self.n}, expected at least 1")
        if self.out.exists():
            raise ExistsError(f"{self.out} already exists: choose another file, or remove it")
        # Here, because it imports torch, which takes seconds.
        from amodal.diagnosis.suggestion import suggest, write_suggestions
        from amodal.latents.item_lookup import ItemNames
        from amodal.latents.places import read_place

        found = {name: read_place(name, place) for name, place in places.items()}
        rows = found[modality].rows
        matched = self._matched(found, modality)
        chosen = suggest(rows, self.n, matched=matched, seed=self.seed)
        items = ItemNames(len(rows), found[modality].names)
        cells = [items.cell_of(row) for row in chosen.tolist()]
        write_suggestions(self.out, cells, modality, list(places))
        others = ", ".join(name for name in places if name != modality)
        print(
            f"{self.out}: {len(chosen):,} items of {modality} out of {len(rows) - len(matched):,} "
            f"unmatched ones, the most useful first; fill in {others}, by name or by row number"
        )

    def _matched(self, found: dict[str, Any], modality: str) -> list[int]:
        """Rows of the modality that have a match already."""
        if self.matches is None:
            return []
        from amodal.latents.match_file import read_matches

        sizes = {name: len(given.rows) for name, given in found.items()}
        names = {name: given.names for name, given in found.items()}
        column = read_matches(self.matches, sizes, names=names).column(modality)
        return sorted({int(row) for row in column if row >= 0})
