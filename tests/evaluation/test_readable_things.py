"""What people can read in pictures, sentences and attributes."""

import numpy as np
import pytest

from amodal.data.kinds import kind_of
from amodal.data.shapes import attributes, draw_factors, render, write_captions
from amodal.errors import InputError, UnknownNameError
from amodal.evaluation.readable import readable_figures

SHAPES = kind_of("shapes")
FACTORS = draw_factors(200, seed=9)
OTHERS = draw_factors(200, seed=10)


def test_true_pictures_are_read_as_what_they_are() -> None:
    figures = readable_figures(SHAPES, "image", render(FACTORS), FACTORS)
    assert figures["shape_accuracy"] >= 0.97
    assert figures["place_pixels"] < 0.3
    assert figures["rotation_degrees"] < 4


def test_other_pictures_are_told_apart() -> None:
    figures = readable_figures(SHAPES, "image", render(OTHERS), FACTORS)
    assert figures["shape_accuracy"] < 0.5
    assert figures["place_pixels"] > 4


def test_attributes_are_read_as_they_are() -> None:
    exact = readable_figures(SHAPES, "attributes", attributes(FACTORS), FACTORS)
    assert exact["shape_accuracy"] == 1
    assert exact["place_pixels"] == pytest.approx(0, abs=1e-5)
    moved = FACTORS.copy()
    moved[:, 3] = np.where(FACTORS[:, 3] > 10, FACTORS[:, 3] - 2, FACTORS[:, 3] + 2)
    off = readable_figures(SHAPES, "attributes", attributes(moved), FACTORS)
    assert off["size_pixels"] == pytest.approx(2, abs=1e-4)
    assert off["place_pixels"] == pytest.approx(0, abs=1e-5)


def test_sentences_of_the_scene_and_of_another() -> None:
    own = readable_figures(SHAPES, "text", write_captions(FACTORS, seed=1), FACTORS)
    assert own["all_right"] > 0.9
    assert own["well_formed"] == 1
    other = readable_figures(SHAPES, "text", write_captions(OTHERS, seed=1), FACTORS)
    assert other["all_right"] < 0.05
    assert other["shape_right"] == pytest.approx(1 / 3, abs=0.1)


def test_sentences_that_cannot_be_read() -> None:
    figures = readable_figures(SHAPES, "text", ["colourless ideas"] * 3, FACTORS[:3])
    assert set(figures.values()) == {0.0}
    with pytest.raises(InputError, match="there are no sentences to score"):
        readable_figures(SHAPES, "text", [], FACTORS[:0])


def test_unknown_modality() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'image'"):
        readable_figures(SHAPES, "imgae", None, FACTORS)
