"""How each shipped model is made: from pictures to weights and a card with measured figures."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import InputError, unknown_name
from amodal.typing import Float32, UInt8
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.cards import Card, write_card
from amodal.unimodal.figures import image_figures, reader_figures
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.reader import PictureReader, ReaderTraining, train_reader
from amodal.unimodal.symmetry import SymmetryAutoencoder
from amodal.unimodal.symmetry_training import SymmetryTraining, train_symmetry_autoencoder
from amodal.unimodal.vae import VaeTraining, train_vae

PICTURES = 100_000
"""Rendered for training where no data folder is given."""


@dataclass(frozen=True)
class Pictures:
    """What image models are trained on."""

    images: UInt8[np.ndarray, "n side side 3"]
    attributes: Float32[np.ndarray, "n 11"]
    source: str
    """Where they come from, for the card."""


@dataclass(frozen=True)
class Recipe:
    """One kind of model that `amodal pretrain` makes."""

    summary: str
    train: Callable[[Pictures, int | None, int, Path | None], UnimodalModel]
    """(pictures, steps or None for the default, seed, checkpoint) -> the frozen model."""
    figures: Callable[[Any], dict[str, float]]
    """The frozen model -> its figures on fresh pictures."""
    assumed: tuple[str, ...]


def pretrain(
    kind: str,
    out: str | Path,
    *,
    pictures: Pictures | None = None,
    steps: int | None = None,
    seed: int = 0,
    command: str = "",
) -> dict[str, float]:
    """Train one kind of image model, write weights and card; resumes what was interrupted.

    Args:
        kind: "image", "image-vae" or "reader".
        out: the weights file; the card gets its name with `.md`.
        pictures: what to train on; by default 100,000 Simple Shapes drawn by `seed`.
        steps: of the longest part; the others shrink alike. None for the recipe's own.
        seed: of pictures, first weights and batches.
        command: what was typed, for the card.

    Returns:
        The measured figures.

    Raises:
        UnknownNameError: there is no such kind; the nearest is offered.
    """
    if kind not in RECIPES:
        raise unknown_name("kind of image model", kind, RECIPES)
    recipe, out = RECIPES[kind], Path(out)
    pictures = pictures or drawn_pictures(PICTURES, seed=seed)
    checkpoint = out.with_name(f".{out.name}.checkpoint")
    start = time.monotonic()
    model = recipe.train(pictures, steps, seed, checkpoint)
    minutes = (time.monotonic() - start) / 60
    figures = recipe.figures(model)
    made = {
        "pictures": pictures.source,
        "steps": "as in the recipe" if steps is None else steps,
        "seed": seed,
        "minutes of training, one core": f"{minutes:.0f}",
        "fingerprint": model.fingerprint[:16],
    }
    model.save(out)
    write_card(out, Card(model.name, recipe.summary, command, made, recipe.assumed, figures))
    for part in out.parent.glob(f".{out.name}.*.part"):
        part.unlink()
    return figures


def drawn_pictures(n: int, *, seed: int, side: int = 32) -> Pictures:
    """Simple Shapes rendered into memory."""
    from amodal.data.shapes import attributes, draw_factors, render

    factors = draw_factors(n, seed=seed)
    source = f"{n:,} Simple Shapes, drawn by seed {seed}"
    return Pictures(render(factors, side=side), attributes(factors), source)


def pictures_of(folder: str | Path) -> Pictures:
    """The training split of a folder made by `amodal generate`.

    Raises:
        InputError: the folder has no pictures to train on.
    """
    from amodal.data.dataset import open_dataset

    dataset = open_dataset(folder)
    rows = dataset.rows("train")
    if not len(rows):
        raise InputError(f"{folder} has no training rows: generate more than a few items")
    source = f"{len(rows):,} of {dataset.kind.name}, seed {dataset.manifest['seed']}"
    return Pictures(dataset.images[rows], dataset.kind.attributes(dataset.factors[rows]), source)


def _scaled(schedule: Schedule, steps: int | None, longest: int, seed: int) -> Schedule:
    """The schedule with its steps shrunk as the longest part's shrink to `steps`."""
    count = schedule.steps
    if steps is not None:
        count = max(1, round(schedule.steps * steps / longest))
    return replace(schedule, steps=count, seed=seed)


def _image(
    pictures: Pictures, steps: int | None, seed: int, checkpoint: Path | None
) -> SymmetryAutoencoder:
    plan = SymmetryTraining()
    longest = plan.drawing.steps
    plan = replace(
        plan,
        orientation=_scaled(plan.orientation, steps, longest, seed),
        form=_scaled(plan.form, steps, longest, seed),
        drawing=_scaled(plan.drawing, steps, longest, seed),
    )
    return train_symmetry_autoencoder(pictures.images, plan, checkpoint=checkpoint)


def _image_vae(
    pictures: Pictures, steps: int | None, seed: int, checkpoint: Path | None
) -> UnimodalModel:
    plan = VaeTraining()
    plan = replace(plan, schedule=_scaled(plan.schedule, steps, plan.schedule.steps, seed))
    return train_vae(pictures.images, plan, checkpoint=checkpoint)


def _reader(
    pictures: Pictures, steps: int | None, seed: int, checkpoint: Path | None
) -> PictureReader:
    plan = ReaderTraining()
    plan = replace(plan, schedule=_scaled(plan.schedule, steps, plan.schedule.steps, seed))
    return train_reader(pictures.images, pictures.attributes, plan, checkpoint=checkpoint)


RECIPES: dict[str, Recipe] = {
    "image": Recipe(
        "A symmetry-aware autoencoder of Simple Shapes: place, size, orientation, colour and form "
        "in blocks that move as the image is moved. Trained on images alone, without labels or "
        "matches. Ridge figures are means over 5 draws of the labels.",
        _image,
        image_figures,
        (
            "One object in each image, brighter than its ground, which is black.",
            "Mirroring, turning, scaling and shifting the object, permuting the colour channels "
            "and dimming them leave its form as it is.",
            "Orientation turns and mirrors with the image, size and place scale and shift with "
            "it, colour is permuted and dimmed with it; nothing else moves.",
        ),
    ),
    "image-vae": Recipe(
        "A convolutional beta-VAE of Simple Shapes, 12 numbers, after the seed paper. Trained on "
        "images alone. Every factor is there for a network probe with 100,000 labels; few labels "
        "do not read them.",
        _image_vae,
        image_figures,
        ("Nothing beyond 32 x 32 colour images of the training distribution.",),
    ),
    "reader": Recipe(
        "Reads the attributes off a picture of Simple Shapes, to judge drawn pictures in "
        "evaluation. Trained with labels; no part of any workspace.",
        _reader,
        reader_figures,
        ("One object in each picture, brighter than its ground, which is black.",),
    ),
}
"""Kind, as typed after `amodal pretrain` -> its recipe."""
