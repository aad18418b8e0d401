"""Sentences from classes: descriptors with several wordings, put together by weighted templates.

Nothing here knows what is described: a data set brings its own descriptors (see
`amodal.data.shapes.vocabulary`), and `amodal.data.reading` derives the inverse from the same words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from amodal.errors import InputError
from amodal.typing import Float, Int64

_SLOT = re.compile(r"\{(a )?([a-z]+)\}")


@dataclass(frozen=True)
class Descriptor:
    """One thing that a sentence says, such as the size: its classes, and the words for each."""

    name: str
    """What it is called in a template's slot, `{size}`, or `{a size}` for "a small"."""
    wordings: Mapping[str, Sequence[str]]
    """The phrases that a sentence may use for each class, all equally likely."""
    understood: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Further phrases that are read as each class but never written."""

    @property
    def classes(self) -> list[str]:
        """The names of the classes, in order."""
        return list(self.wordings)


@dataclass(frozen=True)
class Grammar:
    """Descriptors, free phrases, and templates that hold slots for both.

    Example:
        >>> size = Descriptor("size", {"small": ("little", "tiny"), "large": ("enormous",)})
        >>> free, templates = {"opening": ("there is", "I see")}, ((1, "{opening} {a size} egg."),)
        >>> grammar = Grammar((size,), free, templates)
        >>> grammar.write(np.array([[1], [0]]), np.array([[0.0, 0.0, 0.0], [0.0, 0.7, 0.6]]))
        ['There is an enormous egg.', 'I see a tiny egg.']
    """

    descriptors: tuple[Descriptor, ...]
    free: Mapping[str, Sequence[str]]
    """Phrases that carry no meaning (openings, verbs), by the name of their slot."""
    templates: tuple[tuple[float | int, str], ...]
    """Weight and text. Every template has one slot for each descriptor."""

    def __post_init__(self) -> None:
        names = {descriptor.name for descriptor in self.descriptors}
        for _, template in self.templates:
            slots = [name for _, name in _SLOT.findall(template)]
            if not names <= set(slots) or len(slots) != len(set(slots)):
                raise InputError(f"the template {template!r} needs each of {sorted(names)} once")

    @property
    def draws(self) -> int:
        """How many uniform numbers one sentence takes: template, wordings, free phrases."""
        return 1 + len(self.descriptors) + len(self.free)

    def write(
        self, classes: Int64[np.ndarray, "n descriptor"], uniforms: Float[np.ndarray, "n draw"]
    ) -> list[str]:
        """One sentence for each row of `classes`, in the wording that `uniforms` in [0, 1) pick."""
        phrases, chosen = self._phrases(classes, uniforms)
        weights = np.cumsum([weight for weight, _ in self.templates])
        which = np.searchsorted(weights / weights[-1], uniforms[:, 0], side="right")
        sentences = np.empty(len(classes), object)
        for index in np.unique(which):
            rows = np.flatnonzero(which == index)
            template = self.templates[index][1]
            columns = []
            for article, name in _SLOT.findall(template):
                words = phrases[name][bool(article)]
                columns.append(words[chosen[name][rows]])
            pattern = _SLOT.sub("%s", template)
            texts = [pattern % words for words in zip(*columns, strict=True)]
            sentences[rows] = [text[0].upper() + text[1:] for text in texts]
        return sentences.tolist()

    def _phrases(
        self, classes: Int64[np.ndarray, "n descriptor"], uniforms: Float[np.ndarray, "n draw"]
    ) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], dict[str, np.ndarray]]:
        """Each slot's phrases (without and with an article), and the one chosen for each row."""
        phrases, chosen = {}, {}
        for column, descriptor in enumerate(self.descriptors):
            lists = list(descriptor.wordings.values())
            counts = np.array([len(words) for words in lists])
            first, of = np.cumsum(counts) - counts, classes[:, column]
            chosen[descriptor.name] = first[of] + _pick(uniforms[:, 1 + column], counts[of])
            phrases[descriptor.name] = _with_articles([word for words in lists for word in words])
        for column, (name, words) in enumerate(self.free.items(), 1 + len(self.descriptors)):
            chosen[name] = _pick(uniforms[:, column], len(words))
            phrases[name] = _with_articles(words)
        return phrases, chosen


def pick_softly(
    squared_distances: Float[np.ndarray, "n class"],
    uniforms: Float[np.ndarray, " n"],
    *,
    spread: float,
) -> Int64[np.ndarray, " n"]:
    """Name as people do: the nearest class mostly, a neighbouring one near a boundary.

    Class c is drawn with a probability proportional to exp(-d_c^2 / (2 spread^2)).

    Args:
        squared_distances: of each thing to each class.
        uniforms: one number in [0, 1) for each thing, which decides.
        spread: how fuzzy the naming is, in the unit of the distances.

    Example:
        >>> distances = np.array([[0.0, 100.0], [1.0, 1.0]])
        >>> pick_softly(distances, np.array([0.9, 0.9]), spread=1.0).tolist()
        [0, 1]
    """
    closest = squared_distances.min(axis=1, keepdims=True)
    weights = np.exp((closest - squared_distances) / (2 * spread**2))
    heights = np.cumsum(weights, axis=1)
    reached = heights <= uniforms[:, None] * heights[:, -1:]
    return np.minimum(reached.sum(axis=1), weights.shape[1] - 1)


def with_article(phrase: str) -> str:
    """The phrase behind "a" or "an".

    Example:
        >>> with_article("orange"), with_article("light orange")
        ('an orange', 'a light orange')
    """
    return ("an " if phrase[0] in "aeio" else "a ") + phrase


def _with_articles(words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    return np.array(words, object), np.array([with_article(word) for word in words], object)


def _pick(uniforms: Float[np.ndarray, " n"], counts: np.ndarray | int) -> Int64[np.ndarray, " n"]:
    # A uniform number just below 1 times the count may round up to the count itself.
    return np.minimum((uniforms * counts).astype(np.int64), np.asarray(counts) - 1)
