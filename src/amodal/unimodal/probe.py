"""What can be read from latents: by a ridge with few labels, by a small network with many."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.unimodal.pretraining import Schedule, train

PENALTIES = tuple(10.0**exponent for exponent in (-4, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 2))


@dataclass(frozen=True)
class RidgeProbe:
    """An affine map from latents to targets."""

    weights: Float[Tensor, "dim target"]
    offset: Float[Tensor, " target"]

    def __call__(self, latents: Float[Tensor, "row dim"]) -> Float[Tensor, "row target"]:
        """Predicted targets."""
        return latents @ self.weights + self.offset


def ridge_probe(
    latents: Float[Tensor, "row dim"], targets: Float[Tensor, "row target"]
) -> RidgeProbe:
    """Fit a ridge whose penalty is chosen for each target by its exact leave-one-out error.

    With H the ridge's hat matrix, leaving row i out changes its residual r_i to
    r_i / (1 - H_ii): no refitting (Allen 1974, the PRESS statistic).

    Args:
        latents: few rows, in the units in which they are to be penalised alike.
        targets: what to read from them.

    Example:
        >>> latents = torch.randn(30, 3, generator=torch.Generator().manual_seed(0))
        >>> probe = ridge_probe(latents, latents @ torch.tensor([[1.0], [0.0], [2.0]]) + 1)
        >>> probe.weights.round(decimals=2).flatten().abs()
        tensor([1., 0., 2.])
    """
    centre, middle = latents.mean(0), targets.mean(0)
    u, s, v = torch.linalg.svd((latents - centre).double(), full_matrices=False)
    wanted = (targets - middle).double()
    kept = s.square() / (s.square() + torch.tensor(PENALTIES, dtype=s.dtype)[:, None])
    # One extra 1/n of leverage: the offset is fitted too.
    leverage = torch.einsum("nk,pk,nk->pn", u, kept, u) + 1 / len(latents)
    fitted = torch.einsum("nk,pk,kt->pnt", u, kept, u.T @ wanted)
    left_out = (wanted - fitted) / (1 - leverage).clamp_min(1e-6)[:, :, None]
    best = left_out.square().mean(1).argmin(0)
    shrunk = (kept[best] / s.clamp_min(1e-12)).T * (u.T @ wanted)
    weights = (v.T @ shrunk).to(latents.dtype)
    return RidgeProbe(weights, middle - centre @ weights)


def measured_losses(
    outputs: Float[Tensor, "batch target"],
    targets: Float[Tensor, "batch target"],
    specification: LatentSpec,
) -> dict[str, Tensor]:
    """Cross-entropy of each categorical block, mean squared error of every other."""
    losses = {}
    for block, columns in specification.parts():
        output, target = outputs[:, columns], targets[:, columns]
        if block.kind == "categorical":
            losses[block.name] = nn.functional.cross_entropy(output, target)
        else:
            losses[block.name] = (output - target).square().mean()
    return losses


def as_measured(
    outputs: Float[Tensor, "row target"], specification: LatentSpec
) -> Float[Tensor, "row target"]:
    """Network outputs as targets: probabilities in categorical blocks, the rest as it is."""
    parts = [
        outputs[:, columns].softmax(1) if block.kind == "categorical" else outputs[:, columns]
        for block, columns in specification.parts()
    ]
    return torch.cat(parts, 1)


class NetworkProbe(nn.Module):
    """A network with two hidden layers from standardised latents to targets."""

    centre: Tensor
    scale: Tensor

    def __init__(
        self, latents: Float[Tensor, "row dim"], specification: LatentSpec, *, width: int = 256
    ) -> None:
        super().__init__()
        self.specification = specification
        self.register_buffer("centre", latents.mean(0))
        spread = latents.std(0)
        # A dead dimension is noise: it is not scaled up.
        self.register_buffer("scale", torch.where(spread > 0.02 * spread.max(), spread, 1.0))
        self.layers = nn.Sequential(
            nn.Linear(latents.shape[1], width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, specification.dim),
        )

    def forward(self, latents: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch target"]:
        """Outputs before `as_measured`."""
        return self.layers((latents - self.centre) / self.scale)

    def predict(self, latents: Float[Tensor, "row dim"]) -> Float[Tensor, "row target"]:
        """Predicted targets, without gradients."""
        with torch.no_grad():
            return as_measured(self(latents), self.specification)


def network_probe(
    latents: Float[Tensor, "row dim"],
    targets: Float[Tensor, "row target"],
    specification: LatentSpec,
    *,
    schedule: Schedule | None = None,
) -> NetworkProbe:
    """Train a `NetworkProbe` on many labels.

    Args:
        latents: rows with labels.
        targets: the labels, measured as `specification` says.
        specification: the blocks of the targets.
        schedule: how long and how fast.
    """
    schedule = schedule or Schedule(steps=12_000, batch=512, learning_rate=3e-3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(schedule.seed)
        probe = NetworkProbe(latents, specification)

    def losses(generator: Generator, done: float) -> dict[str, Tensor]:
        rows = torch.randint(len(latents), (schedule.batch,), generator=generator)
        return measured_losses(probe(latents[rows]), targets[rows], specification)

    train(probe, losses, schedule, description="probe")
    return probe
