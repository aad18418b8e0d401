"""One who writes captions of scenes and reads them back: a grammar, its inverse, and soft naming.

A kind of data brings its words, its classes and the type of its readings; the rest is here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from amodal.data.grammar import Grammar
from amodal.data.random import BLOCK, drawn_in_blocks
from amodal.data.reading import Reader
from amodal.errors import InputError, unknown_name
from amodal.typing import Float, Int64

ReadingOfKind = TypeVar("ReadingOfKind")


@dataclass(frozen=True)
class Speaker(Generic[ReadingOfKind]):
    """Writes, reads and rewords the captions of one kind of data."""

    grammar: Grammar
    reader: Reader
    reading: Callable[..., ReadingOfKind]
    """Makes a reading from the class of each descriptor, by the descriptor's name."""
    soft_classes: Callable[[np.ndarray, np.ndarray], np.ndarray]
    """(factors, uniforms) -> the index of a class of each descriptor, softly drawn."""
    soft: int
    """How many uniform numbers that takes for each scene."""
    stream: int
    """Number of the random stream that captions are written with."""
    reword_stream: int
    """Likewise, for saying a reading again."""

    def write(self, factors: Float[np.ndarray, "n _"], *, seed: int, start: int = 0) -> list[str]:
        """One sentence for each scene; it depends on the scene and (seed, start + i) only."""
        sentences = []
        draws = self.soft + self.grammar.draws
        # In pieces, because the distances to all colour names may take a kilobyte a scene.
        for first in range(0, len(factors), BLOCK):
            part = factors[first : first + BLOCK]
            uniforms = _uniforms(
                len(part), draws, seed=seed, stream=self.stream, start=start + first
            )
            classes = self.soft_classes(part, uniforms[:, : self.soft])
            sentences += self.grammar.write(classes, uniforms[:, self.soft :])
        return sentences

    def read(self, sentence: str, *, partial: bool) -> ReadingOfKind:
        """What a sentence says; an error when it cannot be read, or is not a sentence."""
        if not isinstance(sentence, str):
            raise InputError(f"a caption is {type(sentence).__name__}, expected a sentence (str)")
        return self.reading(**self.reader.read(sentence, partial=partial))

    def read_loosely(self, sentence: str) -> ReadingOfKind:
        """What can be read; None for what is absent, or named twice differently."""
        found = self.reader.scan(sentence).found
        single = {name: classes[0] for name, classes in found.items() if len(classes) == 1}
        return self.reading(**{d.name: single.get(d.name) for d in self.grammar.descriptors})

    def reword(self, readings: Sequence[ReadingOfKind], *, seed: int, start: int = 0) -> list[str]:
        """New sentences that say exactly the same."""
        uniforms = _uniforms(
            len(readings), self.grammar.draws, seed=seed, stream=self.reword_stream, start=start
        )
        return self.grammar.write(self.class_indices(readings), uniforms)

    def class_indices(
        self, readings: Sequence[ReadingOfKind], *, silent: int | None = None
    ) -> Int64[np.ndarray, "n descriptor"]:
        """The readings as indices of classes, in the order of the grammar's descriptors.

        Args:
            readings: what was read.
            silent: the index that stands for None and unknown names; without it they are errors.

        Raises:
            UnknownNameError: a reading holds a name that the words do not have, or None.
        """
        result = np.empty((len(readings), len(self.grammar.descriptors)), np.int64)
        for column, descriptor in enumerate(self.grammar.descriptors):
            index = {name: position for position, name in enumerate(descriptor.classes)}
            for row, reading in enumerate(readings):
                name = getattr(reading, descriptor.name)
                found = index.get(name, silent)
                if found is None:
                    raise unknown_name(descriptor.name, name, index)
                result[row, column] = found
        return result


def _uniforms(
    n: int, draws: int, *, seed: int, stream: int, start: int
) -> Float[np.ndarray, "n draw"]:
    def draw(generator: np.random.Generator) -> np.ndarray:
        return generator.random((BLOCK, draws))

    return drawn_in_blocks(draw, n, seed=seed, stream=stream, start=start)
