"""Captions of the factory: written from factors, read back, and said again in other words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amodal.data.factory.classes import soft_classes
from amodal.data.factory.factors import check_factors
from amodal.data.factory.vocabulary import DESCRIPTOR_NAMES, GRAMMAR, READER
from amodal.data.speaker import Speaker
from amodal.typing import Float

_STREAM, _REWORD_STREAM = 12, 13


@dataclass(frozen=True)
class CaptionReading:
    """The eight things that a caption says; None where a partial sentence is silent."""

    place: str | None
    """Where the robot is: a row (`vocabulary.ROW_NAMES`) and a column (`COLUMN_NAMES`)."""
    heading: str | None
    """Which way the robot looks: one of `vocabulary.HEADING_NAMES`."""
    arm: str | None
    """lowered, level or raised, and stretched or bent."""
    relation: str | None
    """On which side of the table the robot is, and "facing" it or "aside"."""
    colour: str | None
    """The table's: one of `colours.COLOUR_NAMES`."""
    spot: str | None
    """Where the table is, as `place`."""
    orientation: str | None
    """Where the table's white end points: one of `vocabulary.ORIENTATION_NAMES`."""
    box: str | None
    """The colour of the box on the table, or "none"."""


SPEAKER = Speaker(
    grammar=GRAMMAR,
    reader=READER,
    reading=CaptionReading,
    soft_classes=soft_classes,
    soft=len(DESCRIPTOR_NAMES),
    stream=_STREAM,
    reword_stream=_REWORD_STREAM,
)
"""Who writes and reads the captions of the factory."""


def write_captions(factors: Float[np.ndarray, "n 13"], *, seed: int, start: int = 0) -> list[str]:
    """One sentence for each row of `factors`; of the light nothing is said.

    The class of each descriptor is drawn softly (see `classes`), then its wording, the clauses'
    order and the opening; so another seed says the same scene otherwise. The sentence of row i
    depends on its factors and on (seed, start + i) only.

    Example:
        >>> scene = np.array([[-2, 2, 0, 1.2, 0, 1, 0, 0, 0.66, 1, 0, 0, 1]])
        >>> write_captions(scene, seed=5)[0][:68]
        'A robot is parked at the very back on the far left, looking east, it'
    """
    return SPEAKER.write(check_factors(factors), seed=seed, start=start)


def read_caption(sentence: str, *, partial: bool = False) -> CaptionReading:
    """Read what one sentence says; the inverse of `write_captions`.

    Args:
        sentence: a caption, or a person's own words.
        partial: give None for what is not said, instead of an error.

    Raises:
        InputError: it says which word is unknown (and the nearest known one), what is missing,
            and what is said twice differently.

    Example:
        >>> reading = read_caption("the robot stands in the back left corner", partial=True)
        >>> reading.place
        'very back far left'
    """
    return SPEAKER.read(sentence, partial=partial)


def read_loosely(sentence: str) -> CaptionReading:
    """Read what can be read, and never raise: for sentences that a network has made.

    Unknown words are passed over; a descriptor that is absent, or named twice differently, is None.
    """
    return SPEAKER.read_loosely(sentence)


def reword(readings: Sequence[CaptionReading], *, seed: int, start: int = 0) -> list[str]:
    """Write new sentences that say exactly the same eight things.

    Example:
        >>> from amodal.data.factory import draw_factors
        >>> reading = read_caption(write_captions(draw_factors(1, seed=0), seed=0)[0])
        >>> read_caption(reword([reading], seed=1)[0]) == reading
        True
    """
    return SPEAKER.reword(readings, seed=seed, start=start)
