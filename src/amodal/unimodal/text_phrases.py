"""Which known phrases (runs of one to a few words) occur in a sentence."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from amodal.typing import Int64


class Phrases:
    """The known phrases, numbered from 0.

    Phrases longer than a word tell "very small" from "small", and "left of centre" from "in the
    centre", in a sum over what occurs, wherever in the sentence it stands.

    Example:
        >>> phrases = Phrases(["red", "egg", "red egg"])
        >>> phrases.longest, sorted(phrases.of(["a", "red", "egg"]))
        (2, [0, 1, 2])
    """

    def __init__(self, phrases: Sequence[str]) -> None:
        self.phrases = tuple(phrases)
        self.longest = max(phrase.count(" ") + 1 for phrase in self.phrases)
        self._numbers = {phrase: number for number, phrase in enumerate(self.phrases)}

    def __len__(self) -> int:
        return len(self.phrases)

    @classmethod
    def commonest(
        cls, sentences: Iterable[Sequence[str]], *, longest: int, count: int
    ) -> "Phrases":
        """The `count` phrases that most of the sentences (given as words) hold."""
        counts: Counter[str] = Counter()
        for words in sentences:
            counts.update(_runs(words, longest))
        ranked = sorted(counts, key=lambda phrase: (-counts[phrase], phrase))
        return cls(ranked[:count])

    def of(self, words: Sequence[str]) -> list[int]:
        """Numbers of the known phrases of a sentence, each once."""
        numbers = self._numbers
        return sorted(numbers[run] for run in _runs(words, self.longest) if run in numbers)

    def bags(
        self, sentences: Iterable[Sequence[str]]
    ) -> tuple[Int64[np.ndarray, " phrase"], Int64[np.ndarray, " row"]]:
        """The numbers of all sentences in one array, and where each sentence begins in it."""
        numbers: list[int] = []
        starts: list[int] = []
        for words in sentences:
            starts.append(len(numbers))
            numbers += self.of(words)
        return np.array(numbers, np.int64), np.array(starts, np.int64)


def _runs(words: Sequence[str], longest: int) -> set[str]:
    count = len(words)
    return {
        " ".join(words[start : start + size])
        for size in range(1, longest + 1)
        for start in range(count - size + 1)
    }
