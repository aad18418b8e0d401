"""From what a vision model gives for a picture to one vector: its output, or pooled tokens.

A model made to compare pictures has an output for it (CLIP's image embeds, a trained pooler).
Where it has none, the class token of its last layer stands for the picture, or the mean of all
patches where there is no class token either.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from amodal.errors import InputError
from amodal.typing import Float


@dataclass(frozen=True)
class Readout:
    """What of a vision model becomes the latent."""

    kind: str
    """embeds, pooler, cls or mean."""
    layer: int | None = None
    """Of the hidden states; None for the model's last, normalised output."""

    def __call__(self, network: nn.Module, inputs: dict[str, Tensor]) -> Float[Tensor, "batch dim"]:
        """Pictures as the processor gives them -> vectors."""
        if self.kind == "embeds":
            return _embeds(network, inputs)
        output = _tower(network)(**inputs, output_hidden_states=self.layer is not None)
        if self.kind == "pooler":
            return output.pooler_output.flatten(1)
        hidden = output.last_hidden_state if self.layer is None else _layer(output, self.layer)
        return _pooled(hidden, self.kind, leading_tokens(network, hidden, inputs))

    def in_words(self) -> str:
        """For people.

        Example:
            >>> Readout("mean", -2).in_words()
            'the mean of the patches in hidden state -2'
        """
        where = "" if self.layer is None else f" in hidden state {self.layer}"
        words = {
            "embeds": "the image embedding",
            "pooler": "the pooled output",
            "cls": "the class token",
            "mean": "the mean of the patches",
        }
        return words[self.kind] + where


def choose_readout(
    network: nn.Module,
    inputs: dict[str, Tensor],
    *,
    layer: int | None,
    pool: str | None,
    untrained: list[str],
) -> Readout:
    """What to read, where the user has not said all of it.

    Args:
        network: the vision model.
        inputs: some picture as the processor gives it, to try.
        layer: which hidden state; None for the output.
        pool: mean or cls; None for what the model was made for.
        untrained: names of weights that the model's file lacks, so that they are random.

    Raises:
        InputError: the model lacks what was asked for.
    """
    if layer is None and pool is None:
        if _embeds(network, inputs) is not None:
            return Readout("embeds")
        output = _tower(network)(**inputs)
        if getattr(output, "pooler_output", None) is not None and not _of_pooler(untrained):
            return Readout("pooler")
    output = _tower(network)(**inputs, output_hidden_states=layer is not None)
    hidden = output.last_hidden_state if layer is None else _layer(output, layer)
    has_class = leading_tokens(network, hidden, inputs) > 0
    if pool == "cls" and not has_class:
        raise InputError("this model has no class token: --pool mean, or leave it out")
    return Readout(pool or ("cls" if has_class else "mean"), layer)


def leading_tokens(network: nn.Module, hidden: Tensor, inputs: dict[str, Tensor]) -> int:
    """How many tokens come before those of the patches: the class token, and registers."""
    patch = getattr(_tower(network).config, "patch_size", None)
    pixels = inputs.get("pixel_values")
    if hidden.ndim != 3 or not isinstance(patch, int) or pixels is None:
        return 0
    # Models that merge patches from layer to layer (Swin) have fewer tokens, and no class token.
    return max(hidden.shape[1] - (pixels.shape[-2] // patch) * (pixels.shape[-1] // patch), 0)


def _of_pooler(names: list[str]) -> bool:
    return any("pooler" in name for name in names)


def _tower(network: nn.Module) -> Any:
    """The part that sees, of a model that also reads."""
    return getattr(network, "vision_model", network)


def _embeds(network: nn.Module, inputs: dict[str, Tensor]) -> Any:
    """What the model compares with sentences, or None where it does not."""
    if hasattr(network, "get_image_features"):
        features: Any = network.get_image_features(**inputs)  # pyright: ignore
        return features if isinstance(features, Tensor) else features.pooler_output
    return getattr(network(**inputs), "image_embeds", None)


def _layer(output: Any, layer: int) -> Tensor:
    states = output.hidden_states
    if not -len(states) <= layer < len(states):
        raise InputError(
            f"--layer {layer}: this model has hidden states 0 (the embeddings) to "
            f"{len(states) - 1}, or -1 (the last) to {-len(states)}"
        )
    return states[layer]


def _pooled(hidden: Tensor, kind: str, leading: int) -> Float[Tensor, "batch dim"]:
    if hidden.ndim == 4:  # convolutional: (batch, channels, height, width)
        return hidden.mean((2, 3))
    return hidden[:, 0] if kind == "cls" else hidden[:, leading:].mean(1)
