"""Does a sentence describe a scene? How generated text is scored against true factors."""

from collections.abc import Sequence

import numpy as np

from amodal.data.near import near_in_grid, near_on_circle
from amodal.data.shapes.captions import SPEAKER, CaptionReading
from amodal.data.shapes.classes import nearest_classes
from amodal.data.shapes.colours import nearest_colours, squared_colour_distances
from amodal.data.shapes.factors import check_factors
from amodal.data.shapes.vocabulary import COLUMN_NAMES, DESCRIPTOR_NAMES, ORIENTATION_NAMES
from amodal.errors import InputError
from amodal.typing import Bool, Float

NEAR_COLOURS = 5
"""A colour name agrees loosely when it is among this many names nearest to the true colour, ..."""
NEAR_COLOUR = 10.0
"""... or this near in L*a*b*: among the pale colours many names lie closer together than that."""


def agreement(
    readings: Sequence[CaptionReading],
    factors: Float[np.ndarray, "n 8"],
    *,
    neighbours: bool = True,
) -> dict[str, Bool[np.ndarray, " n"]]:
    """For each descriptor, whether each reading agrees with the factors.

    Exact: the named class is the one nearest to the factors. With `neighbours`, as captions name
    softly, also: the next size, the next of the 16 orientations, a place at most one row and one
    column away, a colour name among the five nearest or within 10 units in L*a*b*.
    The shape must always be right. What a reading leaves out (None) does not agree.

    Example:
        >>> from amodal.data.shapes import draw_factors, read_caption, write_captions
        >>> factors = draw_factors(500, seed=0)
        >>> readings = [read_caption(text) for text in write_captions(factors, seed=0)]
        >>> bool(min(right.mean() for right in agreement(readings, factors).values()) > 0.97)
        True
    """
    factors = check_factors(factors)
    if len(readings) != len(factors):
        raise InputError(f"there are {len(readings)} readings for {len(factors)} rows of factors")
    said, true = SPEAKER.class_indices(readings, silent=-1), nearest_classes(factors)
    right = {
        name: said[:, column] == true[:, column] for column, name in enumerate(DESCRIPTOR_NAMES)
    }
    if neighbours:
        size, colour, place, orientation = range(1, len(DESCRIPTOR_NAMES))
        there = said >= 0
        apart = np.abs(said - true)
        right["size"] = there[:, size] & (apart[:, size] <= 1)
        near = nearest_colours(factors[:, 5:8], count=NEAR_COLOURS)
        distances = squared_colour_distances(factors[:, 5:8])[np.arange(len(said)), said[:, colour]]
        close = (near == said[:, colour, None]).any(axis=1) | (distances <= NEAR_COLOUR**2)
        right["colour"] = there[:, colour] & close
        beside = near_in_grid(said[:, place], true[:, place], len(COLUMN_NAMES))
        right["place"] = there[:, place] & beside
        around = near_on_circle(said[:, orientation], true[:, orientation], len(ORIENTATION_NAMES))
        right["orientation"] = there[:, orientation] & around
    return right
