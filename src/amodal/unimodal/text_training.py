"""How the text model is made: from sentences alone, and from which two describe one scene.

The assumption made is the whole of the supervision: two speakers caption the same scene, each
choosing names and wording alone; and which sentence is a mere re-wording of another. No colour
value, coordinate or factor is seen.

First the encoder, in closed form (`text_correlation`): the directions on which the two speakers
agree, each scaled by its correlation to the power of `diffusion`. That is the diffusion map of
the sentences after so many steps from speaker to speaker (Coifman, Lafon, "Diffusion maps", 2006,
10.1016/j.acha.2006.04.006): what the speakers agree on well spreads widest, so few labels are
spent on the rest.

Then the decoder, on the frozen latents z of the first speaker's sentences and z' of the second's:

    loss = cross-entropy(speak(z + u (z' - z) + noise), re-wording of the first's sentence)

with u uniform from 0 to a half. It cannot know which wording comes, so it says the meaning in the
likeliest words. A latent translated from another modality lies between what speakers might say
and is never quite right: it is spoken well because the decoder has heard such latents.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from amodal.errors import InputError
from amodal.typing import Float, Int64
from amodal.unimodal.identity import identity_of
from amodal.unimodal.pretraining import Losses, Schedule, train
from amodal.unimodal.text import TextAutoencoder
from amodal.unimodal.text_correlation import Directions, canonical_directions
from amodal.unimodal.text_network import TextSizes, mixed
from amodal.unimodal.text_phrases import Phrases
from amodal.unimodal.text_vocabulary import PADDING, SPECIAL, Vocabulary


@dataclass(frozen=True)
class SceneTexts:
    """What is said about the same scenes: row i of each list is about scene i."""

    first: Sequence[str]
    """The first speaker's captions."""
    reworded: Sequence[str]
    """The same descriptors in other words."""
    second: Sequence[str]
    """A second speaker's captions."""

    def __post_init__(self) -> None:
        counts = [len(self.first), len(self.reworded), len(self.second)]
        if len(set(counts)) != 1 or not counts[0]:
            raise InputError(
                f"the three lists of sentences hold {counts} rows, expected equal numbers of at "
                "least one: row i of each must be about scene i"
            )


@dataclass(frozen=True)
class TextTraining:
    """Settings of the training; other kinds of data than Simple Shapes: `text_recipe.RECIPES`."""

    decoder: Schedule = field(default_factory=lambda: Schedule(3000, 192, 3e-3))
    """For the decoder on the frozen latents."""
    sizes: TextSizes = field(default_factory=TextSizes)
    """Of the model."""
    phrases: int = 4000
    """How many of the commonest phrases the encoder listens for."""
    longest: int = 4
    """Words in the longest phrase without a gap."""
    reach: int = 0
    """Words from the first part of a phrase with a gap to the second; 0 for no such phrases."""
    diffusion: float = 8.0
    """Power of the correlations by which directions are scaled."""
    noise: float = 0.07
    """Standard deviation of the decoder's noise, where the latents' own is 1."""

    def __post_init__(self) -> None:
        problems = [
            f"{name} is {value}, expected at least {least}"
            for name, value, least in (
                ("phrases", self.phrases, self.sizes.dim),
                ("longest", self.longest, 1),
                ("reach", self.reach, 0),
                ("diffusion", self.diffusion, 0),
                ("noise", self.noise, 0),
            )
            if value < least
        ]
        if problems:
            raise InputError("text training: " + "; ".join(problems))


def train_text(
    texts: SceneTexts,
    training: TextTraining | None = None,
    *,
    name: str = "shapes/text",
    checkpoint: Path | None = None,
) -> TextAutoencoder:
    """Make a text model from what was said about the same scenes: no labels, no matches.

    Args:
        texts: three sentences per scene.
        training: how long and how.
        name: of the model.
        checkpoint: see `pretraining.train`.

    Returns:
        The trained model, frozen.
    """
    training = training or TextTraining()
    model = _model_for(texts, training, name)
    latents = torch.stack([model.encode(part) for part in (texts.first, texts.second)])
    rows = torch.from_numpy(model.vocabulary.number(texts.reworded))
    losses = _speaking_losses(model, latents, rows, training)
    train(
        model.decoder,
        losses,
        training.decoder,
        description="speaking",
        checkpoint=checkpoint,
        data=identity_of(
            texts.first,
            texts.reworded,
            texts.second,
            model.vocabulary.words,
            model.encoder.phrases.phrases,
        ),
    )
    return model.freeze()


def _model_for(texts: SceneTexts, training: TextTraining, name: str) -> TextAutoencoder:
    """A model whose encoder is fitted and whose decoder is new."""
    vocabulary = Vocabulary.from_sentences([*texts.first, *texts.reworded, *texts.second])
    first, second = (
        [vocabulary.known_words(sentence) for sentence in part]
        for part in (texts.first, texts.second)
    )
    phrases = Phrases.commonest(
        first, longest=training.longest, count=training.phrases, reach=training.reach
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.decoder.seed)
        model = TextAutoencoder(
            name,
            words=vocabulary.words[len(SPECIAL) :],
            length=vocabulary.length,
            phrases=phrases.phrases,
            sizes=asdict(training.sizes),
            reach=training.reach,
        )
    found = canonical_directions(
        phrases.bags(first), phrases.bags(second), phrases=len(phrases), dim=training.sizes.dim
    )
    _set_encoder(model, found, training.diffusion)
    return model


def _set_encoder(model: TextAutoencoder, found: Directions, diffusion: float) -> None:
    """Scale the directions, mix them, and make the mean variance of a column 1."""
    spread = found.correlations.clip(0) ** diffusion
    spread = spread / (spread**2).mean() ** 0.5
    turn = spread[:, None] * mixed(len(spread))
    model.encoder.table.copy_(torch.from_numpy(found.weights @ turn))
    model.encoder.offset.copy_(torch.from_numpy(found.offset @ turn))


def _speaking_losses(
    model: TextAutoencoder,
    latents: Float[Tensor, "speaker row dim"],
    rows: Int64[Tensor, "row length"],
    training: TextTraining,
) -> Losses:
    def losses(generator: Generator, done: float) -> dict[str, Tensor]:
        chosen = torch.randint(len(rows), (training.decoder.batch,), generator=generator)
        target = rows[chosen]
        target = target[:, : int((target != PADDING).any(0).sum())]
        first, second = latents[:, chosen]
        towards = torch.rand(len(first), 1, generator=generator) / 2
        noise = torch.randn(first.shape, generator=generator)
        heard = first + towards * (second - first) + training.noise * noise
        scores = model.decoder(heard, target)
        return {
            "per word": cross_entropy(scores.flatten(0, 1), target.flatten(), ignore_index=PADDING)
        }

    return losses
