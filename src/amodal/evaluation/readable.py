"""What people can read in translations: pictures, sentences and attributes held against the truth.

A drawn picture is read by the shipped reader of its kind, a sentence by the caption parser,
attributes are read as they are.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from amodal.data.kinds import Kind
from amodal.errors import InputError, unknown_name
from amodal.typing import Float, UInt8
from amodal.unimodal import load_model

READER = "reader"
"""The unimodal model of each kind that reads pictures ("shapes/reader"), trained with labels; it
has no part in any workspace."""


def picture_figures(
    kind: Kind,
    pictures: UInt8[np.ndarray, "n side side 3"],
    factors: Float[np.ndarray, "n factor"],
) -> dict[str, float]:
    """Errors of what the shipped reader sees in pictures; names as `Kind.figures`."""
    read = load_model(f"{kind.name}/{READER}").encode(pictures).numpy()
    return kind.readable_errors(read, kind.attributes(factors))


def attribute_figures(
    kind: Kind,
    rows: Float[np.ndarray, "n attribute"],
    factors: Float[np.ndarray, "n factor"],
) -> dict[str, float]:
    """Errors of attributes; names as `Kind.figures`."""
    return kind.readable_errors(rows, kind.attributes(factors))


def sentence_figures(
    kind: Kind, sentences: Sequence[str], factors: Float[np.ndarray, "n factor"]
) -> dict[str, float]:
    """Shares of sentences that describe their scene rightly.

    A sentence names classes softly, so what is near the truth counts as right (`Kind.leniency`).

    Returns:
        shape_right and so on for every descriptor; all_right, the share right in everything;
        well_formed, the share in which every descriptor could be read.

    Example:
        >>> from amodal.data.kinds import kind_of
        >>> kind = kind_of("shapes")
        >>> factors = kind.draw(200, seed=1)
        >>> figures = sentence_figures(kind, kind.write(factors, seed=1), factors)
        >>> figures["shape_right"], figures["well_formed"]
        (1.0, 1.0)
    """
    if not len(sentences):
        raise InputError("there are no sentences to score, expected at least one")
    readings = [kind.read_loosely(sentence) for sentence in sentences]
    right = kind.agreement(readings, factors)
    figures = {f"{name}_right": float(each.mean()) for name, each in right.items()}
    figures["all_right"] = float(np.all(list(right.values()), axis=0).mean())
    whole = [
        None not in (getattr(reading, name) for name in kind.descriptor_names)
        for reading in readings
    ]
    return figures | {"well_formed": float(np.mean(whole))}


READERS: dict[str, Callable[[Kind, Any, Any], dict[str, float]]] = {
    "image": picture_figures,
    "text": sentence_figures,
    "attributes": attribute_figures,
}
"""How raw things of each modality are read."""


def readable_figures(
    kind: Kind, modality: str, raw: Any, factors: Float[np.ndarray, "n factor"]
) -> dict[str, float]:
    """Figures of raw things of one modality, held against true factors.

    Raises:
        UnknownNameError: nobody knows how to read this modality.
    """
    if modality not in READERS:
        raise unknown_name("readable modality", modality, READERS)
    return READERS[modality](kind, raw, factors)
