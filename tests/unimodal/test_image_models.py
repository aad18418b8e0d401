"""What the image models share: what they take, what they give, that they are frozen."""

import numpy as np
import pytest
import torch

from amodal.data.shapes import draw_factors, render
from amodal.errors import InputError
from amodal.unimodal import UnimodalModel
from amodal.unimodal.reader import PictureReader
from amodal.unimodal.symmetry import SymmetryAutoencoder
from amodal.unimodal.vae import ImageVae


def small(kind: str) -> UnimodalModel:
    torch.manual_seed(0)
    if kind == "symmetry":
        return SymmetryAutoencoder("mine", width=4, code=6).freeze()
    return ImageVae("mine", width=4).freeze() if kind == "vae" else PictureReader(width=4).freeze()


@pytest.fixture(params=["symmetry", "vae"])
def model(request: pytest.FixtureRequest) -> UnimodalModel:
    return small(request.param)


@pytest.fixture(params=["symmetry", "vae", "reader"])
def any_model(request: pytest.FixtureRequest) -> UnimodalModel:
    return small(request.param)


PICTURES = render(draw_factors(7, seed=1))


def test_pictures_go_to_latents_and_back(model: UnimodalModel) -> None:
    latents = model.encode(PICTURES)
    drawn = model.decode(latents)
    assert latents.shape == (7, model.specification.dim) == (7, 12)
    assert drawn.shape == PICTURES.shape
    assert drawn.dtype == np.uint8


def test_batches_do_not_change_the_latents(any_model: UnimodalModel) -> None:
    whole, pieces = any_model.encode(PICTURES), any_model.encode(PICTURES, batch=3)
    assert torch.allclose(whole, pieces, atol=1e-5)


def test_black_and_white_pictures_are_finite(any_model: UnimodalModel) -> None:
    plain = np.stack([np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 255, np.uint8)])
    assert any_model.encode(plain).isfinite().all()


def test_wild_latents_draw_a_picture(model: UnimodalModel) -> None:
    wild = torch.tensor([[1e4], [-1e4], [0.0]]).expand(-1, 12)
    assert model.decode(wild).shape == (3, 32, 32, 3)


def test_no_update_reaches_a_frozen_model(any_model: UnimodalModel) -> None:
    before = any_model.fingerprint
    head = torch.nn.Linear(any_model.specification.dim, 1)
    joint = torch.nn.ModuleList([any_model, head]).train()
    optimiser = torch.optim.AdamW(joint.parameters(), lr=0.1)
    for _ in range(3):
        head(any_model.encode(PICTURES)).square().sum().backward()
        optimiser.step()
    assert any_model.fingerprint == before
    assert all(p.grad is None and not p.requires_grad for p in any_model.parameters())
    assert head.weight.grad is not None


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (PICTURES.astype(np.float32) / 255, "must be a uint8 array .* got float32: for values in"),
        (PICTURES.tolist(), "must be a uint8 array .* got list"),
        (render(draw_factors(2, seed=0), side=48), r"shape \(2, 48, 48, 3\), .* resize them"),
        (PICTURES[0], r"shape \(32, 32, 3\), expected \(n, 32, 32, 3\)"),
        (PICTURES.transpose(0, 3, 1, 2), r"shape \(7, 3, 32, 32\)"),
    ],
)
def test_other_things_than_pictures_are_refused(
    any_model: UnimodalModel, raw: object, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        any_model.encode(raw)


def test_the_reader_does_not_draw() -> None:
    with pytest.raises(NotImplementedError, match="PictureReader does not decode"):
        small("reader").decode(torch.zeros(1, 11))


def test_the_reader_gives_attributes() -> None:
    attributes = small("reader").read(PICTURES)
    assert attributes.shape == (7, 11)
    assert np.allclose(attributes[:, :3].sum(1), 1, atol=1e-5)
    assert np.allclose(np.square(attributes[:, 6:8]).sum(1), 1, atol=1e-4)
