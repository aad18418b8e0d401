"""`amodal export`: a fitted run as an ONNX file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from amodal.errors import InputError


@dataclass(frozen=True)
class Export:
    """Write what a fitted run answers as an ONNX file, and check that it answers the same.

    The file takes latents of one modality, as its own model gives them, any number of rows, and
    needs neither torch nor Amodal to run. Needs the extra `onnx`.

    Example: amodal export runs/demo --source image --target text --out image-to-text.onnx
    """

    run_folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """A run folder, made by `amodal fit` or `amodal demo`, or one that `save` has written."""
    source: str
    """The modality whose latents are given."""
    out: Path
    """The .onnx file to write."""
    target: str | None = None
    """The modality to translate to; with --embed the one that rows will be compared with."""
    embed: bool = False
    """Give vectors for retrieval instead of a translation; without --target the state."""
    uncertainty: bool = False
    """Give each row's expected error beside its translation."""
    overwrite: bool = False
    """Replace the file at --out if it is there."""

    def __post_init__(self) -> None:
        if self.out.suffix != ".onnx":
            raise InputError(f"--out is {self.out}, expected a file whose name ends in .onnx")
        if self.target is None and not self.embed:
            raise InputError("export: add --target, the modality to translate to, or --embed")

    def run(self) -> None:
        """Export, and say what the file takes and gives."""
        # Here, because they import torch, which takes seconds.
        from amodal.export import export_onnx
        from amodal.export.graph import OPSET
        from amodal.model import Workspace

        model = Workspace.load(self.run_folder)
        told = export_onnx(
            model,
            self.out,
            source=self.source,
            target=self.target,
            embed=self.embed,
            uncertainty=self.uncertainty,
            overwrite=self.overwrite,
        )
        width = len(model.normalisation_[self.source].shift)
        outputs = [f"{n} (row, {dim})" if dim else f"{n} (row)" for n, dim in told.outputs.items()]
        print(f"{self.out}: latents (row, {width}) of {self.source} -> {', '.join(outputs)}")
        print(f"opset {OPSET}, float32, any number of rows; {told.bytes / 1000:,.1f} kB")
        checked = told.checked
        print(
            f"checked by {checked.by} on {checked.rows} rows: answers differ by at most "
            f"{checked.difference:.1g}"
        )
