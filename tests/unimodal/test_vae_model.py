"""The beta-VAE: its loss against independent values, and the warm-up of beta."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from amodal.data.shapes import draw_factors, render
from amodal.errors import InputError
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.vae import ImageVae, VaeTraining, divergence, vae_losses


def test_divergence_against_torch_distributions() -> None:
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(5, 12, generator=generator)
    log_variance = torch.randn(5, 12, generator=generator)
    slow = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(divergence(mean, log_variance), slow, atol=1e-5)


def test_beta_warms_up_over_the_first_third() -> None:
    training = VaeTraining(beta=0.3)
    assert training.beta_at(0.0) == 0
    assert training.beta_at(1 / 6) == pytest.approx(0.15)
    assert training.beta_at(0.5) == 0.3
    assert VaeTraining(beta=0.3, beta_warm_up=0.0).beta_at(0.0) == 0.3


def test_loss_terms_at_both_ends_of_the_warm_up() -> None:
    torch.manual_seed(0)
    model = ImageVae("mine", width=4)
    training = VaeTraining(Schedule(10, 8, 1e-3))
    losses = vae_losses(model, render(draw_factors(20, seed=0)), training)
    early = losses(torch.Generator().manual_seed(0), 0.0)
    late = losses(torch.Generator().manual_seed(0), 1.0)
    assert early["divergence"] == 0
    assert late["divergence"] > 0
    assert early["error"].item() == pytest.approx(late["error"].item(), rel=1e-3)
    # An untrained decoder draws grey: about a quarter per pixel of black ground.
    assert 300 < early["error"].item() < 1500


def test_gradients_reach_encoder_and_decoder() -> None:
    torch.manual_seed(0)
    model = ImageVae("mine", width=4)
    losses = vae_losses(model, render(draw_factors(20, seed=0)), VaeTraining(Schedule(9, 8, 1e-3)))
    sum(losses(torch.Generator(), 1.0).values()).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_bad_settings_are_refused() -> None:
    with pytest.raises(InputError, match="beta must be at least 0"):
        VaeTraining(beta=-1.0)
