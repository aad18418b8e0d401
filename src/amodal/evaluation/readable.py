"""What people can read in translations: pictures, sentences and attributes held against the truth.

A drawn picture is read by the shipped reader, a sentence by the caption parser, attributes are
read as they are.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from amodal.data.shapes import agreement, attributes, read_loosely
from amodal.errors import InputError, unknown_name
from amodal.typing import Float, UInt8
from amodal.unimodal import load_model
from amodal.unimodal.readable import readable_errors

READER = "shapes/reader"
"""The unimodal model that reads pictures, trained with labels; it has no part in any workspace."""


def picture_figures(
    pictures: UInt8[np.ndarray, "n side side 3"], factors: Float[np.ndarray, "n 8"]
) -> dict[str, float]:
    """Errors of what the shipped reader sees in pictures; names as `readable_errors`."""
    read = load_model(READER).encode(pictures).numpy()
    return readable_errors(read, attributes(factors))


def attribute_figures(
    rows: Float[np.ndarray, "n 11"], factors: Float[np.ndarray, "n 8"]
) -> dict[str, float]:
    """Errors of attributes; names as `readable_errors`."""
    return readable_errors(rows, attributes(factors))


def sentence_figures(
    sentences: Sequence[str], factors: Float[np.ndarray, "n 8"]
) -> dict[str, float]:
    """Shares of sentences that describe their scene rightly.

    A sentence names classes softly, so the next size, place or orientation, and a colour name near
    the true colour, count as right (`amodal.data.shapes.agreement`).

    Returns:
        shape_right, size_right, colour_right, place_right, orientation_right; all_right, the share
        right in everything; well_formed, the share in which all five could be read.

    Example:
        >>> from amodal.data.shapes import draw_factors, write_captions
        >>> factors = draw_factors(200, seed=1)
        >>> figures = sentence_figures(write_captions(factors, seed=1), factors)
        >>> figures["shape_right"], figures["well_formed"]
        (1.0, 1.0)
    """
    if not len(sentences):
        raise InputError("there are no sentences to score, expected at least one")
    readings = [read_loosely(sentence) for sentence in sentences]
    right = agreement(readings, factors)
    figures = {f"{name}_right": float(each.mean()) for name, each in right.items()}
    figures["all_right"] = float(np.all(list(right.values()), axis=0).mean())
    whole = [None not in vars(reading).values() for reading in readings]
    return figures | {"well_formed": float(np.mean(whole))}


READERS: dict[str, Callable[[Any, Any], dict[str, float]]] = {
    "image": picture_figures,
    "text": sentence_figures,
    "attributes": attribute_figures,
}
"""How raw things of each modality of Simple Shapes are read."""


def readable_figures(
    modality: str, raw: Any, factors: Float[np.ndarray, "n 8"]
) -> dict[str, float]:
    """Figures of raw things of one modality, held against true factors.

    Raises:
        UnknownNameError: nobody knows how to read this modality.
    """
    if modality not in READERS:
        raise unknown_name("readable modality", modality, READERS)
    return READERS[modality](raw, factors)
