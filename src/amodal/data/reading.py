"""The inverse of a grammar: which class of each descriptor a sentence names, or what is unreadable.

A sentence is read from left to right; the longest known phrase wins ("light sea green" before
"sea green"). Capitals and punctuation do not matter, and neither do the grammar's empty words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from amodal.data.grammar import Grammar
from amodal.errors import InputError

_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_END = ""


@dataclass
class Reading:
    """What was found in one sentence."""

    found: dict[str, list[str]] = field(default_factory=dict)
    """By descriptor, the classes named, without repetition."""
    unknown: list[str] = field(default_factory=list)
    """Words that belong to no phrase and are not known to be empty."""


class Reader:
    """Reads what the sentences of one grammar say.

    Args:
        grammar: the words and their meaning.
        empty_words: words that carry no meaning, besides those of templates and free phrases.
        also: pairs of spellings that are taken for one, {"gray": "grey"}.
    """

    def __init__(
        self,
        grammar: Grammar,
        *,
        empty_words: Iterable[str] = (),
        also: dict[str, str] | None = None,
    ) -> None:
        self.descriptors = grammar.descriptors
        self._also = dict(also or {})
        self._trie: dict = {}
        self._known: dict[str, str] = {}
        for descriptor in grammar.descriptors:
            for meanings in (descriptor.wordings, descriptor.understood):
                for name, phrases in meanings.items():
                    for phrase in phrases:
                        self._learn(phrase, descriptor.name, name)
        texts = [template for _, template in grammar.templates]
        texts += [phrase for phrases in grammar.free.values() for phrase in phrases]
        fixed = {w for text in texts for w in words_of(re.sub(r"\{[^}]*\}", ",", text))}
        self._empty = fixed | set(empty_words) | {"a", "an"}
        for word in self._empty:
            self._known.setdefault(word, word)

    def _learn(self, phrase: str, descriptor: str, name: str) -> None:
        node = self._trie
        for word in words_of(phrase):
            self._known.setdefault(word, phrase)
            node = node.setdefault(word, {})
        if node.setdefault(_END, (descriptor, name)) != (descriptor, name):
            raise InputError(
                f"the phrase {phrase!r} means both {node[_END]} and {(descriptor, name)}"
            )

    def scan(self, sentence: str) -> Reading:
        """Find every known phrase; never raises."""
        words = self._split(sentence)
        reading, at = Reading(), 0
        while at < len(words):
            length, meaning = self._longest(words, at)
            if meaning is not None:
                classes = reading.found.setdefault(meaning[0], [])
                if meaning[1] not in classes:
                    classes.append(meaning[1])
            elif words[at] not in self._empty:
                reading.unknown.append(words[at])
            at += length
        return reading

    def read(self, sentence: str, *, partial: bool = False) -> dict[str, str | None]:
        """The class of each descriptor.

        Args:
            sentence: any text.
            partial: give None for what the sentence does not say, instead of an error.

        Raises:
            InputError: a word is unknown, a descriptor is absent or named twice differently.
        """
        reading = self.scan(sentence)
        problems = [self._unknown_word(word) for word in reading.unknown]
        for descriptor in self.descriptors:
            classes = reading.found.get(descriptor.name, [])
            if len(classes) > 1:
                named = " and ".join(repr(name) for name in classes)
                problems.append(f"it names the {descriptor.name} as {named}: keep one")
            elif not classes and not partial:
                examples = ", ".join(repr(words[0]) for words in _some(descriptor.wordings))
                problems.append(f"it names no {descriptor.name}: add one, such as {examples}")
        if problems:
            raise InputError(f"cannot read the sentence {sentence!r}: " + "; ".join(problems))
        return {d.name: (reading.found.get(d.name) or [None])[0] for d in self.descriptors}

    def _longest(self, words: Sequence[str], at: int) -> tuple[int, tuple[str, str] | None]:
        node, length, meaning = self._trie, 1, None
        for offset in range(at, len(words)):
            node = node.get(words[offset])
            if node is None:
                break
            if _END in node:
                length, meaning = offset - at + 1, node[_END]
        return length, meaning

    def _split(self, sentence: str) -> list[str]:
        result = []
        for word in words_of(sentence):
            word = self._also.get(word, word)
            if word in self._known or "-" not in word:
                result.append(word)
            else:
                result += [self._also.get(part, part) for part in word.split("-")]
        return result

    def _unknown_word(self, word: str) -> str:
        close = get_close_matches(word, self._known, n=1, cutoff=0.6)
        if word in self._known:
            return f"the word {word!r} says nothing alone, only in such as {self._known[word]!r}"
        if not close:
            return f"the word {word!r} is unknown here"
        phrase = self._known[close[0]]
        hint = f"{close[0]!r}" + (f" (as in {phrase!r})" if phrase != close[0] else "")
        return f"the word {word!r} is unknown here, the nearest known one is {hint}"


def words_of(text: str) -> list[str]:
    """The words of a text in small letters; hyphens join, all other signs part.

    Example:
        >>> words_of("A medium-sized egg, at the TOP!")
        ['a', 'medium-sized', 'egg', 'at', 'the', 'top']
    """
    return _WORD.findall(text.lower())


def _some(wordings: object) -> list[Sequence[str]]:
    values = list(wordings.values())  # type: ignore[attr-defined]
    return [values[0], values[len(values) // 2]]
