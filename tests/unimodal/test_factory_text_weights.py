"""The shipped text model and attributes of the factory, on captions that no card has seen."""

from importlib.util import find_spec

import numpy as np
import pytest
import torch

from amodal.data.factory import DESCRIPTOR_NAMES, agreement, read_loosely
from amodal.data.kinds import kind_of
from amodal.unimodal import load_model
from amodal.unimodal.cards import read_figures
from amodal.unimodal.registry import weights_path
from amodal.unimodal.text import TextAutoencoder
from amodal.unimodal.text_figures import fresh_captions, ridge_figures, said_again_figures

FACTORY = kind_of("factory")
SEED = 78


@pytest.fixture
def simulator():
    """What draws scenes; the models themselves do without it."""
    if find_spec("mujoco") is None:
        pytest.skip('mujoco is not installed: pip install "amodal[factory]"')


@pytest.fixture(scope="module")
def model() -> TextAutoencoder:
    loaded = load_model("factory/text")
    assert isinstance(loaded, TextAutoencoder)
    return loaded


@pytest.fixture(scope="module")
def card() -> dict[str, float]:
    return read_figures(weights_path("factory/text"))


@pytest.mark.usefixtures("simulator")
def test_fresh_captions_come_back_as_on_the_card(model: TextAutoencoder, card: dict[str, float]):
    sentences, _ = fresh_captions(FACTORY, 600, seed=SEED)
    for name, value in said_again_figures(model, sentences, seed=SEED).items():
        assert value == pytest.approx(card[name], abs=0.05), name


@pytest.mark.usefixtures("simulator")
def test_few_labels_read_the_latents_as_on_the_card(model: TextAutoencoder, card: dict[str, float]):
    sentences, wanted = fresh_captions(FACTORY, 1000, seed=SEED)
    figures = ridge_figures(model, sentences, wanted, seed=SEED + 1, draws=5)
    for name, value in figures.items():
        # Twenty labels in so many dimensions depend much on the draw.
        share = 0.3 if name.startswith("ridge, 20 ") else 0.15
        assert value == pytest.approx(card[name], abs=0.01 + share * card[name]), name


def test_the_card_meets_the_bars(card: dict[str, float]):
    for name in DESCRIPTOR_NAMES:
        assert card[f"said again, noise 0: {name}"] >= 0.9, name
    for name in ("robot_place_percent", "heading_degrees", "table_place_percent"):
        assert card[f"ridge, 1000 labels: {name}"] <= 1.25 * card[f"floor: {name}"], name
    assert card["ridge, 50 labels: box_accuracy"] >= 0.98


@pytest.mark.usefixtures("simulator")
def test_what_lies_between_speakers_is_said_rightly(model: TextAutoencoder):
    factors = FACTORY.draw(300, seed=SEED)
    speakers = [model.encode(FACTORY.write(factors, seed=SEED + k)) for k in range(8)]
    said = [read_loosely(s) for s in model.decode(torch.stack(speakers).mean(0))]
    for name, right in agreement(said, factors).items():
        assert right.mean() > 0.9, name


@pytest.mark.usefixtures("simulator")
def test_spoken_sentences_are_captions(model: TextAutoencoder):
    sentences, _ = fresh_captions(FACTORY, 200, seed=SEED + 9)
    whole = 0
    for reading in map(read_loosely, model.decode(model.encode(sentences))):
        whole += all(getattr(reading, name) for name in DESCRIPTOR_NAMES)
    assert whole >= 0.97 * len(sentences)


def test_peoples_own_words_are_understood(model: TextAutoencoder):
    meant = read_loosely(FACTORY.own_words[0])
    said = read_loosely(model.decode(model.encode([FACTORY.own_words[0]]))[0])
    assert (said.colour, said.box, said.heading) == (meant.colour, meant.box, meant.heading)


def test_shipped_weights_are_frozen_and_what_the_card_says(model: TextAutoencoder):
    assert not any(p.requires_grad for p in model.parameters())
    text = weights_path("factory/text").with_suffix(".md").read_text("utf-8")
    assert model.fingerprint[:16] in text
    assert "no colour value, coordinate or label" in text
    assert weights_path("factory/text").stat().st_size < 2.5e6


@pytest.mark.usefixtures("simulator")
def test_attributes_come_back_with_a_box_and_without():
    factors = FACTORY.draw(500, seed=SEED)
    attributes, model = FACTORY.attributes(factors), load_model("factory/attributes")
    assert 0.3 < factors[:, 9].mean() < 0.7
    assert np.allclose(model.decode(model.encode(attributes)), attributes, atol=2e-6)
    assert model.specification == FACTORY.attribute_blocks
