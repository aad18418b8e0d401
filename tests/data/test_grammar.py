"""The generic machinery, with a grammar that is not Simple Shapes'."""

import numpy as np
import pytest

from amodal.data.grammar import Descriptor, Grammar, pick_softly
from amodal.data.reading import Reader
from amodal.errors import InputError

TABLE = Descriptor("table", {"round": ("round", "circular"), "square": ("square",)})
ROBOT = Descriptor("robot", {"near": ("in front",), "far": ("behind", "at the back")})
TEMPLATES = ((3.0, "{opening} {a table} table, a robot {robot}."), (1.0, "{robot}: {table}."))
GRAMMAR = Grammar((TABLE, ROBOT), {"opening": ("there is", "I see")}, TEMPLATES)


def test_every_class_and_template_is_written_and_read():
    generator = np.random.default_rng(0)
    classes = generator.integers(2, size=(500, 2))
    sentences = GRAMMAR.write(classes, generator.random((500, GRAMMAR.draws)))
    reader = Reader(GRAMMAR)
    for (table, robot), sentence in zip(classes, sentences, strict=True):
        expected = {"table": TABLE.classes[table], "robot": ROBOT.classes[robot]}
        assert reader.read(sentence) == expected
    short = np.mean([": " in sentence for sentence in sentences])
    assert short == pytest.approx(0.25, abs=0.05)
    assert len(set(sentences)) == 2 * 3 * 3 + 3 * 3


def test_a_template_without_a_slot_is_refused():
    with pytest.raises(InputError, match="needs each of"):
        Grammar((TABLE, ROBOT), {}, ((1.0, "{a table} table."),))


def test_a_phrase_with_two_meanings_is_refused():
    doubled = Descriptor("robot", {"near": ("round",)})
    with pytest.raises(InputError, match="the phrase 'round' means both"):
        Reader(Grammar((TABLE, doubled), {}, ((1.0, "{table} {robot}"),)))


def test_soft_picks_have_the_stated_probabilities():
    distances = np.tile([[0.0, 1.0, 4.0]], (40_000, 1))
    uniforms = (np.arange(40_000) + 0.5) / 40_000
    shares = np.bincount(pick_softly(distances, uniforms, spread=1.0)) / 40_000
    weights = np.exp([0, -0.5, -2])
    assert shares == pytest.approx(weights / weights.sum(), abs=1e-4)
