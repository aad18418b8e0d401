"""Captions: variety, determinism, and a parser that reads what the sentence says."""

import numpy as np
import pytest

from amodal.data.factory import (
    DESCRIPTOR_NAMES,
    CaptionReading,
    agreement,
    draw_factors,
    read_caption,
    read_loosely,
    reword,
    write_captions,
)
from amodal.data.factory import captions as module
from amodal.data.factory.classes import nearest_classes, soft_classes
from amodal.data.factory.vocabulary import GRAMMAR, READER
from amodal.data.random import BLOCK, drawn_in_blocks
from amodal.errors import InputError, UnknownNameError


def readings_of(classes):
    """The names behind indices of classes, row by row."""
    return [
        CaptionReading(*(d.classes[i] for d, i in zip(GRAMMAR.descriptors, row, strict=True)))
        for row in classes
    ]


def names_drawn(factors, seed):
    """The classes that `write_captions` draws, straight from the same random numbers."""
    soft = len(DESCRIPTOR_NAMES)
    uniforms = drawn_in_blocks(
        lambda generator: generator.random((BLOCK, soft + GRAMMAR.draws)),
        len(factors),
        seed=seed,
        stream=module._STREAM,
        start=0,
    )
    return readings_of(soft_classes(factors, uniforms[:, :soft]))


@pytest.mark.parametrize("n", [3000, pytest.param(20_000, marks=pytest.mark.slow)])
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


def test_every_two_phrases_that_may_meet_are_read_apart():
    # Longest match: no phrase may swallow the beginning of the next, in any order of clauses.
    generator = np.random.default_rng(0)
    classes = np.stack([generator.integers(len(d.classes), size=4000) for d in GRAMMAR.descriptors])
    sentences = GRAMMAR.write(classes.T, generator.random((4000, GRAMMAR.draws)))
    assert [read_caption(sentence) for sentence in sentences] == readings_of(classes.T)


def test_variety_and_determinism():
    factors = draw_factors(5000, seed=0)
    sentences = write_captions(factors, seed=0)
    assert len(set(sentences)) > 4990
    assert sentences[3100:3400] == write_captions(factors[3100:3400], seed=0, start=3100)
    again = write_captions(factors, seed=1)
    assert np.mean([a == b for a, b in zip(sentences, again, strict=True)]) < 0.001
    assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)
    assert max(map(len, sentences)) < 400
    text = " ".join(sentences).lower()
    for wrong in (" a amber", " a orange", " a indigo", " a emerald", " an red", " an blue"):
        assert wrong not in text


def test_the_light_is_not_told():
    factors = draw_factors(50, seed=3)
    other = factors.copy()
    other[:, 11:] = (1.0, 0.6)
    assert write_captions(factors, seed=0) == write_captions(other, seed=0)


def test_people_name_softly_but_not_wildly():
    factors = draw_factors(4000, seed=3)
    first, second = (
        [read_caption(text) for text in write_captions(factors, seed=seed)] for seed in (0, 1)
    )
    for name in DESCRIPTOR_NAMES:
        same = np.mean(
            [getattr(a, name) == getattr(b, name) for a, b in zip(first, second, strict=True)]
        )
        assert 0.5 < same < 0.97, name
    exact = agreement(first, factors, neighbours=False)
    near = agreement(first, factors)
    for name in DESCRIPTOR_NAMES:
        assert near[name].mean() > 0.98, name
        assert (near[name] | ~exact[name]).all(), name


def test_targets_agree_exactly():
    factors = draw_factors(1000, seed=5)
    targets = readings_of(nearest_classes(factors))
    assert all(right.all() for right in agreement(targets, factors, neighbours=False).values())
    silent = [CaptionReading(*[None] * 8)] * 1000
    assert not any(right.any() for right in agreement(silent, factors).values())


SCENE = np.array([[-2, 2, 0.1, 1.2, 0.1, 1, -1.25, np.pi / 2, 0.66, 1, 0.01, 0, 1]])


def test_targets_by_hand():
    assert readings_of(nearest_classes(SCENE)) == [
        CaptionReading(
            place="very back far left",
            heading="right",
            arm="raised stretched",
            relation="behind aside",
            colour="blue",
            spot="front right",
            orientation="back",
            box="red",
        )
    ]
    towards = SCENE.copy()
    towards[0, 2] = -np.pi / 4
    assert readings_of(nearest_classes(towards))[0].relation == "behind facing"
    empty = SCENE.copy()
    empty[0, 9:11] = 0
    assert readings_of(nearest_classes(empty))[0].box == "none"


def near(*names):
    return {
        name: bool(right[0]) for name, right in agreement([CaptionReading(*names)], SCENE).items()
    }


def test_neighbours_by_hand():
    every = dict.fromkeys(DESCRIPTOR_NAMES, True)
    assert (
        near(
            *("back left", "right, a little front", "raised bent", "left aside"),
            *("indigo", "middle centre", "back left", "vermilion"),
        )
        == every
    )
    wrong = near(
        *("middle far left", "back right", "level bent", "behind facing"),
        *("green", "very back right", "left", "none"),
    )
    assert wrong == dict.fromkeys(DESCRIPTOR_NAMES, False)


def test_reword_keeps_what_is_said():
    readings = readings_of(nearest_classes(draw_factors(3000, seed=6)))
    first, second = reword(readings, seed=0), reword(readings, seed=1)
    assert [read_caption(text) for text in first] == readings
    assert first != second
    assert reword(readings[1500:], seed=0, start=1500) == first[1500:]


def test_plain_sentences_of_people():
    reading = read_caption(
        "Please show me a robot standing in the back left corner, facing east; the table is "
        "sky-blue and has a red box on it",
        partial=True,
    )
    assert reading == CaptionReading(
        "very back far left", "right", None, None, "sky blue", None, None, "red"
    )


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("a purpel table", "'purpel' is unknown here, .*'purple'"),
        (
            "the robot stands in the very centre",
            "names no heading: add one, such as 'heading east'",
        ),
        ("a red table and a blue workbench", "colour as 'red' and 'blue'"),
        ("", "names no place.*names no heading.*no arm.*no relation.*no colour.*no box"),
    ],
)
def test_foreign_sentences(sentence, message):
    with pytest.raises(InputError, match=message):
        read_caption(sentence)


def test_loose_reading_never_raises():
    reading = read_loosely("a zzz red table and a blue one with a green box on it, facing")
    assert reading == CaptionReading(None, None, None, None, "red", None, None, "green")


def test_refusals():
    rest = ("right", "raised bent", "left aside", "blue", "front right", "back", "none")
    with pytest.raises(
        UnknownNameError, match="unknown place 'bak left': did you mean 'back left'"
    ):
        reword([CaptionReading("bak left", *rest)], seed=0)
    with pytest.raises(InputError, match="1 readings for 2 rows"):
        agreement([CaptionReading("back left", *rest)], draw_factors(2, seed=0))
