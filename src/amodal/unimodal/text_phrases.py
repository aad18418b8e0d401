"""Which known phrases occur in a sentence: runs of words, and words with a gap between them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np

from amodal.typing import Int64

GAP = " … "
"""Between a word and the one or two words that follow it at some distance."""
MARKS = frozenset(".,;:!?")
"""No phrase runs over one of these where there are gaps."""


class Phrases:
    """The known phrases, numbered from 0.

    Phrases longer than a word tell "very small" from "small", and "left of centre" from "in the
    centre", in a sum over what occurs, wherever in the sentence it stands. Phrases with a gap tell
    of what something is said: "stands … far left" is heard in "stands by the wall on the far
    left", and is as common as either half of that place, where the whole run is rare.

    Args:
        phrases: in the order of their numbers.
        reach: the second part of a phrase with a gap begins at most so many words after its
            first word, in the same clause; 0 where no phrase has a gap.

    Example:
        >>> phrases = Phrases(["red", "egg", "red egg"])
        >>> phrases.longest, sorted(phrases.of(["a", "red", "egg"]))
        (2, [0, 1, 2])
        >>> Phrases(["stands … left"], reach=4).of("it stands on the left".split())
        [0]
    """

    def __init__(self, phrases: Sequence[str], *, reach: int = 0) -> None:
        self.phrases = tuple(phrases)
        self.reach = reach
        runs = [phrase for phrase in self.phrases if GAP not in phrase]
        self.longest = max((run.count(" ") + 1 for run in runs), default=0)
        self._numbers = {phrase: number for number, phrase in enumerate(self.phrases)}

    def __len__(self) -> int:
        return len(self.phrases)

    @classmethod
    def commonest(
        cls, sentences: Iterable[Sequence[str]], *, longest: int, count: int, reach: int = 0
    ) -> "Phrases":
        """The `count` phrases that most of the sentences (given as words) hold."""
        counts: Counter[str] = Counter()
        for words in sentences:
            counts.update(_phrases_in(words, longest, reach))
        ranked = sorted(counts, key=lambda phrase: (-counts[phrase], phrase))
        return cls(ranked[:count], reach=reach)

    def of(self, words: Sequence[str]) -> list[int]:
        """Numbers of the known phrases of a sentence, each once."""
        numbers = self._numbers
        heard = _phrases_in(words, self.longest, self.reach)
        return sorted(numbers[phrase] for phrase in heard if phrase in numbers)

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


def _phrases_in(words: Sequence[str], longest: int, reach: int) -> set[str]:
    if not reach:
        return _runs(words, longest)
    return {
        phrase
        for clause in _clauses(words)
        for part in (_runs(clause, longest), _gapped(clause, reach))
        for phrase in part
    }


def _clauses(words: Sequence[str]) -> Iterator[list[str]]:
    for is_mark, clause in groupby(words, MARKS.__contains__):
        if not is_mark:
            yield list(clause)


def _gapped(words: Sequence[str], reach: int) -> list[str]:
    pairs = [" ".join(pair) for pair in pairwise(words)]
    return [
        word + GAP + end
        for start, word in enumerate(words)
        for ends in (words, pairs)
        for end in ends[start + 2 : start + reach + 1]
    ]


def _runs(words: Sequence[str], longest: int) -> set[str]:
    count = len(words)
    return {
        " ".join(words[start : start + size])
        for size in range(1, longest + 1)
        for start in range(count - size + 1)
    }
