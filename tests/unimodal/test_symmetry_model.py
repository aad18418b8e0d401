"""The symmetry-aware autoencoder: how its blocks move, are measured, and are drawn."""

import numpy as np
import pytest
import torch

from amodal.data.shapes import draw_factors, render
from amodal.unimodal import load_model
from amodal.unimodal.drawing import Drawing
from amodal.unimodal.images import to_tensor
from amodal.unimodal.symmetry import SymmetryAutoencoder, steady_directions
from amodal.unimodal.symmetry_training import Contrast
from amodal.unimodal.views import SYMMETRIES, Symmetry, draw_views, moved_block, view_images


def test_blocks_of_the_shipped_model_move_as_the_view_moved() -> None:
    model = load_model("shapes/image")
    assert isinstance(model, SymmetryAutoencoder)
    # Large enough that resampling does not blur the shape away.
    factors = draw_factors(300, seed=11)
    factors[:, 3] = 13.0
    images = to_tensor(render(factors))
    with torch.no_grad():
        before = model.measure(images)
        drawn = draw_views(SYMMETRIES, before["place"], generator=torch.Generator().manual_seed(1))
        after = model.measure(view_images(images, drawn, before["place"]))
    for name, tolerance in {
        "place": 0.02,
        "size": 0.05,
        "orientation": 0.1,
        "colour": 0.05,
    }.items():
        expected = moved_block(SYMMETRIES, drawn, name, before[name])
        assert (after[name] - expected).norm(dim=1).median() < tolerance, name
        if name != "place":
            assert (before[name] - expected).norm(dim=1).median() > tolerance, name
    steady = (after["form"] - before["form"]) @ model.directions / model.scale[8:]
    assert steady[:, 0].abs().median() < 0.25


def test_latents_have_one_unit_per_block() -> None:
    model = load_model("shapes/image")
    latents = model.encode(render(draw_factors(1500, seed=12)))
    spread = latents.std(0)
    for block, columns in model.specification.parts():
        largest = 2**-0.5 if block.kind == "circular" else 1.0
        assert spread[columns].max() == pytest.approx(largest, abs=0.1), block.name
    # Directions of the form that say little are not scaled up.
    assert spread[-1] < 0.5


def test_set_units_centres_and_scales() -> None:
    torch.manual_seed(0)
    model = SymmetryAutoencoder("mine", width=4, code=6).eval()
    images = to_tensor(render(draw_factors(300, seed=0)))
    model.set_units(images, images.flip(3))
    latents = model.freeze().encode(render(draw_factors(300, seed=0)))
    continuous = [*range(3), *range(5, 12)]
    assert latents[:, continuous].mean(0).abs().max() < 1e-3
    assert latents[:, 8:].std(0).max() == pytest.approx(1.0, abs=1e-3)


def test_steady_directions_leave_out_what_views_change() -> None:
    random = torch.Generator().manual_seed(0)
    mixing = torch.linalg.qr(torch.randn(4, 4, generator=random))[0]
    code = torch.randn(2000, 4, generator=random) * torch.tensor([1.0, 9.0, 1.0, 0.1])
    change = torch.randn(2000, 4, generator=random) * torch.tensor([0.01, 9.0, 3.0, 1.0])
    found = steady_directions(code @ mixing, change @ mixing, 1)[:, 0]
    expected = mixing[0]
    assert abs(found @ expected) / found.norm() > 0.99


def test_drawing_follows_place_size_and_colour_exactly() -> None:
    drawing = Drawing(4).eval()
    blocks = {
        "place": torch.tensor([[0.25, -0.5]]),
        "size": torch.tensor([[np.log(0.3)]], dtype=torch.float32),
        "orientation": torch.tensor([[1.0, 0.0]]),
        "colour": torch.tensor([[0.2, 0.4, 0.8]]),
        "form": torch.zeros(1, 4),
    }
    with torch.no_grad():
        image = drawing(blocks, 64)[0]
    mass = image.sum(0)
    ticks = (torch.arange(64) + 0.5) / 32 - 1
    assert (mass.sum(0) @ ticks / mass.sum()).item() == pytest.approx(0.25, abs=0.01)
    assert (mass.sum(1) @ ticks / mass.sum()).item() == pytest.approx(-0.5, abs=0.01)
    assert torch.allclose(image.amax((1, 2)), blocks["colour"][0], atol=0.02)
    area = image[2].sum() / 0.8 / 32**2
    assert area.sqrt().item() == pytest.approx(0.3, rel=0.1)


def test_contrast_against_a_slow_version() -> None:
    torch.manual_seed(0)
    contrast = Contrast(5, 0.3)
    first, second = torch.randn(6, 5), torch.randn(6, 5)
    a, b = contrast.project(first), contrast.project(second)
    total = 0.0
    for i in range(6):
        row = [torch.cosine_similarity(a[i], b[j], dim=0) / 0.3 for j in range(6)]
        column = [torch.cosine_similarity(a[j], b[i], dim=0) / 0.3 for j in range(6)]
        total += (torch.stack(row).logsumexp(0) - row[i]).item() / 12
        total += (torch.stack(column).logsumexp(0) - column[i]).item() / 12
    assert contrast(first, second).item() == pytest.approx(total, rel=1e-5)


def test_the_table_travels_with_the_weights(tmp_path) -> None:
    table = (Symmetry("turn", (-1.0, 1.0), (("orientation", "turn"),)),)
    model = SymmetryAutoencoder("mine", width=4, symmetries=table)
    model.save(tmp_path / "mine.safetensors")
    loaded = SymmetryAutoencoder.load(tmp_path / "mine.safetensors")
    assert loaded.symmetries == table
    assert loaded.fingerprint != SymmetryAutoencoder("mine", width=4).fingerprint
