"""The shipped weights give the figures on their cards, on things that no card has seen."""

import pytest
import torch

from amodal.data.kinds import kind_of
from amodal.unimodal import load_model
from amodal.unimodal.cards import read_figures
from amodal.unimodal.figures import image_figures, reader_figures
from amodal.unimodal.reader import PictureReader
from amodal.unimodal.registry import weights_path

LEAST = {"shape_accuracy": 0.01, "place_pixels": 0.08, "size_pixels": 0.08}
LEAST |= {"rotation_degrees": 0.4, "colour_levels": 0.5, "reconstruction RMS": 0.001}


def assert_as_on_card(measured: dict[str, float], card: dict[str, float]) -> None:
    for name, value in measured.items():
        allowed = LEAST[name.split(": ")[-1]] + 0.2 * abs(card[name])
        if "shape_accuracy" in name:
            allowed = 0.01 + 0.5 * (1 - card[name])
        assert value == pytest.approx(card[name], abs=allowed), name


def test_image() -> None:
    figures = image_figures(load_model("shapes/image"), seed=77, rows=1500, probe=False)
    assert_as_on_card(figures, read_figures(weights_path("shapes/image")))


def test_image_meets_its_bars() -> None:
    card = read_figures(weights_path("shapes/image"))
    assert card["reconstruction RMS"] <= 0.02
    assert card["ridge, 50 labels: shape_accuracy"] >= 0.997
    assert card["ridge, 50 labels: place_pixels"] <= 0.36
    assert card["ridge, 50 labels: size_pixels"] <= 0.22
    assert card["ridge, 50 labels: rotation_degrees"] <= 1.5
    assert card["ridge, 50 labels: colour_levels"] <= 7.3


def test_vae() -> None:
    model = load_model("shapes/image-vae")
    card = read_figures(weights_path("shapes/image-vae"))
    figures = image_figures(model, seed=77, rows=1500, probe=False)
    name = "reconstruction RMS"
    assert figures[name] == pytest.approx(card[name], abs=0.002)


def test_vae_meets_its_bars() -> None:
    card = read_figures(weights_path("shapes/image-vae"))
    probe = "network probe, 100,000 labels: "
    assert card["reconstruction RMS"] <= 0.018
    assert card[probe + "shape_accuracy"] >= 0.98
    assert card[probe + "place_pixels"] <= 0.5
    assert card[probe + "size_pixels"] <= 0.4
    assert card[probe + "rotation_degrees"] <= 10
    assert card[probe + "colour_levels"] <= 8


def test_no_number_of_the_vae_is_dead() -> None:
    from amodal.unimodal.figures import fresh_pictures

    pictures, _ = fresh_pictures(kind_of("shapes"), 1000, seed=78)
    assert load_model("shapes/image-vae").encode(pictures).std(0).min() > 0.3


def test_reader() -> None:
    model = load_model("shapes/reader")
    assert isinstance(model, PictureReader)
    figures = reader_figures(model, seed=77, rows=1500)
    assert_as_on_card(figures, read_figures(weights_path("shapes/reader")))


@pytest.mark.parametrize("name", ["shapes/image", "shapes/image-vae", "shapes/reader"])
def test_shipped_weights_are_frozen_and_finite(name: str) -> None:
    model = load_model(name)
    assert model.name == name
    assert model.frozen
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())
