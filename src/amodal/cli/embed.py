"""`amodal embed`: rows in the shared space, and translated, in a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from amodal.errors import ExistsError, InputError

ENDINGS = (".npz", ".h5ad", ".h5mu")


@dataclass(frozen=True)
class Embed:
    """Give latents their place in the shared space of a fitted run, and in its other modalities.

    A .h5mu or .h5ad file becomes a copy of the cells' own with X_amodal (the shared state) and
    X_amodal_<modality> (translations) in .obsm; an .npz file holds an array for each modality,
    image and image_to_text.

    Example: amodal embed runs/cells --latents rna=cells.h5mu:rna:X_pca atac=cells.h5mu:atac:X_lsi
    --out embedded.h5mu
    """

    run_folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """A run folder, made by `amodal fit` for example."""
    latents: tuple[str, ...]
    """modality=place for each modality wanted, as for `amodal fit`."""
    out: Path
    """File to write: .npz, or .h5ad or .h5mu for cells."""
    overwrite: bool = False
    """Replace the file at --out if it is there."""

    def run(self) -> None:
        """Embed, translate, write, and say what is in the file."""
        self.check_out()
        # Here, because they import torch, which takes seconds.
        from amodal.embedding import write_embeddings
        from amodal.latents.places import split_arguments
        from amodal.model import Workspace

        places = split_arguments(self.latents)
        for line in write_embeddings(Workspace.load(self.run_folder), places, self.out):
            print(line)

    def check_out(self) -> None:
        """Refuse a file that cannot be written, before anything is read.

        Raises:
            InputError: its ending says nothing.
            ExistsError: it is there.
        """
        if self.out.suffix.lower() not in ENDINGS:
            raise InputError(f"--out {self.out}: expected a file that ends in {', '.join(ENDINGS)}")
        if self.out.exists() and not self.overwrite:
            raise ExistsError(
                f"{self.out} is already there: choose another --out, or add --overwrite"
            )
