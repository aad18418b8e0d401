"""`amodal encode`: turn raw things into latents, in a folder."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro

from amodal.data import Dataset, open_dataset
from amodal.data.dataset import MODALITY_NAMES
from amodal.errors import AmodalError, InputError, unknown_name
from amodal.files import checksum, read_json
from amodal.typing import Int64


@dataclass(frozen=True)
class Encode:
    """Encode pictures, texts or generated data with a frozen model.

    Works in constant memory. Stopped half-way, the same command goes on where it was.

    Example: amodal encode pictures --model hf:facebook/dinov2-small --out latents/image
    """

    data: tyro.conf.Positional[Path]
    """A folder of pictures (all below it, sorted by name), a .txt file with one text a line, a
    table with a column of texts, or a folder made by `amodal generate`."""
    out: Path
    """The folder to make."""
    modality: str | None = None
    """What it is: of generated data, image, text or attributes; otherwise any name, by default
    image or text."""
    model: str | None = None
    """hf:NAME, a vision model of transformers; st:NAME, one of sentence-transformers; NAME on the
    hub or a folder. Or a model of Amodal's: a name (shapes/image, shapes/image-vae, ...) or a
    weights file made by `amodal pretrain`; of generated data, by default the shipped one."""
    column: str | None = None
    """Of a table (.csv, .tsv, .jsonl, .parquet), the column that holds the texts."""
    id: str | None = None
    """Of a table, the column that says what each text is called, for files of matches."""
    revision: str | None = None
    """Of a model on the hub: a commit, tag or branch."""
    layer: int | None = None
    """Of an hf: model, read this hidden state, not the output: 0 is the embeddings, -1 the last."""
    pool: Literal["mean", "cls"] | None = None
    """Of an hf: model, read the mean of the patches, or the class token."""
    half: bool = False
    """Keep 16 bits of each number: half the room, about three digits."""
    rows: str | None = None
    """Only some rows: first:end, counted from 0, the end not included (0:20000)."""
    split: Literal["train", "validation", "test"] | None = None
    """Of generated data, only the rows of a split. Fit on train: `amodal evaluate --data` measures
    on test. Rows of the latents are then counted within the split."""

    def __post_init__(self) -> None:
        if self.rows is not None and not re.fullmatch(r"\d*:\d*", self.rows):
            raise InputError(f"--rows is {self.rows!r}, expected first:end such as 0:20000")
        if self.rows is not None and self.split is not None:
            raise InputError(
                f"--rows {self.rows} and --split {self.split} both say which rows: give one of them"
            )

    @property
    def generated(self) -> bool:
        """Whether the data was made by `amodal generate`; without a model, it has to be."""
        return self.model is None or is_generated(self.data)

    def check(self) -> None:
        """Refuse what does not go with the data.

        Raises:
            InputError: a model, a modality or a split is missing, or said of the wrong data.
            UnknownNameError: generated data has no such modality.
        """
        if not self.generated:
            if self.split is not None:
                raise InputError(
                    f"{self.data} was not made by `amodal generate`, so it has no split "
                    f"{self.split}: --rows takes some of its rows"
                )
        elif self.data.exists() and not is_generated(self.data):
            raise InputError(
                f"{self.data} was not made by `amodal generate`: say what reads it, --model "
                "hf:NAME for pictures, --model st:NAME for texts"
            )
        elif self.modality is None:
            names = "|".join(MODALITY_NAMES)
            raise InputError(f"say which modality of {self.data}: --modality {names}")
        elif self.modality not in MODALITY_NAMES:
            raise unknown_name("modality", self.modality, MODALITY_NAMES)

    def run(self) -> None:
        """Encode, and say what is there."""
        self.check()
        already = self.out.exists()
        model, encode = self._generated() if self.generated else self._files()
        start = time.monotonic()
        latents = encode()
        if already:
            print(f"{self.out} already holds these {len(latents):,} latents: nothing to do")
            return
        seconds = time.monotonic() - start
        print(
            f"{self.out}: {len(latents):,} latents of {latents.spec.dim} numbers by "
            f"{latents.model}, in {seconds:.1f} s ({len(latents) / seconds:,.0f} a second)"
        )
        if hasattr(model, "details"):
            print(f"each is {model.details['reads']}; revision {model.details['revision']}")

    def _generated(self) -> tuple[Any, Callable[[], Any]]:
        """The model, and how to encode generated data with it."""
        dataset, modality = open_dataset(self.data), str(self.modality)
        rows = self.chosen_rows(dataset)
        # Here, because it imports torch, which takes seconds.
        from amodal.latents.encoding import encode_to_store

        name = self.model or f"{dataset.kind.name}/{modality}"
        model = self._encoder(name)
        return model, lambda: encode_to_store(
            model,
            lambda start, stop: dataset.raw(modality, rows[start:stop]),
            self.out,
            rows=len(rows),
            modality=modality,
            source=self.source(dataset),
            # A model of another library knows its name with the commit.
            model_name=model.name if hasattr(model, "details") else name,
            half=self.half,
        )

    def _files(self) -> tuple[Any, Callable[[], Any]]:
        """The model, and how to encode a folder of pictures or a file of texts with it."""
        from amodal.latents.by_name import encode
        from amodal.latents.items import items_of

        items = items_of(self.data, column=self.column, names=self.id)
        items = items.part(*self.limits(len(items)))
        model = self._encoder(str(self.model))
        settings = {"modality": self.modality or "", "half": self.half}
        return model, lambda: encode(items, model=model, out=self.out, **settings)

    def _encoder(self, name: str) -> Any:
        from amodal.latents.by_name import encoder_called

        return encoder_called(name, revision=self.revision, layer=self.layer, pool=self.pool)

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
            >>> Encode(Path("data"), Path("out"), rows="10:").limits(50)
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


def is_generated(path: Path) -> bool:
    """Whether a folder was made by `amodal generate`, and is not just one with a manifest."""
    try:
        manifest = read_json(path / "manifest.json")
    except (AmodalError, OSError):
        return False
    return isinstance(manifest, dict) and {"kind", "seed", "side"} <= set(manifest)
