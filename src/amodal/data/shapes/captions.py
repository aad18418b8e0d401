"""Captions of Simple Shapes: written from factors, read back, and said again in other words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from amodal.data.random import BLOCK, drawn_in_blocks
from amodal.data.shapes.classes import soft_classes
from amodal.data.shapes.factors import check_factors
from amodal.data.shapes.vocabulary import DESCRIPTOR_NAMES, GRAMMAR, READER
from amodal.errors import InputError, unknown_name
from amodal.typing import Float, Int64

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
    factors = check_factors(factors)
    sentences = []
    draws = _SOFT + GRAMMAR.draws
    # In pieces, because the distances to all colour names take a kilobyte a scene.
    for first in range(0, len(factors), BLOCK):
        part = factors[first : first + BLOCK]
        uniforms = _uniforms(len(part), draws, seed=seed, stream=_STREAM, start=start + first)
        sentences += GRAMMAR.write(soft_classes(part, uniforms[:, :_SOFT]), uniforms[:, _SOFT:])
    return sentences


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
    if not isinstance(sentence, str):
        raise InputError(f"a caption is {type(sentence).__name__}, expected a sentence (str)")
    return CaptionReading(**READER.read(sentence, partial=partial))


def read_loosely(sentence: str) -> CaptionReading:
    """Read what can be read, and never raise: for sentences that a network has made.

    Unknown words are passed over; a descriptor that is absent, or named twice differently, is None.
    """
    found = READER.scan(sentence).found
    single = {name: classes[0] for name, classes in found.items() if len(classes) == 1}
    return CaptionReading(**{name: single.get(name) for name in DESCRIPTOR_NAMES})


def reword(readings: Sequence[CaptionReading], *, seed: int, start: int = 0) -> list[str]:
    """Write new sentences that say exactly the same five things.

    Example:
        >>> reading = CaptionReading("egg", "huge", "teal", "middle centre", "up left")
        >>> sentence = reword([reading], seed=0)[0]
        >>> read_caption(sentence) == reading
        True
    """
    uniforms = _uniforms(
        len(readings), GRAMMAR.draws, seed=seed, stream=_REWORD_STREAM, start=start
    )
    return GRAMMAR.write(class_indices(readings), uniforms)


def class_indices(readings: Sequence[CaptionReading]) -> Int64[np.ndarray, "n 5"]:
    """The readings as indices, in the order of `DESCRIPTOR_NAMES`.

    Raises:
        UnknownNameError: a reading holds a name that the vocabulary does not have, or None.
    """
    result = np.empty((len(readings), len(DESCRIPTOR_NAMES)), np.int64)
    for column, descriptor in enumerate(GRAMMAR.descriptors):
        index = {name: position for position, name in enumerate(descriptor.classes)}
        for row, reading in enumerate(readings):
            name = getattr(reading, descriptor.name)
            if name not in index:
                raise unknown_name(descriptor.name, name, index)
            result[row, column] = index[name]
    return result


def _uniforms(
    n: int, draws: int, *, seed: int, stream: int, start: int
) -> Float[np.ndarray, "n draw"]:
    def draw(generator: np.random.Generator) -> np.ndarray:
        return generator.random((BLOCK, draws))

    return drawn_in_blocks(draw, n, seed=seed, stream=stream, start=start)
