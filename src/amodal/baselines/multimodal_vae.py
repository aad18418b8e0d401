"""Multimodal variational autoencoders of the MultiVae library, on frozen latents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from amodal.baselines.folds import Embed
from amodal.baselines.networks import BATCH, descend, network, scaled
from amodal.baselines.tuned import PRINCIPAL, TunedBaseline
from amodal.errors import import_extra, unknown_name
from amodal.latents import MatchTable
from amodal.typing import Int64

KINDS = ("mvae", "mopoe")
SHARED = 64


@dataclass(frozen=True)
class MultimodalVAESettings:
    """How strongly states are held near the prior, and how long is trained."""

    exponent: float = 1.0
    """Principal coordinates are scaled by deviation^exponent."""
    beta: float = 0.1
    """Weight of the divergence from the prior."""
    steps: int = 1000
    """Updates; the folds choose when to stop."""


class MultimodalVAE(TunedBaseline):
    r"""Learn one latent variable of all modalities, by MVAE or MoPoE of the MultiVae library.

    E log p(x_seen | z) - beta KL(q(z | x_seen) || p(z)), where q is the product of the seen
    modalities' Gaussians (MVAE, Wu and Goodman 2018, arXiv 1802.05335), or the mixture of such
    products over all subsets (MoPoE, Sutter et al. 2021, arXiv 2105.02470). Unmatched rows take
    part as things of which one modality was seen. The library's own losses; networks of one hidden
    layer of 128, because its own decoders end in a sigmoid, for pixels; 64 numbers of state. Half
    of each batch are matches, half unmatched rows of every modality in turn. A row's state is the
    mean of its own posterior.

    Needs `pip install "amodal[vae]"`, and with it a torchvision made for the installed torch.

    Example:
        >>> MultimodalVAE("mvae").kind
        'mvae'
    """

    Settings = MultimodalVAESettings
    grid: ClassVar = {"beta": (0.1, 0.01, 1.0), "exponent": (1.0, 0.0), "steps": (1000, 300)}

    def __init__(
        self, kind: str = "mvae", *, settings: Any = None, principal: int | None = PRINCIPAL
    ) -> None:
        """Set up, without data.

        Args:
            kind: "mvae" or "mopoe".
            settings: a `MultimodalVAESettings`; None lets held-out matches choose, and takes the
                defaults where there are fewer than 24.
            principal: principal coordinates kept of each modality, at most; None keeps all.
        """
        super().__init__(settings=settings, principal=principal)
        self.kind = kind

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.kind not in KINDS:
            raise unknown_name("kind of VAE", self.kind, KINDS)
        import_extra("multivae", "vae")

    def _align(self, rows: Mapping[str, Tensor], table: MatchTable, settings: Any) -> Embed:
        own_scale, self._sizes = scaled(rows)
        # The library's own names for them: it joins names by "_", and keeps modules by them.
        inside = {name: f"m{place}" for place, name in enumerate(rows)}
        inputs = {inside[name]: values for name, values in own_scale.items()}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self._model = _built(self.kind, inputs, settings.beta)
            draw = _batches(inputs, [table.column(name) for name in rows])
            descend(
                self._model.parameters(), lambda: self._model(draw()).loss, steps=settings.steps
            )
        self._model.eval()
        model, sizes = self._model, self._sizes
        widths = {name: values.shape[1] for name, values in inputs.items()}
        library = import_extra("multivae.data", "vae")

        def embed(x: Tensor, name: str) -> Tensor:
            # The library encodes every modality, and then takes those that it is asked for.
            given = {other: torch.zeros(len(x), width) for other, width in widths.items()}
            own = inside[name]
            given[own] = (x / sizes[name]).float()
            with torch.no_grad():
                found = model.encode(library.MultimodalBaseDataset(given), [own], return_mean=True)
            return found.z.to(x.dtype)

        return embed

    def _fit_maps(self, rows: Mapping[str, Tensor], table: MatchTable) -> dict[Any, Any]:
        decoders = dict(zip(rows, self._model.decoders.values(), strict=True))
        return {
            (source, target): _Decoded(
                self._embedding, source, decoders[target], self._sizes[target]
            )
            for source, target in permutations(rows, 2)
        }


class _Decoded:
    """Rows -> states -> the target."""

    def __init__(self, embed: Embed, source: str, decoder: nn.Module, size: Tensor) -> None:
        self.embed, self.source, self.decoder, self.size = embed, source, decoder, size

    def __call__(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            found = self.decoder(self.embed(x, self.source).float()).reconstruction
        return found.to(x.dtype) * self.size


def _built(kind: str, inputs: Mapping[str, Tensor], beta: float) -> Any:
    models = import_extra("multivae.models", "vae")
    widths = {name: rows.shape[1] for name, rows in inputs.items()}
    encoders, decoders = _networks(widths)
    about: dict[str, Any] = {
        "n_modalities": len(widths),
        "latent_dim": SHARED,
        "input_dims": {name: (width,) for name, width in widths.items()},
        "beta": beta,
    }
    if kind == "mvae":
        # The library's advice where modalities are missing: no further terms for subsets.
        config = models.MVAEConfig(**about, use_subsampling=False, warmup=0)
        return models.MVAE(config, encoders, decoders)
    return models.MoPoE(models.MoPoEConfig(**about), encoders, decoders)


def _networks(widths: Mapping[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Encoders and decoders as the library wants them; made here, because their bases are its."""
    bases = import_extra("pythae.models.nn", "vae")
    output = import_extra("pythae.models.base.base_utils", "vae").ModelOutput

    class Encoder(bases.BaseEncoder):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.latent_dim = SHARED
            self.inner = network(width, 2 * SHARED)

        def forward(self, x: Tensor) -> Any:
            found = self.inner(x)
            # Copied, because the library writes into it.
            return output(embedding=found[:, :SHARED], log_covariance=found[:, SHARED:].clone())

    class Decoder(bases.BaseDecoder):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.latent_dim = SHARED
            self.inner = network(SHARED, width)

        def forward(self, z: Tensor) -> Any:
            return output(reconstruction=self.inner(z))

    return (
        {name: Encoder(width) for name, width in widths.items()},
        {name: Decoder(width) for name, width in widths.items()},
    )


def _batches(
    inputs: Mapping[str, Tensor], matched: Sequence[Int64[np.ndarray, " match"]]
) -> Callable[[], Any]:
    """Half matches, half unmatched rows, as many of every modality.

    Args:
        inputs: each modality's rows.
        matched: of each modality, its row in each match, -1 where it has none.
    """
    library = import_extra("multivae.data", "vae")
    names, columns = list(inputs), torch.from_numpy(np.stack(matched, 1))
    alone = {
        name: torch.from_numpy(np.setdiff1d(np.arange(len(inputs[name])), own))
        for name, own in zip(names, matched, strict=True)
    }

    def draw() -> Any:
        things = [columns[torch.randint(len(columns), (BATCH // 2,))]]
        for place, name in enumerate(names):
            if len(alone[name]):
                count = BATCH // 2 // len(names)
                one = torch.full((count, len(names)), -1)
                one[:, place] = alone[name][torch.randint(len(alone[name]), (count,))]
                things.append(one)
        drawn = torch.cat(things)
        masks = {name: drawn[:, place] >= 0 for place, name in enumerate(names)}
        data = {
            name: inputs[name][drawn[:, place].clamp(min=0)] * masks[name][:, None]
            for place, name in enumerate(names)
        }
        return library.IncompleteDataset(data=data, masks=masks)

    return draw
