"""What an image model is worth, in a few named numbers: those on its card."""

from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from amodal.data.kinds import Kind, kind_of
from amodal.typing import Float, UInt8
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.convolutional_reader import ConvolutionalReader
from amodal.unimodal.images import to_bytes, to_tensor
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.probe import network_probe, ridge_probe
from amodal.unimodal.reader import PictureReader, ReaderTraining, spoilt
from amodal.unimodal.symmetry import SymmetryAutoencoder

FRESH_SEED = 20_261
"""Of the sample that figures are measured on; training uses others."""
LABELS = (20, 50, 100)
"""Numbers of labels of the ridge probes."""
PROBE_LABELS = 100_000
"""Labels of the network probe."""
AT_ONCE = 8192
"""Pictures in memory at once: a hundred thousand of the larger ones fill a gigabyte."""


def image_figures(
    model: UnimodalModel, *, seed: int = FRESH_SEED, rows: int = 5000, probe: bool = True
) -> dict[str, float]:
    """Reconstruction error, and what probes read from the latents of fresh pictures.

    Args:
        model: a model of images that decodes; its name says of which kind of data it is.
        seed: of the fresh pictures.
        rows: pictures that the figures are measured on.
        probe: whether to train the network probe on 100,000 labels too, which takes minutes; it
            is trained only for models that are not symmetry-aware.

    Returns:
        "reconstruction RMS" over all pixels and channels in [0, 1], and for each number of labels
        the figures of `Kind.readable_errors`, named "ridge, 50 labels: place_pixels" and so on.
    """
    kind = kind_of(model.name)
    pictures, wanted = fresh_pictures(kind, rows, seed=seed)
    latents = model.encode(pictures)
    figures = {"reconstruction RMS": rms(model.decode(latents), pictures)}
    known, labels = fresh_latents(model, 5 * max(LABELS), seed=seed + 1)
    for count in LABELS:
        errors = [
            kind.readable_errors(ridge_probe(known[part], labels[part])(latents), wanted)
            for part in (slice(draw * count, (draw + 1) * count) for draw in range(5))
        ]
        figures |= _named(f"ridge, {count} labels", _mean(errors))
    if probe and not isinstance(model, SymmetryAutoencoder):
        many, targets = fresh_latents(model, PROBE_LABELS, seed=seed + 2)
        network = network_probe(many, targets, kind.attribute_blocks)
        errors = kind.readable_errors(network.predict(latents), wanted)
        figures |= _named("network probe, 100,000 labels", errors)
    return figures


def reader_figures(
    model: PictureReader | ConvolutionalReader, *, seed: int = FRESH_SEED, rows: int = 5000
) -> dict[str, float]:
    """Errors of the reader on fresh pictures, sharp and spoilt as in training."""
    kind = kind_of(model.name)
    pictures, wanted = fresh_pictures(kind, rows, seed=seed)
    training = ReaderTraining(Schedule(steps=1, batch=1, learning_rate=1.0))
    noisy = spoilt(to_tensor(pictures), training, Generator().manual_seed(seed))
    sharp = kind.readable_errors(model.read(pictures), wanted)
    blurred = kind.readable_errors(model.read(to_bytes(noisy)), wanted)
    return _named("sharp pictures", sharp) | _named("blurred or noisy pictures", blurred)


def fresh_pictures(
    kind: Kind, n: int, *, seed: int, start: int = 0
) -> tuple[UInt8[np.ndarray, "n side side 3"], Float[Tensor, "n attribute"]]:
    """Pictures that no training has seen, and their attributes."""
    factors = kind.draw(n, seed=seed, start=start)
    return kind.render(factors, side=kind.side), torch.from_numpy(kind.attributes(factors))


def fresh_latents(
    model: UnimodalModel, n: int, *, seed: int
) -> tuple[Float[Tensor, "n dim"], Float[Tensor, "n attribute"]]:
    """Latents of as many fresh pictures, and their attributes; in constant memory beside them."""
    kind, parts = kind_of(model.name), []
    for start in range(0, n, AT_ONCE):
        count = min(AT_ONCE, n - start)
        pictures, wanted = fresh_pictures(kind, count, seed=seed, start=start)
        parts.append((model.encode(pictures), wanted))
    latents, attributes = zip(*parts, strict=True)
    return torch.cat(latents), torch.cat(attributes)


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
