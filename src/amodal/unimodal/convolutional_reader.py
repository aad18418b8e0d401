"""Read the attributes off a picture of any kind of data: a judge of drawn pictures.

A plain convolutional network, trained with labels, so it has no part in any workspace. It sees
pictures that are slightly blurred and noisy too, as drawn ones are.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from amodal.data.kinds import kind_of
from amodal.errors import InputError
from amodal.typing import Float, Float32, UInt8
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.convolutions import halving
from amodal.unimodal.identity import identity_of
from amodal.unimodal.images import checked_images, to_tensor
from amodal.unimodal.pretraining import Losses, Schedule, train
from amodal.unimodal.probe import as_measured, measured_losses
from amodal.unimodal.reader import ReaderTraining, spoilt

TRAINING = ReaderTraining(Schedule(4500, 128, 2e-3))
"""Made the shipped weights."""


class ConvolutionalReader(UnimodalModel):
    """Pictures -> the attributes of their kind of data, which the model's name begins with.

    Four convolutions that halve the side, then two linear layers.

    Args:
        name: what the model is called.
        side: pixels of its pictures, a multiple of 16.
        width: channels of the first layer; the others have two, four and four times as many.
    """

    kind = "convolutional-reader"

    def __init__(self, name: str = "factory/reader", *, side: int = 64, width: int = 32) -> None:
        super().__init__(name, kind_of(name).attribute_blocks)
        if side < 16 or side % 16:
            raise InputError(f"{name}: the side must be a multiple of 16 pixels, got {side}")
        self.side, self.width = side, width
        layers: list[nn.Module] = []
        for before, after in pairwise((3, width, 2 * width, 4 * width, 4 * width)):
            layers += halving(before, after)
        flat = 4 * width * (side // 16) ** 2
        head = [nn.Flatten(), nn.Linear(flat, 256), nn.SiLU()]
        self.network = nn.Sequential(*layers, *head, nn.Linear(256, self.specification.dim))

    def settings(self) -> dict[str, Any]:
        """See `UnimodalModel.settings`."""
        return {"side": self.side, "width": self.width}

    def check(self, raw: Any) -> Any:
        """See `UnimodalModel.check`."""
        return checked_images(raw, side=self.side, name=self.name)

    def answers(
        self, images: Float[Tensor, "batch 3 side side"]
    ) -> Float[Tensor, "batch attribute"]:
        """Attributes, those of categorical blocks as logits; gradients flow."""
        return self.network(images).float()

    def encode_batch(self, raw: np.ndarray) -> Float[Tensor, "batch attribute"]:
        """See `UnimodalModel.encode_batch`: categorical blocks come as probabilities."""
        device = next(self.network.parameters()).device
        return as_measured(self.answers(to_tensor(raw).to(device)), self.specification)

    def read(
        self, pictures: UInt8[np.ndarray, "n side side 3"]
    ) -> Float32[np.ndarray, "n attribute"]:
        """The attributes of pictures."""
        return self.encode(pictures).cpu().numpy()


def train_convolutional_reader(
    images: UInt8[np.ndarray, "n side side 3"],
    attributes: Float32[np.ndarray, "n attribute"],
    training: ReaderTraining = TRAINING,
    *,
    name: str = "factory/reader",
    checkpoint: Path | None = None,
) -> ConvolutionalReader:
    """Train on pictures and their attributes.

    Args:
        images: pictures; may be memory-mapped.
        attributes: of each picture.
        training: how long and how fast, and how much the pictures are spoilt.
        name: of the model.
        checkpoint: see `pretraining.train`.

    Returns:
        The trained reader, frozen.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.schedule.seed)
        model = ConvolutionalReader(name, side=images.shape[1])
    # Twice as fast on processors; the format of the weights file does not change.
    model = model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    part = None if checkpoint is None else checkpoint.with_suffix(".1.part")
    losses = convolutional_reader_losses(model, images, attributes, training)
    data = identity_of(images, attributes)
    train(model, losses, training.schedule, description="reader", checkpoint=part, data=data)
    return model.freeze()


def convolutional_reader_losses(
    model: ConvolutionalReader,
    images: UInt8[np.ndarray, "n side side 3"],
    attributes: Float32[np.ndarray, "n attribute"],
    training: ReaderTraining,
) -> Losses:
    """The loss of each block of attributes on a random batch of spoilt pictures."""
    categorical = {
        block.name for block in model.specification.blocks if block.kind == "categorical"
    }

    def losses(generator: Generator, done: float) -> dict[str, Tensor]:
        rows = torch.randint(len(images), (training.schedule.batch,), generator=generator).numpy()
        pictures = spoilt(to_tensor(images[rows]), training, generator)
        wanted = torch.from_numpy(np.ascontiguousarray(attributes[rows]))
        with torch.autocast("cpu", torch.bfloat16):
            seen = model.answers(pictures.contiguous(memory_format=torch.channels_last))
        terms = measured_losses(seen, wanted, model.specification)
        # Small squared errors would drown beside the cross-entropy.
        return {key: loss if key in categorical else 10 * loss for key, loss in terms.items()}

    return losses
