"""From the name of a model, or a weights file, to the frozen model."""

from importlib import import_module
from importlib.resources import files
from pathlib import Path

from amodal.data.dataset import MODALITY_NAMES
from amodal.data.kinds import KIND_NAMES
from amodal.errors import DamagedError, InputError, unknown_name
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.named import is_named
from amodal.unimodal.weights import read_weights

KINDS: dict[str, tuple[str, str]] = {
    "symmetry": ("amodal.unimodal.symmetry", "SymmetryAutoencoder"),
    "scene": ("amodal.unimodal.scene", "SceneAutoencoder"),
    "vae": ("amodal.unimodal.vae", "ImageVae"),
    "reader": ("amodal.unimodal.reader", "PictureReader"),
    "convolutional-reader": ("amodal.unimodal.convolutional_reader", "ConvolutionalReader"),
    "text": ("amodal.unimodal.text", "TextAutoencoder"),
    "attributes": ("amodal.unimodal.attributes", "Attributes"),
}
"""Kind of model, as written in its weights file -> its module and class."""

SHIPPED: dict[str, str | None] = {
    "shapes/image": "shapes/image.safetensors",
    "shapes/image-vae": "shapes/image-vae.safetensors",
    "shapes/text": "shapes/text.safetensors",
    "shapes/reader": "shapes/reader.safetensors",
    "shapes/attributes": None,
    "factory/image": "factory/image.safetensors",
    "factory/image-vae": "factory/image-vae.safetensors",
    "factory/text": "factory/text.safetensors",
    "factory/attributes": None,
    "factory/reader": "factory/reader.safetensors",
}
"""Name of a model -> its weights in the package; None for one without weights."""


SETS = ("default", "vae")
"""Two sets of unimodal models of every kind of data; they differ in the image model."""


def models_of(kind: str, latents: str = "default") -> dict[str, str]:
    """Names of the unimodal models of a kind of data, by modality.

    Args:
        kind: name of the kind of data.
        latents: which of `SETS`.

    Raises:
        UnknownNameError: there is no such set; the nearest is offered.

    Example:
        >>> models_of("shapes", "vae")["image"]
        'shapes/image-vae'
    """
    if latents not in SETS:
        raise unknown_name("set of unimodal models", latents, SETS)
    own = {modality: f"{kind}/{modality}" for modality in MODALITY_NAMES}
    return own if latents == "default" else own | {"image": f"{kind}/image-vae"}


def check_shipped(kind: str) -> None:
    """Refuse a kind of data for which the package lacks a unimodal model, or the reader.

    Raises:
        InputError: some are missing; it says which, and which kinds have all.
    """
    missing = [name for name in _wanted(kind) if name not in SHIPPED]
    if missing:
        whole = [name for name in KIND_NAMES if set(_wanted(name)) <= set(SHIPPED)]
        raise InputError(
            f"{kind} lacks unimodal models that come with the package ({', '.join(missing)}): "
            f"expected a kind that has all of them: {', '.join(whole)}"
        )


def _wanted(kind: str) -> list[str]:
    of_sets = [name for latents in SETS for name in models_of(kind, latents).values()]
    return list(dict.fromkeys([*of_sets, f"{kind}/reader"]))


def weights_path(name: str) -> Path | None:
    """Where the weights of the model called `name` lie; None for one without weights.

    Raises:
        UnknownNameError: there is no such model; the nearest name is offered.
    """
    if name.endswith(".safetensors"):
        return Path(name)
    if name not in SHIPPED:
        raise unknown_name("unimodal model", name, SHIPPED)
    relative = SHIPPED[name]
    return None if relative is None else Path(str(files("amodal.weights"))) / relative


def load_model(name: str) -> UnimodalModel:
    """Load a frozen unimodal model by its name, or from your own weights file.

    Args:
        name: the kind of data and "/image", "/image-vae", "/text", "/attributes" or "/reader", or
            the path of a `.safetensors` file that `amodal pretrain` wrote, or a model of another
            library, hf:NAME or st:NAME.

    Raises:
        UnknownNameError: no model has that name; the nearest is offered.
        NotFoundError: there is no such weights file.
        DamagedError: the weights are truncated, altered or foreign.

    Example:
        >>> model = load_model("shapes/attributes")
        >>> model.specification.dim
        11
    """
    if is_named(name):
        from amodal.unimodal.named.load import load_named

        return load_named(name)
    path = weights_path(name)
    if path is None:
        return _class_of("attributes")(name)  # pyright: ignore[reportCallIssue]
    kind = read_weights(path).description["kind"]
    if kind not in KINDS:
        raise DamagedError(f"{path} holds a model of kind {kind!r}, which this amodal lacks")
    return _class_of(kind).load(path)


def _class_of(kind: str) -> type[UnimodalModel]:
    module, name = KINDS[kind]
    return getattr(import_module(module), name)
