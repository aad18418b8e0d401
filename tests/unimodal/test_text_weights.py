"""The shipped text model gives the figures on its card, on captions that no card has seen."""

import pytest
import torch

from amodal.data.kinds import kind_of
from amodal.data.shapes import (
    DESCRIPTOR_NAMES,
    agreement,
    draw_factors,
    read_caption,
    read_loosely,
    write_captions,
)
from amodal.unimodal import load_model
from amodal.unimodal.cards import read_figures
from amodal.unimodal.registry import weights_path
from amodal.unimodal.text import TextAutoencoder
from amodal.unimodal.text_figures import fresh_captions, ridge_figures, said_again_figures

SHAPES = kind_of("shapes")
SEED = 78


@pytest.fixture(scope="module")
def model() -> TextAutoencoder:
    loaded = load_model("shapes/text")
    assert isinstance(loaded, TextAutoencoder)
    return loaded


@pytest.fixture(scope="module")
def card() -> dict[str, float]:
    return read_figures(weights_path("shapes/text"))


def test_fresh_captions_come_back_as_on_the_card(model: TextAutoencoder, card: dict[str, float]):
    sentences, _ = fresh_captions(SHAPES, 1000, seed=SEED)
    for name, value in said_again_figures(model, sentences, seed=SEED).items():
        assert value == pytest.approx(card[name], abs=0.035), name


def test_few_labels_read_the_latents_as_on_the_card(model: TextAutoencoder, card: dict[str, float]):
    sentences, wanted = fresh_captions(SHAPES, 1000, seed=SEED)
    figures = ridge_figures(model, sentences, wanted, seed=SEED + 1, draws=5)
    for name, value in figures.items():
        # Twenty labels in 32 dimensions depend much on the draw.
        share = 0.3 if name.startswith("ridge, 20 ") else 0.15
        assert value == pytest.approx(card[name], abs=0.01 + share * card[name]), name


def test_the_card_meets_the_bars(card: dict[str, float]):
    for name in ("shape", "size", "place", "orientation"):
        assert card[f"said again, noise 0: {name}"] >= 0.97
    assert card["said again, noise 0: colour"] >= 0.9
    assert card["ridge, 50 labels: shape_accuracy"] >= 0.99
    for name in ("place_pixels", "size_pixels", "rotation_degrees"):
        assert card[f"ridge, 1000 labels: {name}"] <= 1.15 * card[f"floor: {name}"]


def test_what_lies_between_speakers_is_said_rightly(model: TextAutoencoder):
    factors = draw_factors(300, seed=SEED)
    speakers = [model.encode(write_captions(factors, seed=SEED + k)) for k in range(8)]
    said = [read_loosely(s) for s in model.decode(torch.stack(speakers).mean(0))]
    right = agreement(said, factors)
    for name in DESCRIPTOR_NAMES:
        assert right[name].mean() > (0.93 if name == "colour" else 0.98), name


def test_partial_and_misspelt_sentences_are_understood(model: TextAutoencoder):
    said = model.decode(model.encode(["a smal triangel in turqoise", "a huge egg, pointing up"]))
    first, second = map(read_loosely, said)
    assert (first.shape, first.size, first.colour) == ("triangle", "small", "turquoise")
    assert (second.shape, second.size, second.orientation) == ("egg", "huge", "up")


def test_shipped_weights_are_frozen_and_what_the_card_says(model: TextAutoencoder):
    assert not any(p.requires_grad for p in model.parameters())
    text = weights_path("shapes/text").with_suffix(".md").read_text("utf-8")
    assert model.fingerprint[:16] in text
    assert "no colour value, coordinate or label" in text
    assert weights_path("shapes/text").stat().st_size < 2.5e6


def test_spoken_sentences_are_captions(model: TextAutoencoder):
    sentences, _ = fresh_captions(SHAPES, 500, seed=SEED + 9)
    for sentence in model.decode(model.encode(sentences)):
        read_caption(sentence)
