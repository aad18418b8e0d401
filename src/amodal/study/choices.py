"""Which runs the studies of representations look at: a few numbers of matches, every method."""

from collections.abc import Sequence

from amodal.study.cells import Cell
from amodal.study.saving import core_cells
from amodal.study.settings import StudySettings

SMALL_TO_LARGE = (50, 500, 5000)
"""Few matches, some, many."""


def cells_near(settings: StudySettings, matches: Sequence[int]) -> list[Cell]:
    """Of the runs that the saving factor is measured on, those near the numbers asked for.

    Of each method and pairing the numbers of matches that are nearest by ratio: so no run is
    trained for these studies alone.

    Example:
        >>> settings = StudySettings(pairings=("image-text",), latents=("vae",), seeds=(0,))
        >>> cells = cells_near(settings, (60, 70))
        >>> {cell.matches for cell in cells if cell.method == "tr"}
        {50}
    """
    cells = core_cells(settings)
    known: dict[tuple[str, str], set[int]] = {}
    for cell in cells:
        known.setdefault((cell.pairing, cell.method), set()).add(cell.matches)
    chosen = {key: nearest(sorted(numbers), matches) for key, numbers in known.items()}
    return [cell for cell in cells if cell.matches in chosen[cell.pairing, cell.method]]


def nearest(known: Sequence[int], wanted: Sequence[int]) -> tuple[int, ...]:
    """Of the known numbers those nearest to the wanted ones, by ratio; each once, growing.

    Example:
        >>> nearest((20, 100, 10_000), (50, 60, 5000))
        (100, 10000)
    """
    return tuple(sorted({min(known, key=lambda n: max(n / w, w / n)) for w in wanted}))
