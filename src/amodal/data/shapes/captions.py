"""Captions of Simple Shapes: written from factors, read back, and said again in other words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amodal.data.shapes.classes import soft_classes
from amodal.data.shapes.factors import check_factors
from amodal.data.shapes.vocabulary import DESCRIPTOR_NAMES, GRAMMAR, READER
from amodal.data.speaker import Speaker
from amodal.typing import Float

_STREAM, _REWORD_STREAM = 2, 3
_SOFT = len(DESCRIPTOR_NAMES) - 1


@dataclass(frozen=True)
class CaptionReading:
    """The five things that a caption says; None where a partial sentence is silent."""

    shape: str | None
    """diamond, egg or triangle."""
    size: str | None
    """One of `vocabulary.SIZE_NAMES`."""
    colour: str | None
    """One of `colours.COLOUR_NAMES`."""
    place: str | None
    """One of `vocabulary.PLACE_NAMES`."""
    orientation: str | None
    """One of `vocabulary.ORIENTATION_NAMES`."""


SPEAKER = Speaker(
    grammar=GRAMMAR,
    reader=READER,
    reading=CaptionReading,
    soft_classes=soft_classes,
    soft=_SOFT,
    stream=_STREAM,
    reword_stream=_REWORD_STREAM,
)
"""Who writes and reads the captions of Simple Shapes."""


def write_captions(factors: Float[np.ndarray, "n 8"], *, seed: int, start: int = 0) -> list[str]:
    """One sentence for each row of `factors`.

    The class of each descriptor is drawn softly (see `classes`), then its wording, the clauses'
    order and the opening; so another seed says the same scene otherwise. The sentence of row i
    depends on its factors and on (seed, start + i) only.

    Example:
        >>> scene = np.array([[2, 24, 8, 7.2, 0, 1.0, 0.0, 0.0]])
        >>> write_captions(scene, seed=1)
        ['A tiny triangle in red appears near the top edge near the right edge, pointing north.']
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
        >>> read_caption("a small red triangle in the top left corner", partial=True).place
        'very top far left'
    """
    return SPEAKER.read(sentence, partial=partial)


def read_loosely(sentence: str) -> CaptionReading:
    """Read what can be read, and never raise: for sentences that a network has made.

    Unknown words are passed over; a descriptor that is absent, or named twice differently, is None.
    """
    return SPEAKER.read_loosely(sentence)


def reword(readings: Sequence[CaptionReading], *, seed: int, start: int = 0) -> list[str]:
    """Write new sentences that say exactly the same five things.

    Example:
        >>> reading = CaptionReading("egg", "huge", "teal", "middle centre", "up left")
        >>> sentence = reword([reading], seed=0)[0]
        >>> read_caption(sentence) == reading
        True
    """
    return SPEAKER.reword(readings, seed=seed, start=start)
