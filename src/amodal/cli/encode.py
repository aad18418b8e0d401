"""`amodal encode`: turn raw things into latents, in a folder."""

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import tyro

from amodal.data import Dataset, open_dataset
from amodal.data.dataset import MODALITY_NAMES
from amodal.errors import InputError, unknown_name
from amodal.files import checksum
from amodal.typing import Int64


@dataclass(frozen=True)
class Encode:
    """Encode one modality of a data folder with a frozen unimodal model.

    Works in constant memory. Stopped half-way, the same command goes on where it was.

    Example: amodal encode data/shapes --modality image --split train --out latents/image
    """

    data: tyro.conf.Positional[Path]
    """A folder made by `amodal generate`."""
    modality: str
    """image, text or attributes."""
    out: Path
    """The folder to make."""
    model: str | None = None
    """Name of a shipped model (shapes/image, shapes/image-vae, ...) or a weights file made by
    `amodal pretrain`; by default the shipped one of this modality."""
    rows: str | None = None
    """Only some rows: first:end, counted from 0, the end not included (0:20000)."""
    split: Literal["train", "validation", "test"] | None = None
    """Only the rows of a split. Fit on train: `amodal evaluate --data` measures on test. Rows of
    the latents are then counted within the split."""

    def __post_init__(self) -> None:
        if self.modality not in MODALITY_NAMES:
            raise unknown_name("modality", self.modality, MODALITY_NAMES)
        if self.rows is not None and not re.fullmatch(r"\d*:\d*", self.rows):
            raise InputError(f"--rows is {self.rows!r}, expected first:end such as 0:20000")
        if self.rows is not None and self.split is not None:
            raise InputError(
                f"--rows {self.rows} and --split {self.split} both say which rows: give one of them"
            )

    def run(self) -> None:
        """Encode, and say what is there."""
        dataset = open_dataset(self.data)
        rows = self.chosen_rows(dataset)
        from amodal.latents.encoding import encode_to_store
        from amodal.unimodal import load_model

        name = self.model or f"{dataset.kind.name}/{self.modality}"
        model, already, start = load_model(name), self.out.exists(), time.monotonic()
        latents = encode_to_store(
            model,
            lambda start, stop: dataset.raw(self.modality, rows[start:stop]),
            self.out,
            rows=len(rows),
            modality=self.modality,
            source=self.source(dataset),
            model_name=name,
        )
        if already:
            print(f"{self.out} already holds these {len(latents):,} latents: nothing to do")
            return
        seconds = time.monotonic() - start
        print(
            f"{self.out}: {len(latents):,} latents of {latents.spec.dim} numbers by {name}, "
            f"in {seconds:.1f} s ({len(latents) / seconds:,.0f} a second)"
        )

    def chosen_rows(self, dataset: Dataset) -> range | Int64[np.ndarray, " some"]:
        """The rows of the data that become rows of latents, in order.

        Raises:
            InputError: there are none of that split, or --rows is out of range.
        """
        if self.split is None:
            return range(*self.limits(len(dataset)))
        rows = dataset.rows(self.split)
        if not len(rows):
            raise InputError(
                f"{self.data} has {len(dataset)} rows, none of them in the split {self.split}: "
                "generate more"
            )
        return rows

    def source(self, dataset: Dataset) -> dict[str, str | int]:
        """What tells one source of raw things from another: the data's manifest and the rows."""
        manifest = checksum(dataset.path / "manifest.json")
        source: dict[str, str | int] = {"data": dataset.path.name, "manifest": manifest}
        if self.split is not None:
            return source | {"split": self.split}
        first, end = self.limits(len(dataset))
        return source | {"first": first, "end": end}

    def limits(self, total: int) -> tuple[int, int]:
        """First row, and the row after the last.

        Example:
            >>> Encode(Path("data"), "text", Path("out"), rows="10:").limits(50)
            (10, 50)
        """
        first, _, end = (self.rows or ":").partition(":")
        limits = int(first or 0), int(end or total)
        if not 0 <= limits[0] < limits[1] <= total:
            raise InputError(
                f"--rows is {self.rows!r}, but there are {total} rows: expected first < end <= "
                f"{total}"
            )
        return limits
