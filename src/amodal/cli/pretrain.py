"""`amodal pretrain`: train a unimodal model and write its weights and card."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro

from amodal.errors import ExistsError, InputError


@dataclass(frozen=True)
class Pretrain:
    """Train a unimodal model from scratch; write its weights, and a card with its figures.

    An interrupted run resumes when the same command is given again.

    Example: amodal pretrain image --out image.safetensors
    """

    kind: tyro.conf.Positional[Literal["image", "image-vae", "reader", "text"]]
    """image: symmetry-aware autoencoder. image-vae: beta-VAE. reader: attributes from pictures.
    text: autoencoder of captions."""
    out: Path
    """Weights file to write, ending in .safetensors; the card gets its name with .md."""
    data: Path = Path("shapes")
    """Folder made by `amodal generate`, or a kind of data (shapes) to be drawn in memory."""
    steps: int | None = None
    """Training steps of the longest part; by default the recipe's, which takes minutes."""
    seed: int = 0
    """Of the first weights and of every batch (and of what is drawn, without a data folder)."""

    def __post_init__(self) -> None:
        problems = []
        if self.out.suffix != ".safetensors":
            problems.append(f"--out must end in .safetensors, got {self.out}")
        if self.steps is not None and self.steps < 1:
            problems.append(f"--steps must be at least 1, got {self.steps}")
        if self.seed < 0:
            problems.append(f"--seed must be at least 0, got {self.seed}")
        if problems:
            raise InputError("; ".join(problems))

    def run(self) -> None:
        """Train and write.

        Raises:
            ExistsError: the weights file is already there.
            NotFoundError: there is no data folder.
        """
        if self.out.exists():
            raise ExistsError(f"{self.out} is already there: choose another --out, or delete it")
        figures = self._text() if self.kind == "text" else self._image()
        print(f"Wrote {self.out} and its card {self.out.with_suffix('.md')}")
        for name, value in figures.items():
            print(f"  {name}: {value:.4f}")

    def _image(self) -> dict[str, float]:
        from amodal.unimodal.recipes import pretrain

        return pretrain(
            self.kind,
            self.out,
            data=self.data,
            steps=self.steps,
            seed=self.seed,
            command=self.command(),
        )

    def _text(self) -> dict[str, float]:
        from amodal.data.dataset import named_data
        from amodal.unimodal.text_recipe import pretrain_text

        kind, dataset = named_data(self.data)
        factors = None if dataset is None else dataset.factors[dataset.rows("train")]
        return pretrain_text(
            kind,
            self.out,
            factors=factors,
            steps=self.steps,
            seed=self.seed,
            command=self.command(),
        )

    def command(self) -> str:
        """What was typed, with the file names but not their folders."""
        words = ["amodal", "pretrain", self.kind, "--out", self.out.name]
        if str(self.data) != "shapes":
            words += ["--data", self.data.name]
        if self.steps is not None:
            words += ["--steps", str(self.steps)]
        return shlex.join([*words, "--seed", str(self.seed)])
