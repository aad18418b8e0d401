"""From the name of another library's model to the frozen model."""

from dataclasses import replace

from amodal.unimodal.named.base import NamedModel
from amodal.unimodal.named.folder import find_folder
from amodal.unimodal.named.name import ModelName


def load_named(name: str | ModelName) -> NamedModel:
    """Load `hf:NAME` or `st:NAME`, from the hub, its cache here, or a folder.

    The model's own name says afterwards which commit it is, or which folder.

    Raises:
        NotFoundError: there is no such model, or the hub cannot be reached.
        InputError: it is no model of that kind, or would run code of its own.
        MissingExtraError: the library is not installed.
    """
    name = ModelName.parse(name) if isinstance(name, str) else name
    if name.library == "st" and "/" not in name.place and not name.is_folder:
        name = replace(name, place=f"sentence-transformers/{name.place}")
    folder = find_folder(name)
    if name.is_folder:
        name = replace(name, place=str(folder.path))
    elif not folder.revision.startswith("sha256:"):
        name = replace(name, revision=folder.revision)
    if name.library == "st":
        from amodal.unimodal.named.sentences import SentenceModel

        return SentenceModel(name, folder)
    from amodal.unimodal.named.vision import VisionModel

    return VisionModel(name, folder)
