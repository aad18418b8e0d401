"""Nothing that a workspace does reaches the unimodal models that made its latents."""

import numpy as np
import torch
from plain_data import draw_plain, quick, same_rows

import amodal
from amodal.data.shapes import attributes, draw_factors, render


def test_no_gradient_and_no_update_reaches_a_unimodal_model() -> None:
    data = draw_plain()
    encoder = torch.nn.Linear(5, 6)
    frozen = torch.nn.Linear(4, 4).requires_grad_(False).eval()
    before = [p.clone() for net in (encoder, frozen) for p in net.parameters()]
    raw = {name: torch.from_numpy(rows).float() for name, rows in data.items()}
    # Even latents that still hang on a graph, of a model that someone forgot to freeze.
    latents = {"sound": encoder(raw["sound"]), "smell": frozen(raw["smell"])}
    assert latents["sound"].requires_grad
    model = quick(steps=10).fit(latents, matches=same_rows(20))
    answer = model.translate(encoder(raw["sound"]), "sound", "smell")
    after = [p for net in (encoder, frozen) for p in net.parameters()]
    for old, new in zip(before, after, strict=True):
        assert torch.equal(old, new)
        assert new.grad is None
    assert not answer.requires_grad
    assert not any(p.requires_grad for p in frozen.parameters())
    assert not model.ensemble_.members.matrix.requires_grad


def test_the_shipped_image_model_stays_as_it_is_through_encoding_fitting_and_drawing() -> None:
    factors = draw_factors(60, seed=9)
    image, numbers = amodal.load_model("shapes/image"), amodal.load_model("shapes/attributes")
    before = {name: value.clone() for name, value in image.state_dict().items()}
    fingerprint = image.fingerprint
    latents = {
        "image": amodal.Latents(image.encode(render(factors)), image.specification, fingerprint),
        "attributes": amodal.Latents(numbers.encode(attributes(factors)), numbers.specification),
    }
    model = quick(steps=10).fit(latents, matches=same_rows(20, *latents))
    drawn = image.decode(model.translate(latents["attributes"], "attributes", "image"))
    assert drawn.dtype == np.uint8
    assert not any(p.requires_grad or p.grad is not None for p in image.parameters())
    assert all(torch.equal(before[name], value) for name, value in image.state_dict().items())
    assert image.fingerprint == fingerprint
