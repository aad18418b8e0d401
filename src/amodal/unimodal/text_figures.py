"""What a text model is worth, in a few named numbers: those on its card."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.data.kinds import Kind, kind_of
from amodal.typing import Float
from amodal.unimodal.probe import ridge_probe
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
        model: to be measured; its name says of which kind of data it is.
        seed: of the fresh scenes and captions.
        rows: captions that the figures are measured on.
        draws: draws of the labels, over which the ridge figures are means.

    Returns:
        "ridge, 50 labels: place_pixels" and so on (see `Kind.figures`); "floor: ..." for what
        a linear map of the exact descriptors, fitted on 20,000 labels, leaves of the true
        attributes (no reader of the captions can do much better); "said again, noise 0.1: colour"
        and so on for the fraction of sentences that come back with the same descriptor.
    """
    kind = kind_of(model.name)
    sentences, wanted = fresh_captions(kind, rows, seed=seed)
    return (
        ridge_figures(model, sentences, wanted, seed=seed + 1, draws=draws)
        | floor_figures(kind, sentences, wanted, seed=seed + 2)
        | said_again_figures(model, sentences, seed=seed)
    )


def fresh_captions(
    kind: Kind, n: int, *, seed: int
) -> tuple[list[str], Float[Tensor, "n attribute"]]:
    """Captions that no training has seen, and the true attributes of their scenes."""
    factors = kind.draw(n, seed=seed)
    return kind.write(factors, seed=seed), torch.from_numpy(kind.attributes(factors))


def ridge_figures(
    model: TextAutoencoder,
    sentences: Sequence[str],
    wanted: Float[Tensor, "row attribute"],
    *,
    seed: int,
    draws: int,
) -> dict[str, float]:
    """Mean errors over `draws` of a ridge from latents to attributes, for each of `LABELS`."""
    kind, latents = kind_of(model.name), model.encode(sentences)
    labelled, labels = fresh_captions(kind, draws * max(LABELS), seed=seed)
    known = model.encode(labelled)
    figures = {}
    for count in LABELS:
        errors = [
            kind.readable_errors(ridge_probe(known[part], labels[part])(latents), wanted)
            for part in (slice(draw * count, (draw + 1) * count) for draw in range(draws))
        ]
        for name in errors[0]:
            mean = float(np.mean([each[name] for each in errors]))
            figures[f"ridge, {count} labels: {name}"] = mean
    return figures


def floor_figures(
    kind: Kind, sentences: Sequence[str], wanted: Float[Tensor, "row attribute"], *, seed: int
) -> dict[str, float]:
    """Errors of a linear map from exact descriptors, one-hot, with 20,000 labels."""
    labelled, labels = fresh_captions(kind, FLOOR_LABELS, seed=seed)
    described = [_descriptors(kind, sentence) for sentence in labelled]
    names = sorted({name for own in described for name in own})
    known = _one_hot(described, names)
    asked = _one_hot([_descriptors(kind, sentence) for sentence in sentences], names)
    # A little damping: the columns of one descriptor sum to one, so they are dependent.
    damped = known.T @ known + 0.1 * torch.eye(len(names), dtype=known.dtype)
    weights = torch.linalg.solve(damped, known.T @ labels.double())
    errors = kind.readable_errors(asked @ weights, wanted)
    return {f"floor: {name}": value for name, value in errors.items()}


def _descriptors(kind: Kind, sentence: str) -> list[str]:
    reading = kind.read(sentence)
    return [f"{name} {getattr(reading, name)}" for name in kind.descriptor_names]


def _one_hot(described: Sequence[Sequence[str]], names: Sequence[str]) -> Float[Tensor, "row name"]:
    columns = {name: index for index, name in enumerate(names)}
    table = torch.zeros(len(described), len(names), dtype=torch.float64)
    for row, own in enumerate(described):
        for name in own:
            if name in columns:
                table[row, columns[name]] = 1
    return table


def said_again_figures(
    model: TextAutoencoder, sentences: Sequence[str], *, seed: int
) -> dict[str, float]:
    """How many sentences are said again with the same descriptors, with more and more noise."""
    kind, latents = kind_of(model.name), model.encode(sentences)
    spread = latents.var(0).mean().sqrt()
    random = torch.Generator().manual_seed(seed)
    meant = [kind.read(sentence) for sentence in sentences]
    figures = {}
    for noise in NOISES:
        shaken = latents + noise * spread * torch.randn(latents.shape, generator=random)
        said = [kind.read_loosely(sentence) for sentence in model.decode(shaken)]
        for name, value in said_alike(kind, meant, said).items():
            figures[f"said again, noise {noise:g}: {name}"] = value
    return figures


def said_alike(kind: Kind, meant: Sequence[Any], said: Sequence[Any]) -> dict[str, float]:
    """Fraction of each descriptor said as meant; "colour or nearest" lets the nearest name pass.

    Args:
        kind: of what is said.
        meant: readings.
        said: readings, row for row.

    Example:
        >>> from amodal.data.shapes import CaptionReading
        >>> red = CaptionReading("egg", "tiny", "red", "upper left", "up")
        >>> orange = CaptionReading("egg", "tiny", "orange red", "upper left", "up")
        >>> alike = said_alike(kind_of("shapes"), [red], [orange])
        >>> alike["colour"], alike["colour or nearest"], alike["place"]
        (0.0, 1.0, 1.0)
    """
    pairs = {
        name: [(getattr(m, name), getattr(s, name)) for m, s in zip(meant, said, strict=True)]
        for name in kind.descriptor_names
    }
    figures = {name: float(np.mean([m == s for m, s in own])) for name, own in pairs.items()}
    for name, near in kind.near_names.items():
        figures[f"{name} or nearest"] = float(
            np.mean([s in near.get(m, (m,)) for m, s in pairs[name]])
        )
    return figures
