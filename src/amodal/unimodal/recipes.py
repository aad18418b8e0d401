"""How each shipped model is made: from pictures to weights and a card with measured figures."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from amodal.data.dataset import Dataset, named_data
from amodal.data.kinds import Kind
from amodal.errors import InputError, unknown_name
from amodal.typing import Float32, UInt8
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.cards import Card, write_card
from amodal.unimodal.convolutional_reader import ConvolutionalReader
from amodal.unimodal.figures import image_figures, reader_figures
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.reader import PictureReader, ReaderTraining, train_reader
from amodal.unimodal.scene_training import SceneTraining, train_scene_autoencoder
from amodal.unimodal.symmetry import SymmetryAutoencoder
from amodal.unimodal.symmetry_training import SymmetryTraining, train_symmetry_autoencoder
from amodal.unimodal.vae import VaeTraining, train_vae

PICTURES = 100_000
"""Rendered for training where no data folder is given."""
CONVOLUTIONAL_READING = ReaderTraining(Schedule(4500, 128, 2e-3))
"""How a reader is trained that knows nothing of its pictures beforehand."""
VAES = {
    "factory": VaeTraining(Schedule(10_000, 128, 2e-3), dim=24, again=Schedule(15_000, 128, 1e-3))
}
"""Kind of data -> how its VAE is trained, where that is not the default."""


@dataclass(frozen=True)
class Pictures:
    """What image models are trained on."""

    kind: Kind
    images: UInt8[np.ndarray, "n side side 3"]
    attributes: Float32[np.ndarray, "n attribute"]
    source: str
    """Where they come from, for the card."""


@dataclass(frozen=True)
class Recipe:
    """One kind of model that `amodal pretrain` makes."""

    summary: str
    """In it, and in `assumed`, {title} is that of the kind of data, {side} the side of the pictures
    and {dim} the size of the latents."""
    train: Callable[[Pictures, int | None, int, Path | None], UnimodalModel]
    """(pictures, steps or None for the default, seed, checkpoint) -> the frozen model."""
    figures: Callable[[Any], dict[str, float]]
    """The frozen model -> its figures on fresh pictures."""
    assumed: tuple[str, ...]


def pretrain(
    kind: str,
    out: str | Path,
    *,
    data: str | Path = "shapes",
    pictures: Pictures | None = None,
    steps: int | None = None,
    seed: int = 0,
    command: str = "",
) -> dict[str, float]:
    """Train one kind of image model, write weights and card; resumes what was interrupted.

    Args:
        kind: "image", "image-vae" or "reader".
        out: the weights file; the card gets its name with `.md`.
        data: what to train on: a folder made by `amodal generate`, or a kind of data, of which
            100,000 pictures are then drawn by `seed`.
        pictures: the very pictures to train on, in place of `data`.
        steps: of the longest part; the others shrink alike. None for the recipe's own.
        seed: of pictures, first weights and batches.
        command: what was typed, for the card.

    Returns:
        The measured figures.

    Raises:
        UnknownNameError: there is no such kind; the nearest is offered.
        InputError: its recipe is not made for this kind of data.
    """
    out = Path(out)
    if pictures is None:
        # Refused before anything is drawn, which may take minutes.
        recipe_of(kind, named_data(data)[0])
        pictures = _pictures(data, seed=seed)
    recipe = recipe_of(kind, pictures.kind)
    checkpoint = out.with_name(f".{out.name}.checkpoint")
    start = time.monotonic()
    model = recipe.train(pictures, steps, seed, checkpoint)
    minutes = (time.monotonic() - start) / 60
    # Before it is measured: figures are those of the file.
    model.round_if_large()
    figures = recipe.figures(model)
    made = {
        "pictures": pictures.source,
        "steps": "as in the recipe" if steps is None else steps,
        "seed": seed,
        "minutes of training, one core": f"{minutes:.0f}",
        "fingerprint": model.fingerprint[:16],
    }
    model.save(out)
    about = {"title": pictures.kind.title, "side": pictures.images.shape[1]}
    about["dim"] = model.specification.dim
    summary, *assumed = (text.format(**about) for text in (recipe.summary, *recipe.assumed))
    write_card(out, Card(model.name, summary, command, made, tuple(assumed), figures))
    for part in out.parent.glob(f".{out.name}.*.part"):
        part.unlink()
    return figures


def recipe_of(name: str, kind: Kind) -> Recipe:
    """The recipe of one kind of model for one kind of data.

    Raises:
        UnknownNameError: there is no such kind of model; the nearest is offered.
        InputError: there is none for this kind of data.
    """
    names = list(dict.fromkeys(key.rpartition("/")[2] for key in RECIPES))
    if name not in names:
        raise unknown_name("kind of image model", name, names)
    found = RECIPES.get(f"{kind.name}/{name}", RECIPES.get(name))
    if found is None:
        own = [each for each in names if {each, f"{kind.name}/{each}"} & set(RECIPES)]
        raise InputError(
            f"there is no recipe {name!r} for {kind.title}: expected one of {', '.join(own)}"
        )
    return found


def _pictures(data: str | Path, *, seed: int) -> Pictures:
    kind, dataset = named_data(data)
    if dataset is None:
        return drawn_pictures(kind, PICTURES, seed=seed)
    return pictures_of(dataset)


def drawn_pictures(kind: Kind, n: int, *, seed: int) -> Pictures:
    """Pictures rendered into memory."""
    factors = kind.draw(n, seed=seed)
    source = f"{n:,} {kind.title}, drawn by seed {seed}"
    images = kind.render(factors, side=kind.side)
    return Pictures(kind, images, kind.attributes(factors), source)


def pictures_of(dataset: Dataset) -> Pictures:
    """The training split of a folder made by `amodal generate`.

    Raises:
        InputError: the folder has no pictures to train on.
    """
    rows = dataset.rows("train")
    if not len(rows):
        raise InputError(f"{dataset.path} has no training rows: generate more than a few items")
    kind, seed = dataset.kind, dataset.manifest["seed"]
    source = f"{len(rows):,} of {kind.name}, seed {seed}"
    return Pictures(kind, dataset.images[rows], kind.attributes(dataset.factors[rows]), source)


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


def _scene(
    pictures: Pictures, steps: int | None, seed: int, checkpoint: Path | None
) -> UnimodalModel:
    plan = SceneTraining()
    plan = replace(
        plan,
        direction=_scaled(plan.direction, steps, plan.longest, seed),
        form=_scaled(plan.form, steps, plan.longest, seed),
        drawing=_scaled(plan.drawing, steps, plan.longest, seed),
    )
    return train_scene_autoencoder(pictures.images, plan, checkpoint=checkpoint)


def _image_vae(
    pictures: Pictures, steps: int | None, seed: int, checkpoint: Path | None
) -> UnimodalModel:
    plan = VAES.get(pictures.kind.name, VaeTraining())
    longest = max(each.steps for each in (plan.schedule, plan.again) if each is not None)
    if plan.again is not None:
        # Other batches than the first round's.
        plan = replace(plan, again=_scaled(plan.again, steps, longest, seed + 1))
    plan = replace(plan, schedule=_scaled(plan.schedule, steps, longest, seed))
    name = f"{pictures.kind.name}/image-vae"
    return train_vae(pictures.images, plan, name=name, checkpoint=checkpoint)


def _reader(
    pictures: Pictures, steps: int | None, seed: int, checkpoint: Path | None
) -> PictureReader:
    plan = ReaderTraining()
    plan = replace(plan, schedule=_scaled(plan.schedule, steps, plan.schedule.steps, seed))
    return train_reader(pictures.images, pictures.attributes, plan, checkpoint=checkpoint)


def _convolutional_reader(
    pictures: Pictures, steps: int | None, seed: int, checkpoint: Path | None
) -> UnimodalModel:
    plan = CONVOLUTIONAL_READING
    plan = replace(plan, schedule=_scaled(plan.schedule, steps, plan.schedule.steps, seed))
    return train_reader(
        pictures.images,
        pictures.attributes,
        plan,
        make=ConvolutionalReader,
        name=f"{pictures.kind.name}/reader",
        checkpoint=checkpoint,
    )


RECIPES: dict[str, Recipe] = {
    "shapes/image": Recipe(
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
        "A convolutional beta-VAE of {title}, {dim} numbers, after the seed paper. Trained on "
        "images alone. Few labels do not read its latents; a network probe with 100,000 labels "
        "shows what is in them.",
        _image_vae,
        image_figures,
        ("Nothing beyond {side} x {side} colour images of the training distribution.",),
    ),
    "shapes/reader": Recipe(
        "Reads the attributes off a picture of Simple Shapes, to judge drawn pictures in "
        "evaluation. Trained with labels; no part of any workspace.",
        _reader,
        reader_figures,
        ("One object in each picture, brighter than its ground, which is black.",),
    ),
    "factory/image": Recipe(
        "An autoencoder of pictures of {title} that knows what stands still and what moves: place, "
        "direction and form of the table and of the robot, and two hues. Trained on images alone, "
        "without labels or matches, and without asking the simulator for views. Ridge figures are "
        "means over 5 draws of the labels. It learns from the first 20,000 of its pictures.",
        _scene,
        image_figures,
        (
            "The camera and the hall stand still, and the camera is measured up: its height, "
            "distance, elevation and field of view.",
            "One thing is coloured, and one part of it may have a hue of its own; one other thing "
            "differs from the empty hall; hues turn with the picture's and with nothing else.",
            "The light makes all of a picture brighter or darker, and has no meaning.",
            "Turning a thing on the floor turns it in a crop laid out on the floor, nearly; both "
            "things are their own mirror images; no direction is commoner than another.",
        ),
    ),
    "factory/reader": Recipe(
        "A convolutional network that reads the attributes off a picture of {title}, to judge "
        "drawn pictures in evaluation. Trained with labels; no part of any workspace.",
        _convolutional_reader,
        reader_figures,
        ("Nothing beyond {side} x {side} colour pictures of the training distribution.",),
    ),
}
"""Kind of data and of model -> its recipe; where no kind of data is named, it is for all."""
