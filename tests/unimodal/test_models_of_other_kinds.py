"""Unimodal models of a kind of data that nothing here knows but its `Kind`."""

import pytest

from amodal.cli.main import main
from amodal.data.factory import CaptionReading
from amodal.data.generation import generate
from amodal.data.kinds import kind_of
from amodal.errors import InputError
from amodal.evaluation.readable import readable_figures
from amodal.unimodal import figures, load_model
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.recipes import recipe_of
from amodal.unimodal.registry import models_of
from amodal.unimodal.text_figures import said_alike, text_figures
from amodal.unimodal.text_network import TextSizes
from amodal.unimodal.text_recipe import pretrain_text
from amodal.unimodal.text_training import TextTraining
from bars import BARS, known_bars, shipped_bars


@pytest.fixture(scope="module", autouse=True)
def shipped(tmp_path_factory):
    with known_bars(), shipped_bars(tmp_path_factory.mktemp("models")):
        yield


def test_models_are_found_by_the_name_of_the_kind() -> None:
    for latents in ("default", "vae"):
        for name in models_of("bars", latents).values():
            assert load_model(name).name == name
    assert load_model("bars/attributes").specification == BARS.attribute_blocks


def test_captions_of_the_kind_train_a_text_model(tmp_path) -> None:

    out = tmp_path / "text.safetensors"
    figures = pretrain_text(
        BARS,
        out,
        factors=BARS.draw(150, seed=1),
        steps=3,
        training=TextTraining(sizes=TextSizes(8, 24, 12), phrases=40),
        measure=lambda model: text_figures(model, rows=50, draws=1),
    )
    assert {"ridge, 50 labels: hue_degrees", "floor: width_accuracy"} <= set(figures)
    assert {"said again, noise 0: colour", "said again, noise 0: width"} <= set(figures)
    card = out.with_suffix(".md").read_text("utf-8")
    assert card.startswith("# bars/text\n\nAn autoencoder of captions of Coloured Bars, 8 numbers.")


def test_a_name_without_neighbours_is_near_itself_alone() -> None:
    box, empty = (
        CaptionReading(*[None] * 7, box=name)  # type: ignore[arg-type]
        for name in ("red", "none")
    )
    alike = said_alike(kind_of("factory"), [box, empty, empty], [box, empty, box])
    assert alike["box or nearest"] == pytest.approx(2 / 3)


def test_pictures_of_the_kind_train_a_vae(tmp_path, monkeypatch) -> None:

    generate("bars", 300, tmp_path / "bars", seed=3)
    few, probe = Schedule(steps=5, batch=32, learning_rate=1e-3), figures.network_probe
    monkeypatch.setattr(figures, "network_probe", lambda *rows: probe(*rows, schedule=few))
    monkeypatch.setattr(figures, "PROBE_LABELS", 200)
    monkeypatch.setattr(figures, "LABELS", (20,))
    monkeypatch.setattr(figures, "AT_ONCE", 64)
    out = tmp_path / "vae.safetensors"
    words = [
        "pretrain",
        "image-vae",
        "--data",
        str(tmp_path / "bars"),
        "--steps",
        "2",
        "--out",
        str(out),
    ]
    assert main(words) == 0
    card = out.with_suffix(".md").read_text("utf-8")
    assert "beta-VAE of Coloured Bars" in card
    assert "16 x 16 colour images" in card
    assert "ridge, 20 labels: x_percent" in card


def test_what_is_made_for_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="no recipe 'image' for Coloured Bars: expected one of"):
        recipe_of("image", BARS)
    assert recipe_of("image-vae", BARS)


def test_what_is_read_is_held_against_the_truth() -> None:
    factors = BARS.draw(40, seed=2)
    exact = readable_figures(BARS, "attributes", BARS.attributes(factors), factors)
    assert exact["width_accuracy"] == 1
    assert readable_figures(BARS, "text", BARS.write(factors, seed=0), factors)["all_right"] == 1
    pictures = BARS.render(factors, side=BARS.side)
    assert set(readable_figures(BARS, "image", pictures, factors)) == set(exact)
