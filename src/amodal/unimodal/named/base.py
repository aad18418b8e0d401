"""What models of other libraries have in common: they encode, and say where they come from."""

from typing import Any

from torch import Tensor

from amodal.errors import InputError
from amodal.specification import LatentSpec
from amodal.typing import Float
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.named.name import ModelName


class NamedModel(UnimodalModel):
    """A frozen model of another library.

    Args:
        name: what was loaded, and what is read off it.
        dim: numbers in a latent.
        fingerprint: of its files and of everything that changes its latents.
        details: revision, what is read, preprocessing, as plain values for people.
    """

    reads_files = True
    modality: str
    """What it encodes: image or text."""
    block: int
    """Things encoded between two marks of progress."""

    def __init__(
        self, name: ModelName, dim: int, *, fingerprint: str, details: dict[str, Any]
    ) -> None:
        super().__init__(str(name), LatentSpec.continuous(dim))
        self.details = details
        self._fingerprint = fingerprint

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the model's files, and what is done to things and read off the model."""
        return self._fingerprint

    def decode_batch(self, latents: Float[Tensor, "batch dim"]) -> Any:
        """There is no way back: see `check_decodes`."""
        self.check_decodes()

    def check_decodes(self) -> None:
        """Refuse to make raw things.

        Raises:
            InputError: always.
        """
        raise InputError(
            f"{self.name} turns things into latents and not back: rank things that you have by "
            "the translated latents, by `amodal index` and `amodal search`, in Python by "
            "Workspace.rank"
        )
