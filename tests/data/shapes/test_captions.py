"""Captions: variety, determinism, and a parser that reads what the sentence says."""

import numpy as np
import pytest

from amodal.data.random import BLOCK, drawn_in_blocks
from amodal.data.shapes import (
    DESCRIPTOR_NAMES,
    CaptionReading,
    agreement,
    draw_factors,
    read_caption,
    read_loosely,
    reword,
    write_captions,
)
from amodal.data.shapes import captions as module
from amodal.data.shapes.classes import nearest_classes, soft_classes
from amodal.data.shapes.vocabulary import GRAMMAR, READER
from amodal.errors import InputError, UnknownNameError


def readings_of(classes):
    """The names behind indices of classes, row by row."""
    return [
        CaptionReading(*(d.classes[i] for d, i in zip(GRAMMAR.descriptors, row, strict=True)))
        for row in classes
    ]


def names_drawn(factors, seed):
    """The classes that `write_captions` draws, straight from the same random numbers."""
    draws = module._SOFT + GRAMMAR.draws
    uniforms = drawn_in_blocks(
        lambda generator: generator.random((BLOCK, draws)),
        len(factors),
        seed=seed,
        stream=module._STREAM,
        start=0,
    )
    return readings_of(soft_classes(factors, uniforms[:, :4]))


@pytest.mark.parametrize("n", [5000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_the_parser_is_exact(n):
    factors = draw_factors(n, seed=1)
    sentences = write_captions(factors, seed=2)
    assert [read_caption(sentence) for sentence in sentences] == names_drawn(factors, 2)


def test_every_phrase_is_read_as_what_it_means():
    for descriptor in GRAMMAR.descriptors:
        for meanings in (descriptor.wordings, descriptor.understood):
            for name, phrases in meanings.items():
                for phrase in phrases:
                    assert READER.read(phrase, partial=True)[descriptor.name] == name


def test_variety_and_determinism():
    factors = draw_factors(20_000, seed=0)
    sentences = write_captions(factors, seed=0)
    assert len(set(sentences)) > 10_000
    assert sentences[3100:3400] == write_captions(factors[3100:3400], seed=0, start=3100)
    again = write_captions(factors, seed=1)
    assert np.mean([a == b for a, b in zip(sentences, again, strict=True)]) < 0.01
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)


def test_articles_fit():
    text = " ".join(write_captions(draw_factors(3000, seed=4), seed=4)).lower()
    for wrong in (" a orange", " a egg", " a enormous", " an small", " a olive", " a indigo"):
        assert wrong not in text
    assert " an enormous" in text


def test_people_name_softly_but_not_wildly():
    factors = draw_factors(4000, seed=3)
    first, second = (
        [read_caption(text) for text in write_captions(factors, seed=seed)] for seed in (0, 1)
    )
    for name in DESCRIPTOR_NAMES[1:]:
        same = np.mean(
            [getattr(a, name) == getattr(b, name) for a, b in zip(first, second, strict=True)]
        )
        assert 0.5 < same < 0.9, name
    assert [a.shape for a in first] == [b.shape for b in second]
    exact = agreement(first, factors, neighbours=False)
    near = agreement(first, factors)
    for name in DESCRIPTOR_NAMES:
        assert near[name].mean() > 0.98, name
        assert (near[name] | ~exact[name]).all(), name


def test_targets_agree_exactly():
    factors = draw_factors(1000, seed=5)
    targets = readings_of(nearest_classes(factors))
    assert all(right.all() for right in agreement(targets, factors, neighbours=False).values())
    silent = [CaptionReading(None, None, None, None, None)] * 1000
    assert not any(right.any() for right in agreement(silent, factors).values())


def test_targets_by_hand():
    scene = np.array([[0, 8, 24, 13.9, np.pi / 2, 1, 0, 0], [1, 16, 16, 10.5, 0.4, 0, 0, 0.5]])
    assert readings_of(nearest_classes(scene)) == [
        CaptionReading("diamond", "huge", "red", "very bottom far left", "right"),
        CaptionReading("egg", "medium", "navy", "middle centre", "up, a little right"),
    ]


def test_neighbours_by_hand():
    scene = np.array([[0, 16, 16, 10.5, 0, 1, 0, 0]])

    def near(*names):
        return {
            name: bool(right[0])
            for name, right in agreement([CaptionReading(*names)], scene).items()
        }

    every = dict.fromkeys(DESCRIPTOR_NAMES, True)
    assert near("diamond", "small", "red", "upper left", "up, a little left") == every
    wrong = near("egg", "huge", "blue", "very top centre", "down")
    assert wrong == dict.fromkeys(DESCRIPTOR_NAMES, False)


def test_reword_keeps_what_is_said():
    readings = readings_of(nearest_classes(draw_factors(3000, seed=6)))
    first, second = reword(readings, seed=0), reword(readings, seed=1)
    assert [read_caption(text) for text in first] == readings
    assert first != second
    assert reword(readings[1500:], seed=0, start=1500) == first[1500:]


def test_plain_sentences_of_people():
    reading = read_caption("a small red triangle in the top left corner", partial=True)
    assert reading == CaptionReading("triangle", "small", "red", "very top far left", None)
    reading = read_caption(
        "PLEASE draw a Medium Gray kite, in the center; pointing up-left!", partial=True
    )
    assert reading == CaptionReading("diamond", "medium", "grey", "middle centre", "up left")
    assert read_caption("Light-blue oval on the left", partial=True).colour == "light blue"


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("a small purpel egg in the centre pointing up", "'purpel' is unknown here, .*'purple'"),
        ("a small red egg in the centre", "names no orientation: add one, such as 'pointing up'"),
        ("a small red egg and a blue kite in the centre pointing up", "colour as 'red' and 'blue'"),
        ("Das ist ein Hund", "'hund' is unknown here"),
        ("", "names no shape.*names no size.*names no colour.*no place.*no orientation"),
        ("a small red egg near, pointing up", "'near' says nothing alone"),
    ],
)
def test_foreign_sentences(sentence, message):
    with pytest.raises(InputError, match=message):
        read_caption(sentence)


def test_loose_reading_never_raises():
    reading = read_loosely("a small zzz red triangle and a blue one near near")
    assert reading == CaptionReading("triangle", "small", None, None, None)


def test_reword_refuses_unknown_names():
    with pytest.raises(UnknownNameError, match="unknown colour 'redd': did you mean 'red'"):
        reword([CaptionReading("egg", "small", "redd", "middle centre", "up")], seed=0)
    with pytest.raises(InputError, match="1 readings for 2 rows"):
        agreement([CaptionReading("egg", None, None, None, None)], draw_factors(2, seed=0))
