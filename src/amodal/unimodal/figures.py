"""What an image model of Simple Shapes is worth, in a few named numbers: those on its card."""

from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from amodal.data.shapes import attributes, draw_factors, render
from amodal.typing import Float, UInt8
from amodal.unimodal.attributes import ATTRIBUTE_BLOCKS
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.images import to_bytes, to_tensor
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.probe import network_probe, ridge_probe
from amodal.unimodal.readable import readable_errors
from amodal.unimodal.reader import PictureReader, ReaderTraining, spoilt
from amodal.unimodal.symmetry import SymmetryAutoencoder

FRESH_SEED = 20_261
"""Of the sample that figures are measured on; training uses others."""
LABELS = (20, 50, 100)
"""Numbers of labels of the ridge probes."""
PROBE_LABELS = 100_000
"""Labels of the network probe."""


def image_figures(
    model: UnimodalModel, *, seed: int = FRESH_SEED, rows: int = 5000, probe: bool = True
) -> dict[str, float]:
    """Reconstruction error, and what probes read from the latents of fresh pictures.

    Args:
        model: a model of images that decodes.
        seed: of the fresh pictures.
        rows: pictures that the figures are measured on.
        probe: whether to train the network probe on 100,000 labels too, which takes minutes; it
            is trained only for models that are not symmetry-aware.

    Returns:
        "reconstruction RMS" over all pixels and channels in [0, 1], and for each number of labels
        the figures of `readable_errors`, named "ridge, 50 labels: place_pixels" and so on.
    """
    pictures, wanted = fresh_pictures(rows, seed=seed)
    latents = model.encode(pictures)
    figures = {"reconstruction RMS": rms(model.decode(latents), pictures)}
    labelled, labels = fresh_pictures(5 * max(LABELS), seed=seed + 1)
    known = model.encode(labelled)
    for count in LABELS:
        errors = [
            readable_errors(ridge_probe(known[part], labels[part])(latents), wanted)
            for part in (slice(draw * count, (draw + 1) * count) for draw in range(5))
        ]
        figures |= _named(f"ridge, {count} labels", _mean(errors))
    if probe and not isinstance(model, SymmetryAutoencoder):
        many, targets = fresh_pictures(PROBE_LABELS, seed=seed + 2)
        network = network_probe(model.encode(many), targets, ATTRIBUTE_BLOCKS)
        figures |= _named(
            "network probe, 100,000 labels", readable_errors(network.predict(latents), wanted)
        )
    return figures


def reader_figures(
    model: PictureReader, *, seed: int = FRESH_SEED, rows: int = 5000
) -> dict[str, float]:
    """Errors of the reader on fresh pictures, sharp and spoilt as in training."""
    pictures, wanted = fresh_pictures(rows, seed=seed)
    training = ReaderTraining(Schedule(steps=1, batch=1, learning_rate=1.0))
    noisy = spoilt(to_tensor(pictures), training, Generator().manual_seed(seed))
    return _named("sharp pictures", readable_errors(model.read(pictures), wanted)) | _named(
        "blurred or noisy pictures", readable_errors(model.read(to_bytes(noisy)), wanted)
    )


def fresh_pictures(
    n: int, *, seed: int
) -> tuple[UInt8[np.ndarray, "n side side 3"], Float[Tensor, "n 11"]]:
    """Pictures that no training has seen, and their attributes."""
    factors = draw_factors(n, seed=seed)
    return render(factors), torch.from_numpy(attributes(factors))


def rms(drawn: UInt8[np.ndarray, "*dims"], true: UInt8[np.ndarray, "*dims"]) -> float:
    """Root mean square difference of pictures, of 1.

    Example:
        >>> rms(np.full((1, 2, 2, 3), 51, np.uint8), np.zeros((1, 2, 2, 3), np.uint8))
        0.2
    """
    difference = drawn.astype(np.float32) - true.astype(np.float32)
    return round(float(np.sqrt(np.square(difference, dtype=np.float64).mean()) / 255), 6)


def _mean(errors: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([each[name] for each in errors])) for name in errors[0]}


def _named(prefix: str, errors: dict[str, Any]) -> dict[str, float]:
    return {f"{prefix}: {name}": value for name, value in errors.items()}
