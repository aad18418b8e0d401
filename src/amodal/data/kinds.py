"""The kinds of things that can be generated: all that the rest needs to know of each, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from amodal.data.figures import Figure
from amodal.data.typed import TypedFactor
from amodal.errors import unknown_name
from amodal.specification import LatentSpec


@dataclass(frozen=True)
class Kind:
    """One kind of data: its factors, and how each modality shows, says and judges them.

    A reading is what a sentence says: an object with an attribute for each of `descriptor_names`,
    which is None where the sentence is silent.
    """

    name: str
    """As typed: "shapes"."""
    title: str
    """For people: "Simple Shapes"."""
    version: int
    """Raised when the same seed gives other bytes than before."""
    side: int
    """Height and width of its pictures in pixels, where nothing else is asked for."""

    factor_names: tuple[str, ...]
    """Columns of the factors."""
    draw: Callable[..., np.ndarray]
    """(n, *, seed, start) -> factors, float32."""
    render: Callable[..., np.ndarray]
    """(factors, *, side) -> uint8 pictures, channels last."""
    triplets: Callable[..., np.ndarray]
    """(factors, rows, *, count, seed) -> odd-one-out triplets: three rows, the odd one's position,
    the number of the attribute that the other two share."""
    shared_names: tuple[str, ...]
    """What two things of a triplet may share, by number."""
    in_heldout_region: Callable[..., np.ndarray]
    """(factors, *, seed) -> which rows lie in the held-out region."""
    heldout_words: Callable[..., str]
    """(*, seed) -> the held-out region in words."""

    attribute_names: tuple[str, ...]
    """Columns of the attributes."""
    attribute_blocks: LatentSpec
    """How they are measured; continuous ones lie in [-1, 1]."""
    attributes: Callable[[np.ndarray], np.ndarray]
    """factors -> attributes, float32."""
    factors_from_attributes: Callable[[Any], np.ndarray]
    """Attributes, which need not be exact -> the nearest factors."""
    readable_errors: Callable[[Any, Any], dict[str, float]]
    """(predicted, true attributes) -> how far they are off, by the names of `figures`."""
    figures: tuple[Figure, ...]
    """What `readable_errors` gives, in the order of tables."""
    headline: tuple[Figure, ...]
    """The few of them that comparisons and plots show, the first ones at the top of a report."""
    finest: Figure
    """The one that tells good models apart."""
    roughest: Figure
    """The one in which what is drawn from a sentence is judged: sentences name softly."""
    typed: tuple[TypedFactor, ...]
    """The factors that attributes tell, as people type them."""

    descriptor_names: tuple[str, ...]
    """What a sentence says."""
    write: Callable[..., list[str]]
    """(factors, *, seed, start) -> sentences."""
    read: Callable[[str], Any]
    """A caption -> its reading, or an error that says what cannot be read."""
    read_loosely: Callable[[str], Any]
    """Any sentence -> the reading of what can be read."""
    reword: Callable[..., list[str]]
    """(readings, *, seed) -> other sentences that say the same."""
    agreement: Callable[..., dict[str, np.ndarray]]
    """(readings, factors) -> for each descriptor, whether each reading agrees with its factors."""
    leniency: str
    """What counts as agreement although it is not exact, in a sentence."""
    own_words: tuple[str, ...]
    """Sentences that no grammar wrote, to try models with."""
    near_names: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    """Descriptors that have many names: for each name, those that may be said in its place; one
    that is left out stands for itself alone."""


KIND_NAMES = ("shapes", "factory")
"""Each is described in its own folder, in `kind.py`."""


def kind_of(name: str) -> Kind:
    """The kind called `name`, or that of a unimodal model so called ("shapes/image").

    Raises:
        UnknownNameError: there is none; the nearest name is offered.

    Example:
        >>> kind_of("shapes").factor_names[:3], kind_of("shapes/text").title
        (('shape', 'x', 'y'), 'Simple Shapes')
    """
    name = name.partition("/")[0]
    if name not in KIND_NAMES:
        raise unknown_name("kind of data", name, KIND_NAMES)
    # Not before: what one kind needs may not be there, and takes time to load.
    return import_module(f"amodal.data.{name}.kind").KIND
