"""Matches by name: items that are called the same in several modalities are the same thing."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from amodal.errors import InputError
from amodal.latents.matches import MatchTable


def matches_by_name(
    names: Mapping[str, Sequence[str] | None],
    *,
    only: Collection[str] | None = None,
    numbers: bool = False,
) -> MatchTable:
    """Match the items that share a name; those whose name is in one modality only are unmatched.

    Args:
        names: what the items of each modality are called, row by row.
        only: the names that may be matches; all when left out.
        numbers: take names that merely count the rows (0, 1, 2, ...) for names all the same.

    Raises:
        InputError: a modality without names, a name that two of its items share, names that
            merely count the rows of two modalities, or not one common name.

    Example:
        >>> names = {"rna": ["AAC", "CGT", "GGA"], "atac": ["GGA", "TTT", "AAC"]}
        >>> matches_by_name(names).rows.tolist()
        [[0, 2], [2, 0]]
    """
    rows = {modality: row_by_name(modality, given) for modality, given in names.items()}
    counting = [m for m, given in rows.items() if all(n == str(r) for n, r in given.items())]
    if len(counting) > 1 and not numbers and only is None:
        raise InputError(
            f"the items of {' and '.join(counting)} are called 0, 1, 2, ...: such names count the "
            "rows and do not say what is the same thing. Give items names of their own "
            "(adata.obs_names = barcodes), or give a table of matches"
        )
    counts = Counter(name for given in rows.values() for name in given)
    shared = [n for n, count in counts.items() if count > 1 and (only is None or n in only)]
    if not shared:
        some = "; ".join(f"{m}: {', '.join(list(given)[:3])}" for m, given in rows.items())
        raise InputError(
            f"no {'chosen ' if only is not None else ''}name is that of an item in two modalities "
            f"({some}): make the names alike, or give a table of matches"
        )
    table = [[given.get(name, -1) for given in rows.values()] for name in shared]
    return MatchTable(tuple(rows), np.array(table, dtype=np.int64))


def row_by_name(modality: str, names: Sequence[str] | None) -> dict[str, int]:
    """The row of each item by its name.

    Raises:
        InputError: there are no names, or two items share one.
    """
    if names is None:
        raise InputError(
            f"the items of modality {modality!r} have no names to match by: give a table of "
            "matches with row numbers"
        )
    rows = {name: row for row, name in enumerate(names)}
    if len(rows) < len(names):
        name, count = Counter(names).most_common(1)[0]
        raise InputError(
            f"modality {modality!r}: {count} items are called {name!r}: each needs a name of its "
            "own (adata.obs_names_make_unique() changes names, and so matches: look first)"
        )
    return rows
