"""Read the attributes off a picture of any kind of data: a judge of drawn pictures.

A plain convolutional network, trained with labels, so it has no part in any workspace. It sees
pictures that are slightly blurred and noisy too, as drawn ones are.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from amodal.data.kinds import kind_of
from amodal.errors import InputError
from amodal.typing import Float, Float32, UInt8
from amodal.unimodal.base import UnimodalModel
from amodal.unimodal.convolutions import halving
from amodal.unimodal.images import checked_images, to_tensor
from amodal.unimodal.probe import as_measured


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
        network = nn.Sequential(*layers, *head, nn.Linear(256, self.specification.dim))
        # Twice as fast on processors; the format of the weights file does not change.
        self.network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

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
        # In training, short numbers are twice as fast on processors.
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self.training):
            seen = self.network(images.contiguous(memory_format=torch.channels_last))
        return seen.float()

    def encode_batch(self, raw: np.ndarray) -> Float[Tensor, "batch attribute"]:
        """See `UnimodalModel.encode_batch`: categorical blocks come as probabilities."""
        device = next(self.network.parameters()).device
        return as_measured(self.answers(to_tensor(raw).to(device)), self.specification)

    def read(
        self, pictures: UInt8[np.ndarray, "n side side 3"]
    ) -> Float32[np.ndarray, "n attribute"]:
        """The attributes of pictures."""
        return self.encode(pictures).cpu().numpy()
