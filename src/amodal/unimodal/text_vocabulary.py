"""Sentences as rows of word numbers, and back."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np

from amodal.errors import InputError
from amodal.typing import Int

PADDING, START, END, UNKNOWN = 0, 1, 2, 3
SPECIAL = ("<padding>", "<start>", "<end>", "<unknown>")

_TOKEN = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*|[.,;:!?]")
_SPACE_BEFORE_MARK = re.compile(r" ([.,;:!?])")


def split_words(sentence: str) -> list[str]:
    """The words and punctuation marks of a sentence, in lower case.

    Example:
        >>> split_words("A small, blue-green egg.")
        ['a', 'small', ',', 'blue-green', 'egg', '.']
    """
    return _TOKEN.findall(sentence.lower())


def join_words(words: Sequence[str]) -> str:
    """The sentence made of `words`: no space before a mark, a capital at its start.

    Example:
        >>> join_words(["a", "small", ",", "blue-green", "egg", "."])
        'A small, blue-green egg.'
    """
    sentence = _SPACE_BEFORE_MARK.sub(r"\1", " ".join(words))
    return sentence[:1].upper() + sentence[1:]


class Vocabulary:
    """The known words, numbered: 0 padding, 1 start, 2 end, 3 unknown, then the words.

    Example:
        >>> vocabulary = Vocabulary(["a", "red", "egg"], length=6)
        >>> vocabulary.number(["A red egg", "a redd egg"])
        array([[4, 5, 6, 2, 0, 0],
               [4, 5, 6, 2, 0, 0]])
        >>> vocabulary.sentences(vocabulary.number(["a red egg"]))
        ['A red egg']
    """

    def __init__(self, words: Sequence[str], *, length: int) -> None:
        self.words = (*SPECIAL, *words)
        self.length = length
        """Tokens in a row, the end mark included."""
        self._numbers = {word: number for number, word in enumerate(self.words)}
        self._guesses: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.words)

    @classmethod
    def from_sentences(cls, sentences: Iterable[str], *, spare: int = 4) -> "Vocabulary":
        """Every word of `sentences`, commonest first, and room for `spare` more tokens a row."""
        counts: Counter[str] = Counter()
        longest = 0
        for sentence in sentences:
            words = split_words(sentence)
            counts.update(words)
            longest = max(longest, len(words))
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(ranked, length=longest + 1 + spare)

    def number(self, sentences: Sequence[str]) -> Int[np.ndarray, "row length"]:
        """Number the words of each sentence; a misspelt word counts as the nearest known one.

        Args:
            sentences: one string per row.

        Returns:
            Word numbers, then the end mark, then padding.

        Raises:
            InputError: a row is not a string, is empty, too long, or holds no known word.
        """
        rows = np.full((len(sentences), self.length), PADDING, dtype=np.int64)
        for index, sentence in enumerate(sentences):
            numbers = self._number_one(sentence, index)
            rows[index, : len(numbers)] = numbers
        return rows

    def known_words(self, sentence: str) -> list[str]:
        """The words of a sentence, each misspelt one replaced by the nearest known one.

        Example:
            >>> Vocabulary(["a", "red", "egg"], length=6).known_words("A redd egg")
            ['a', 'red', 'egg']
        """
        known = self._numbers
        return [
            word if word in known else self.words[self._guess(word)]
            for word in split_words(sentence)
        ]

    def sentences(self, rows: Int[np.ndarray, "row length"]) -> list[str]:
        """The sentences that rows of word numbers stand for, each up to its first end mark."""
        result = []
        for row in rows:
            ends = np.flatnonzero((row == END) | (row == PADDING))
            stop = ends[0] if len(ends) else len(row)
            result.append(join_words([self.words[number] for number in row[:stop]]))
        return result

    def _number_one(self, sentence: str, index: int) -> list[int]:
        if not isinstance(sentence, str):
            raise InputError(
                f"text, row {index}: expected a string, got {type(sentence).__name__}: "
                "give a list of sentences"
            )
        words = split_words(sentence)
        if not words:
            raise InputError(f"text, row {index}: the sentence {sentence!r} has no words")
        if len(words) > self.length - 1:
            raise InputError(
                f"text, row {index}: the sentence has {len(words)} words and marks, this model "
                f"reads at most {self.length - 1}: shorten or split {sentence[:60]!r}..."
            )
        known = self._numbers
        numbers = [known[word] if word in known else self._guess(word) for word in words]
        if all(self.words[n] in (SPECIAL[UNKNOWN], *".,;:!?") for n in numbers):
            raise InputError(
                f"text, row {index}: no word of {sentence[:60]!r} is known to this model: "
                "it reads captions like those that it was trained on"
            )
        return [*numbers, END]

    def _guess(self, word: str) -> int:
        """The number of the known word nearest to an unknown one, if any is near."""
        if word not in self._guesses:
            if len(self._guesses) > 10_000:
                self._guesses.clear()
            close = get_close_matches(word, self.words[len(SPECIAL) :], n=1, cutoff=0.75)
            self._guesses[word] = self._numbers[close[0]] if close else UNKNOWN
        return self._guesses[word]
