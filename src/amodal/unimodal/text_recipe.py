"""How the text model is made: from scenes to weights and a card with measured figures."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from amodal.data.kinds import Kind
from amodal.errors import InputError
from amodal.typing import Float
from amodal.unimodal.cards import Card, write_card
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.text_corpus import WORDINGS, scene_texts
from amodal.unimodal.text_figures import text_figures
from amodal.unimodal.text_network import TextSizes
from amodal.unimodal.text_training import TextTraining, train_text

SCENES = 150_000
"""Captioned for training where no data folder is given, and the recipe says nothing else."""
CAPTION_SEED = 1_000
"""Added to the seed of the scenes for the speakers: away from the seeds of data sets."""


@dataclass(frozen=True)
class TextRecipe:
    """What depends on the kind of data; the defaults made the text model of Simple Shapes."""

    scenes: int = SCENES
    """Captioned for training where no data folder is given."""
    wordings: int = WORDINGS
    """Re-wordings of which the decoder learns the shortest."""
    training: TextTraining = field(default_factory=TextTraining)


RECIPES: dict[str, TextRecipe] = {
    # Three times as many words a sentence: fewer sentences, and the briefest of many wordings.
    # Runs that tell what a place is said of would have nine words, so phrases have gaps instead.
    "factory": TextRecipe(
        scenes=60_000,
        wordings=64,
        training=TextTraining(
            Schedule(3500, 64, 4e-3), TextSizes(dim=44), phrases=4000, longest=3, reach=7
        ),
    ),
}
"""Kind of data -> its recipe, where it is not `TextRecipe()`."""

SUMMARY = (
    "An autoencoder of captions of {title}, {dim} numbers. Encoder: the directions on which two "
    "speakers' captions of a scene agree (canonical correlations of their phrases, in closed "
    "form), scaled as a diffusion map. Decoder: a recurrent network, trained on the frozen latents "
    "with noise to say each sentence again in other, brief words. Ridge figures are means over 5 "
    "draws of the labels; the floor is a linear map of the exact descriptors with 20,000 labels; "
    "'said again' is the fraction of fresh captions that come back with the same descriptor."
)
ASSUMED = (
    "For every scene there are captions by two speakers who choose names and words independently; "
    "which two sentences describe one scene is known, and nothing else about it: no colour value, "
    "coordinate or label.",
    "Re-wordings of a sentence that keep its descriptors are at hand (here from the grammar).",
    "What a sentence says of one descriptor adds to what it says of the others.",
)


def pretrain_text(
    kind: Kind,
    out: str | Path,
    *,
    factors: Float[np.ndarray, "n factor"] | None = None,
    steps: int | None = None,
    seed: int = 0,
    command: str = "",
    training: TextTraining | None = None,
    measure: Callable[[Any], dict[str, float]] = text_figures,
) -> dict[str, float]:
    """Make the text model, write its weights and its card; resumes what was interrupted.

    Args:
        kind: of the scenes.
        out: the weights file; the card gets its name with `.md`.
        factors: scenes that the two speakers see; by default drawn by `seed`, as many as the
            recipe of the kind says.
        steps: of the decoder; None for the recipe's own.
        seed: of scenes, captions, first weights and batches.
        command: what was typed, for the card.
        training: settings other than the recipe's; `steps` and `seed` go before its own.
        measure: gives the figures of the frozen model.

    Returns:
        The measured figures.

    Raises:
        InputError: there are no scenes.
    """
    out = Path(out)
    recipe = RECIPES.get(kind.name, TextRecipe())
    scenes = kind.draw(recipe.scenes, seed=seed) if factors is None else factors
    if not len(scenes):
        raise InputError("text model: there are no scenes to learn from: generate some items")
    texts = scene_texts(kind, scenes, seed=CAPTION_SEED + seed, wordings=recipe.wordings)
    training = training or recipe.training
    schedule = replace(training.decoder, seed=seed, steps=steps or training.decoder.steps)
    checkpoint = out.with_name(f".{out.name}.checkpoint")
    start = time.monotonic()
    model = train_text(
        texts,
        replace(training, decoder=schedule),
        name=f"{kind.name}/text",
        checkpoint=checkpoint,
    )
    minutes = (time.monotonic() - start) / 60
    figures = measure(model)
    made = {
        "scenes": f"{len(scenes):,}, two captions and one re-wording each",
        "phrases": len(model.encoder.phrases),
        "words": len(model.vocabulary),
        "steps of the decoder": f"{schedule.steps:,} of {schedule.batch} sentences",
        "noise on the latents": training.noise,
        "seed": seed,
        "minutes of training, one core": f"{minutes:.0f}",
        "fingerprint": model.fingerprint[:16],
    }
    model.save(out)
    summary = SUMMARY.format(title=kind.title, dim=model.specification.dim)
    write_card(out, Card(model.name, summary, command, made, ASSUMED, figures))
    checkpoint.unlink(missing_ok=True)
    return figures
