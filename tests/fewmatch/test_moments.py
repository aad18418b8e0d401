"""Moments: against CCA and ridge regression fitted on rows."""

import torch

from amodal.baselines import CCA
from amodal.fewmatch.moments import (
    Moments,
    covariance,
    inverse_root,
    linear_map,
    shared_directions,
)


def draw() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 4, generator=generator).double()
    y = x @ torch.randn(4, 3, generator=generator).double()
    y += 0.5 * torch.randn(60, 3, generator=generator).double()
    return x - x.mean(0), y - y.mean(0)


def test_directions_are_those_of_cca_on_the_rows() -> None:
    x, y = draw()
    within = {"a": covariance(x, x), "b": covariance(y, y)}
    moments = Moments(within, {("a", "b"): covariance(x, y)})
    found = shared_directions(moments, penalty=0.5)
    rows = list(range(60))
    model = CCA(penalty=0.5).fit({"a": x, "b": y}, matches={"a": rows, "b": rows})
    torch.testing.assert_close(found.correlations, model.correlations_)
    torch.testing.assert_close(
        (x @ found.weights["a"]) @ (y @ found.weights["b"]).T,
        model.embed({"a": x}) @ model.embed({"b": y}).T,
    )


def test_linear_maps_are_ridge_regression_both_ways() -> None:
    x, y = draw()
    moments = Moments(
        {"a": covariance(x, x), "b": covariance(y, y)}, {("a", "b"): covariance(x, y)}
    )
    scale = 0.3 * covariance(x, x).diagonal().mean() * len(x)
    expected = torch.linalg.solve(x.T @ x + scale * torch.eye(4).double(), x.T @ y)
    torch.testing.assert_close(linear_map(moments, "a", "b", penalty=0.3), expected)
    assert linear_map(moments, "b", "a", penalty=0.3).shape == (3, 4)


def test_modalities_that_share_nothing_are_mapped_to_the_mean() -> None:
    one = torch.eye(2).double()
    moments = Moments({"a": one, "b": one, "c": one}, {("a", "b"): 0.5 * one})
    assert (linear_map(moments, "a", "c", penalty=1.0) == 0).all()
    directions = shared_directions(moments, penalty=1e-6)
    assert directions.weights["c"].abs().max() < 1e-9


def test_inverse_root_is_one() -> None:
    x, _ = draw()
    root = inverse_root(covariance(x, x), 0.1)
    identity = root @ (covariance(x, x) + 0.1 * torch.eye(4).double()) @ root
    torch.testing.assert_close(identity, torch.eye(4).double())
