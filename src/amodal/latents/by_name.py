"""Encode things with a frozen model that is called by its name: one call from files to latents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from amodal.errors import InputError
from amodal.latents.encoding import Encoder, encode_to_store
from amodal.latents.items import Items, items_of
from amodal.latents.latents import Latents
from amodal.specification import LatentSpec
from amodal.unimodal import load_model
from amodal.unimodal.named import ModelName, is_named


def encode(
    items: Any,
    *,
    model: Any,
    out: str | Path,
    modality: str = "",
    half: bool = False,
    revision: str | None = None,
    layer: int | None = None,
    pool: str | None = None,
    version: str = "",
) -> Latents:
    """Encode pictures, sentences or arrays into the folder `out`, and open it.

    Works in constant memory; interrupted, the same call goes on where it was, to the same bytes.

    Args:
        items: a folder of pictures (all below it, sorted by name), a .txt file with one text a
            line, a table with one column of texts, or a list of sentences, paths, arrays or PIL
            images.
        model: `hf:NAME` for a vision model of transformers, `st:NAME` for sentence-transformers,
            each with a name on the hub or a folder; the name of a model of Amodal's; or any
            function from a list of things to rows of numbers.
        out: the folder to make.
        modality: what the things are of; the model's own when left out.
        half: keep 16 bits of each number.
        revision: commit, tag or branch on the hub.
        layer: a hidden state instead of the model's output, counted from 0 or back from -1.
        pool: `mean` of the patches or `cls`, the class token, instead of the model's own output.
        version: of a function: change it whenever its answers change.

    Raises:
        NotFoundError: there are no such things, or no such model.
        InputError: a thing cannot be read, or the model cannot be used.
        ExistsError: `out` holds another encoding.
        MissingExtraError: the library that reads the model is not installed.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> def lengths(texts):
        ...     return np.array([[len(text), text.count(" ")] for text in texts])
        >>> out = Path(tempfile.mkdtemp()) / "lengths"
        >>> encode(["a red egg", "a kite"], model=lengths, version="1", out=out).rows.tolist()
        [[9.0, 2.0], [6.0, 1.0]]
    """
    listed = items if isinstance(items, Items) else items_of(items)
    settings = {"revision": revision, "layer": layer, "pool": pool}
    if isinstance(model, str):
        encoder: Encoder = encoder_called(model, **settings)
    else:
        encoder = _encoder_given(model, version, listed.things[0:1], settings)
    return encode_to_store(
        encoder,
        listed.things,
        out,
        modality=modality or getattr(encoder, "modality", ""),
        source=listed.source | {"items": listed.so_far(len(listed))},
        half=half,
        names=listed.names,
        so_far=listed.so_far,
    )


def encoder_called(
    name: str,
    *,
    revision: str | None = None,
    layer: int | None = None,
    pool: str | None = None,
) -> Encoder:
    """Load the frozen model of a name, with what is said beside the name.

    Raises:
        InputError: settings are given that the model does not take.
        UnknownNameError, NotFoundError: there is no such model.
    """
    if is_named(name):
        from amodal.unimodal.named.load import load_named

        return load_named(ModelName.parse(name).changed(revision=revision, layer=layer, pool=pool))
    _refuse_settings(name, {"revision": revision, "layer": layer, "pool": pool})
    return load_model(name)


def _refuse_settings(name: str, settings: dict[str, Any]) -> None:
    given = [setting for setting, value in settings.items() if value is not None]
    if given:
        raise InputError(f"{name} takes no {', '.join(given)}: hf:NAME and st:NAME do")


def _encoder_given(model: Any, version: str, example: Any, settings: dict[str, Any]) -> Encoder:
    """An object that encodes as it is, a function as an encoder."""
    name = getattr(model, "name", getattr(model, "__name__", type(model).__name__))
    _refuse_settings(str(name), settings)
    if isinstance(model, Encoder):
        return model
    if not callable(model):
        raise InputError(
            "model: expected hf:NAME, st:NAME, a model's name or a function from things to rows, "
            f"got {type(model).__name__}"
        )
    return FunctionModel(model, version, example)


class FunctionModel:
    """Any function from a list of things to rows of numbers, as an encoder.

    Args:
        function: of yours.
        version: change it whenever the answers change.
        example: a list with one thing, to see how many numbers come out.

    Raises:
        InputError: there is no version, or what comes out is not one row of numbers a thing.
    """

    def __init__(self, function: Callable[[Any], Any], version: str, example: Any) -> None:
        self.name = getattr(function, "__name__", type(function).__name__)
        self.function = function
        if not version:
            raise InputError(
                f"{self.name} is a function, and Amodal cannot see when its answers change: say "
                'version="1", and change it whenever they do'
            )
        self.fingerprint = f"{self.name}, version {version}"
        self.specification = LatentSpec.continuous(1)
        rows = self.encode(example)
        if rows.ndim != 2 or len(rows) != 1 or rows.shape[1] == 0:
            raise InputError(
                f"{self.name} gave shape {tuple(rows.shape)} for one thing, expected (1, dim): one "
                "row of numbers for each"
            )
        self.specification = LatentSpec.continuous(rows.shape[1])

    def encode(self, raw: Any) -> torch.Tensor:
        """Things -> rows of numbers."""
        with torch.no_grad():
            return torch.as_tensor(self.function(raw)).float()
