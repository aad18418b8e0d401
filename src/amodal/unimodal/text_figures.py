"""What a text model of Simple Shapes is worth, in a few named numbers: those on its card."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from amodal.data.shapes import (
    DESCRIPTOR_NAMES,
    CaptionReading,
    attributes,
    draw_factors,
    read_caption,
    write_captions,
)
from amodal.data.shapes.captions import read_loosely
from amodal.data.shapes.colours import COLOUR_NAMES, COLOUR_VALUES, nearest_colours
from amodal.typing import Float
from amodal.unimodal.probe import ridge_probe
from amodal.unimodal.readable import readable_errors
from amodal.unimodal.text import TextAutoencoder

FRESH_SEED = 20_262
"""Of the sample that figures are measured on; training uses others."""
LABELS = (20, 50, 100, 200, 1000)
"""Numbers of labels of the ridge probes."""
FLOOR_LABELS = 20_000
"""Labels from which the floor is fitted."""
NOISES = (0.0, 0.1, 0.2)
"""Standard deviations of noise on the latents before decoding, of the latents' own."""


def text_figures(
    model: TextAutoencoder, *, seed: int = FRESH_SEED, rows: int = 4000, draws: int = 5
) -> dict[str, float]:
    """What few labels read from the latents of fresh captions, and what comes back as words.

    Args:
        model: to be measured.
        seed: of the fresh scenes and captions.
        rows: captions that the figures are measured on.
        draws: draws of the labels, over which the ridge figures are means.

    Returns:
        "ridge, 50 labels: place_pixels" and so on (see `readable_errors`); "floor: ..." for what
        a linear map of the exact descriptors, fitted on 20,000 labels, leaves of the true
        attributes (no reader of the captions can do much better); "said again, noise 0.1: colour"
        and so on for the fraction of sentences that come back with the same descriptor.
    """
    sentences, wanted = fresh_captions(rows, seed=seed)
    return (
        ridge_figures(model, sentences, wanted, seed=seed + 1, draws=draws)
        | floor_figures(sentences, wanted, seed=seed + 2)
        | said_again_figures(model, sentences, seed=seed)
    )


def fresh_captions(n: int, *, seed: int) -> tuple[list[str], Float[Tensor, "n 11"]]:
    """Captions that no training has seen, and the true attributes of their scenes."""
    factors = draw_factors(n, seed=seed)
    return write_captions(factors, seed=seed), torch.from_numpy(attributes(factors))


def ridge_figures(
    model: TextAutoencoder,
    sentences: Sequence[str],
    wanted: Float[Tensor, "row 11"],
    *,
    seed: int,
    draws: int,
) -> dict[str, float]:
    """Mean errors over `draws` of a ridge from latents to attributes, for each of `LABELS`."""
    latents = model.encode(sentences)
    labelled, labels = fresh_captions(draws * max(LABELS), seed=seed)
    known = model.encode(labelled)
    figures = {}
    for count in LABELS:
        errors = [
            readable_errors(ridge_probe(known[part], labels[part])(latents), wanted)
            for part in (slice(draw * count, (draw + 1) * count) for draw in range(draws))
        ]
        for name in errors[0]:
            mean = float(np.mean([each[name] for each in errors]))
            figures[f"ridge, {count} labels: {name}"] = mean
    return figures


def floor_figures(
    sentences: Sequence[str], wanted: Float[Tensor, "row 11"], *, seed: int
) -> dict[str, float]:
    """Errors of a linear map from exact descriptors, one-hot, with 20,000 labels."""
    labelled, labels = fresh_captions(FLOOR_LABELS, seed=seed)
    names = sorted({name for sentence in labelled for name in _descriptors(sentence)})
    known, asked = _one_hot(labelled, names), _one_hot(sentences, names)
    # A little damping: the columns of one descriptor sum to one, so they are dependent.
    damped = known.T @ known + 0.1 * torch.eye(len(names), dtype=known.dtype)
    weights = torch.linalg.solve(damped, known.T @ labels.double())
    errors = readable_errors(asked @ weights, wanted)
    return {f"floor: {name}": value for name, value in errors.items()}


def _descriptors(sentence: str) -> list[str]:
    reading = read_caption(sentence)
    return [f"{name} {getattr(reading, name)}" for name in DESCRIPTOR_NAMES]


def _one_hot(sentences: Sequence[str], names: Sequence[str]) -> Float[Tensor, "row name"]:
    columns = {name: index for index, name in enumerate(names)}
    table = torch.zeros(len(sentences), len(names), dtype=torch.float64)
    for row, sentence in enumerate(sentences):
        for name in _descriptors(sentence):
            if name in columns:
                table[row, columns[name]] = 1
    return table


def said_again_figures(
    model: TextAutoencoder, sentences: Sequence[str], *, seed: int
) -> dict[str, float]:
    """How many sentences are said again with the same descriptors, with more and more noise."""
    latents = model.encode(sentences)
    spread = latents.var(0).mean().sqrt()
    random = torch.Generator().manual_seed(seed)
    meant = [read_caption(sentence) for sentence in sentences]
    figures = {}
    for noise in NOISES:
        shaken = latents + noise * spread * torch.randn(latents.shape, generator=random)
        said = [read_loosely(sentence) for sentence in model.decode(shaken)]
        for name, value in said_alike(meant, said).items():
            figures[f"said again, noise {noise:g}: {name}"] = value
    return figures


def said_alike(meant: Sequence[CaptionReading], said: Sequence[CaptionReading]) -> dict[str, float]:
    """Fraction of each descriptor said as meant; "colour or nearest" lets the nearest name pass.

    Example:
        >>> red = CaptionReading("egg", "tiny", "red", "upper left", "up")
        >>> orange = CaptionReading("egg", "tiny", "orange red", "upper left", "up")
        >>> alike = said_alike([red], [orange])
        >>> alike["colour"], alike["colour or nearest"], alike["place"]
        (0.0, 1.0, 1.0)
    """
    figures = {
        name: float(
            np.mean(
                [getattr(m, name) == getattr(s, name) for m, s in zip(meant, said, strict=True)]
            )
        )
        for name in DESCRIPTOR_NAMES
    }
    near = nearest_colours(COLOUR_VALUES, count=2)
    allowed = {
        name: {COLOUR_NAMES[index] for index in row}
        for name, row in zip(COLOUR_NAMES, near, strict=True)
    }
    figures["colour or nearest"] = float(
        np.mean([s.colour in allowed[str(m.colour)] for m, s in zip(meant, said, strict=True)])
    )
    return figures
