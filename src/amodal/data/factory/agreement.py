"""Does a sentence describe a scene? How generated text is scored against true factors."""

from collections.abc import Sequence

import numpy as np

from amodal.data.factory.captions import SPEAKER, CaptionReading
from amodal.data.factory.classes import FACES_WITHIN, bearing, nearest_classes
from amodal.data.factory.colours import COLOUR_NAMES
from amodal.data.factory.factors import check_factors
from amodal.data.factory.vocabulary import (
    BEND_NAMES,
    COLUMN_NAMES,
    DESCRIPTOR_NAMES,
    FACING_NAMES,
    HEADING_NAMES,
    ORIENTATION_NAMES,
    SIDE_NAMES,
)
from amodal.data.near import near_in_grid, near_on_circle
from amodal.errors import InputError
from amodal.typing import Bool, Float, Int64

NEARLY_FACING = np.deg2rad(20)
"""So near to the boundary of facing the table, either may be said."""


def agreement(
    readings: Sequence[CaptionReading],
    factors: Float[np.ndarray, "n 13"],
    *,
    neighbours: bool = True,
) -> dict[str, Bool[np.ndarray, " n"]]:
    """For each descriptor, whether each reading agrees with the factors.

    Exact: the named class is the one nearest to the factors. With `neighbours`, as captions name
    softly, also: a place at most one row and one column away, the next of the headings,
    orientations, sides and hues, the arm one step away, either facing near its boundary. Whether
    there is a box must always be right. What a reading leaves out (None) does not agree.

    Example:
        >>> from amodal.data.factory import draw_factors, read_caption, write_captions
        >>> factors = draw_factors(500, seed=0)
        >>> readings = [read_caption(text) for text in write_captions(factors, seed=0)]
        >>> bool(min(right.mean() for right in agreement(readings, factors).values()) > 0.97)
        True
    """
    factors = check_factors(factors)
    if len(readings) != len(factors):
        raise InputError(f"there are {len(readings)} readings for {len(factors)} rows of factors")
    said, true = SPEAKER.class_indices(readings, silent=-1), nearest_classes(factors)
    pairs = {
        name: (said[:, column], true[:, column]) for column, name in enumerate(DESCRIPTOR_NAMES)
    }
    if not neighbours:
        return {name: one == other for name, (one, other) in pairs.items()}
    right = {
        "place": near_in_grid(*pairs["place"], len(COLUMN_NAMES)),
        "heading": near_on_circle(*pairs["heading"], len(HEADING_NAMES)),
        "arm": _near_arm(*pairs["arm"]),
        "relation": _near_relation(*pairs["relation"], factors),
        "colour": near_on_circle(*pairs["colour"], len(COLOUR_NAMES)),
        "spot": near_in_grid(*pairs["spot"], len(COLUMN_NAMES)),
        "orientation": near_on_circle(*pairs["orientation"], len(ORIENTATION_NAMES)),
        "box": _near_box(*pairs["box"]),
    }
    return {name: right[name] & (pairs[name][0] >= 0) for name in DESCRIPTOR_NAMES}


def _near_arm(
    said: Int64[np.ndarray, " n"], true: Int64[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    (arm, bend), (true_arm, true_bend) = (np.divmod(both, len(BEND_NAMES)) for both in (said, true))
    return np.abs(arm - true_arm) + np.abs(bend - true_bend) <= 1


def _near_relation(
    said: Int64[np.ndarray, " n"],
    true: Int64[np.ndarray, " n"],
    factors: Float[np.ndarray, "n 13"],
) -> Bool[np.ndarray, " n"]:
    (side, facing), (true_side, true_facing) = (
        np.divmod(both, len(FACING_NAMES)) for both in (said, true)
    )
    unclear = np.abs(bearing(factors) - FACES_WITHIN) < NEARLY_FACING
    return near_on_circle(side, true_side, len(SIDE_NAMES)) & ((facing == true_facing) | unclear)


def _near_box(
    said: Int64[np.ndarray, " n"], true: Int64[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    # Class 0 is no box; the colours follow.
    both = (said > 0) & (true > 0)
    return (said == true) | (both & near_on_circle(said, true, len(COLOUR_NAMES)))
