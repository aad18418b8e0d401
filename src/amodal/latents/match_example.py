"""Five lines that show how a file of matches looks, with the user's own modalities and names."""

import json
from collections.abc import Mapping, Sequence

PAIRS = ((0, 3), (1, 0), (1, 4), (5, 2), (7, 5))
"""Things seen through two modalities; the second and third share an item."""
THINGS = ((0, 3, 1), (1, 0, None), (None, 4, 2), (5, None, 0), (7, 5, 3))
"""Things seen through three modalities, or two of them."""


def example_of_matches(
    ending: str, sizes: Mapping[str, int], names: Mapping[str, Sequence[str] | None]
) -> str:
    """Five lines of a file of matches; of Parquet, which is no text, as CSV.

    Args:
        ending: of the file.
        sizes: the number of rows of each modality.
        names: what the items of a modality are called, where they have names.

    Example:
        >>> print(example_of_matches(".csv", {"image": 9, "text": 9}, {"text": ["a", "b", "c"]}))
        image,text
        0,a
        1,a
        1,b
        5,c
    """
    modalities = list(sizes)[:3]
    rows = [
        [_item(at, sizes[name], names.get(name)) for at, name in zip(row, modalities, strict=True)]
        for row in (THINGS if len(modalities) == 3 else PAIRS)
    ]
    if ending in (".jsonl", ".ndjson"):
        kept = ({n: v for n, v in zip(modalities, row, strict=True) if v != ""} for row in rows)
        return "\n".join(json.dumps(each, ensure_ascii=False) for each in kept)
    between = "\t" if ending == ".tsv" else ","
    return "\n".join(between.join(map(str, row)) for row in [modalities, *rows[:4]])


def _item(row: int | None, size: int, names: Sequence[str] | None) -> str | int:
    if row is None:
        return ""
    row %= max(len(names) if names is not None else size, 1)
    return names[row] if names else row
