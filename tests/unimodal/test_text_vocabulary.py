"""Sentences as rows of word numbers, and which phrases they hold."""

import numpy as np
import pytest

from amodal.data.shapes import draw_factors, write_captions
from amodal.errors import InputError
from amodal.unimodal.text_phrases import Phrases
from amodal.unimodal.text_vocabulary import END, UNKNOWN, Vocabulary, split_words


@pytest.fixture(scope="module")
def captions() -> list[str]:
    return write_captions(draw_factors(500, seed=3), seed=3)


def test_captions_come_back_to_the_letter(captions: list[str]):
    vocabulary = Vocabulary.from_sentences(captions)
    # A capital inside a sentence (the speaker's "I") is the only thing that is lost.
    back = vocabulary.sentences(vocabulary.number(captions))
    assert [b.lower() for b in back] == [c.lower() for c in captions]


def test_a_misspelt_word_counts_as_the_nearest_known_one(captions: list[str]):
    vocabulary = Vocabulary.from_sentences(captions)
    rows = vocabulary.number(["a larg turqoise egg", "a large turquoise egg"])
    assert (rows[0] == rows[1]).all()


def test_a_word_near_none_is_unknown(captions: list[str]):
    vocabulary = Vocabulary.from_sentences(captions)
    row = vocabulary.number(["an egg qqqzzz"])[0]
    assert row[2] == UNKNOWN
    assert row[3] == END


def test_case_and_spaces_do_not_matter(captions: list[str]):
    vocabulary = Vocabulary.from_sentences(captions)
    rows = vocabulary.number(["A  large EGG .", "a large egg."])
    assert (rows[0] == rows[1]).all()


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("", "row 1: the sentence '' has no words"),
        ("  ", "row 1: the sentence '  ' has no words"),
        ("egg " * 100, r"row 1: the sentence has 100 words and marks, this model reads at most"),
        ("qqqzzz xxxyyy", "row 1: no word of 'qqqzzz xxxyyy' is known"),
        ("...", "row 1: no word of '...' is known"),
    ],
)
def test_sentences_that_cannot_be_read_are_refused_by_number(
    captions: list[str], sentence: str, message: str
):
    with pytest.raises(InputError, match=message):
        Vocabulary.from_sentences(captions).number(["an egg", sentence])


def test_phrases_are_counted_once_a_sentence_and_ranked():
    sentences = [split_words(s) for s in ("red red egg", "red egg", "blue egg")]
    phrases = Phrases.commonest(sentences, longest=2, count=3)
    assert phrases.phrases == ("egg", "red", "red egg")
    assert phrases.of(["red", "red", "egg"]) == [0, 1, 2]


def test_phrases_with_a_gap_stay_in_their_clause_and_reach():
    words = split_words("A robot stands by the wall on the far left, heading west.")
    phrases = Phrases(["stands … left", "stands … far left", "stands … west"], reach=7)
    assert phrases.of(words) == [0, 1]
    nearer = Phrases(phrases.phrases, reach=6)
    assert nearer.of(words) == [1]
    assert Phrases(phrases.phrases).of(words) == []


def test_where_there_are_gaps_no_phrase_runs_over_a_mark():
    sentences = [split_words("red egg, left of it")] * 2
    phrases = Phrases.commonest(sentences, longest=2, count=100, reach=2)
    assert set(phrases.phrases) == {
        *("red", "egg", "left", "of", "it", "red egg", "left of", "of it"),
        "left … it",
    }
    assert phrases.of(sentences[0]) == list(range(9))


def test_bags_say_where_each_sentence_begins():
    phrases = Phrases(["red", "egg", "red egg"])
    numbers, starts = phrases.bags([["red", "egg"], ["blue"], ["egg"]])
    assert starts.tolist() == [0, 3, 3]
    assert numbers.tolist() == [0, 1, 2, 1]
    assert numbers.dtype == np.int64
