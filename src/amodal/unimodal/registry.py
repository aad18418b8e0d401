"""From the name of a model, or a weights file, to the frozen model."""

from importlib import import_module
from importlib.resources import files
from pathlib import Path

from amodal.errors import DamagedError, unknown_name
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.weights import read_weights

KINDS: dict[str, tuple[str, str]] = {
    "symmetry": ("amodal.unimodal.symmetry", "SymmetryAutoencoder"),
    "vae": ("amodal.unimodal.vae", "ImageVae"),
    "reader": ("amodal.unimodal.reader", "PictureReader"),
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
}
"""Name of a model -> its weights in the package; None for one without weights."""


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
        name: "shapes/image", "shapes/image-vae", "shapes/text", "shapes/attributes",
            "shapes/reader", or the path of a `.safetensors` file that `amodal pretrain` wrote.

    Raises:
        UnknownNameError: no model has that name; the nearest is offered.
        NotFoundError: there is no such weights file.
        DamagedError: the weights are truncated, altered or foreign.

    Example:
        >>> model = load_model("shapes/attributes")
        >>> model.specification.dim
        11
    """
    path = weights_path(name)
    if path is None:
        return _class_of("attributes")()  # pyright: ignore[reportCallIssue]
    kind = read_weights(path).description["kind"]
    if kind not in KINDS:
        raise DamagedError(f"{path} holds a model of kind {kind!r}, which this amodal lacks")
    return _class_of(kind).load(path)


def _class_of(kind: str) -> type[UnimodalModel]:
    module, name = KINDS[kind]
    return getattr(import_module(module), name)
