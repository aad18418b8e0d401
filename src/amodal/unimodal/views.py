"""Symmetries of images as data: what may be done to one, and how each latent block answers.

Equivariant self-supervision (Dangovski et al. 2022, "Equivariant Self-Supervised Learning",
arXiv 2111.00899): a second view of an image is made by a known transformation, and each block of
the latent must move exactly as the view moved. Which transformations leave the meaning of an
image intact is an assumption about the images, so it stands in a table that is passed around,
written into weights files, and read by this module only:

    SYMMETRIES = (
        Symmetry("shift", (-0.4, 0.4), (("place", "add"),)),
        Symmetry("turn", (-math.pi, math.pi), (("orientation", "turn"),)),
        ...
    )

A block that a row does not mention must not move under it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Generator, Tensor

from amodal.errors import InputError, unknown_name
from amodal.typing import Float

Drawn = dict[str, Tensor]
"""Name of a transformation -> what was drawn for it, one row an image."""


@dataclass(frozen=True)
class Symmetry:
    """One transformation that keeps the meaning of an image, and the blocks that follow it."""

    transformation: str
    """shift, scale, turn, mirror, permute or dim: see `TRANSFORMATIONS`."""
    range: tuple[float, float]
    """From where its amount is drawn: the place to shift the object to, in half sides (0 is the
    centre); a factor; an angle in radians, clockwise on the screen; a gain. Mirror and permute
    draw whether and which, and ignore it."""
    moves: tuple[tuple[str, str], ...] = ()
    """(block, action) pairs; the actions are in `ACTIONS`. Other blocks must not move."""

    def __post_init__(self) -> None:
        if self.transformation not in TRANSFORMATIONS:
            raise unknown_name("transformation", self.transformation, TRANSFORMATIONS)
        for _, action in self.moves:
            if action not in ACTIONS:
                raise unknown_name("action", action, ACTIONS)
        low, high = self.range
        if not (math.isfinite(low) and math.isfinite(high) and low <= high):
            raise InputError(
                f"{self.transformation}: the range is {self.range}, expected (low, high) with "
                "finite low <= high"
            )
        if self.transformation in ("scale", "dim") and low <= 0:
            raise InputError(f"{self.transformation}: factors must be positive, got {low}")

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {
            "transformation": self.transformation,
            "range": list(self.range),
            "moves": [list(pair) for pair in self.moves],
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Symmetry":
        """The inverse of `to_json`."""
        low, high = value["range"]
        moves = tuple((block, action) for block, action in value["moves"])
        return cls(value["transformation"], (low, high), moves)


def draw_views(
    symmetries: tuple[Symmetry, ...], pivot: Float[Tensor, "batch 2"], *, generator: Generator
) -> Drawn:
    """Draw what is to be done to each image, whose object is at `pivot`."""
    return {
        row.transformation: TRANSFORMATIONS[row.transformation](pivot, row.range, generator)
        for row in symmetries
    }


def moved_block(
    symmetries: tuple[Symmetry, ...], drawn: Drawn, block: str, values: Float[Tensor, "batch dim"]
) -> Float[Tensor, "batch dim"]:
    """What the block must be in the views, from what it is in the images.

    Example:
        >>> table = (Symmetry("shift", (0.5, 0.5), (("place", "add"),)),)
        >>> place = torch.tensor([[0.0, 0.25]])
        >>> drawn = draw_views(table, place, generator=torch.Generator())
        >>> moved_block(table, drawn, "place", place)
        tensor([[0.5000, 0.5000]])
        >>> moved_block(table, drawn, "size", torch.zeros(1, 1))
        tensor([[0.]])
    """
    for row in symmetries:
        for name, action in row.moves:
            if name == block:
                values = ACTIONS[action](values, drawn[row.transformation])
    return values


def view_images(
    images: Float[Tensor, "batch channel side side"],
    drawn: Drawn,
    pivot: Float[Tensor, "batch 2"],
) -> Float[Tensor, "batch channel side side"]:
    """Transform images about their pivots: mirror, then turn, scale and shift; then the colours.

    The pivot must be the object's own centre: about the image's centre, the place of an object
    would tell how far it was turned, and an orientation block learns the place instead.
    """
    n = len(images)
    linear = torch.eye(2).expand(n, 2, 2)
    if "mirror" in drawn:
        linear = torch.diag_embed(torch.stack([drawn["mirror"], torch.ones(n)], 1))
    if "turn" in drawn:
        linear = _turning(drawn["turn"]) @ linear
    if "scale" in drawn:
        linear = linear * drawn["scale"][:, None, None]
    shift = drawn.get("shift", torch.zeros(n, 2))
    # grid_sample asks, for each pixel of the view, where in the image to look: the inverse map.
    inverse = torch.linalg.inv(linear)
    offset = pivot[:, :, None] - inverse @ (pivot + shift)[:, :, None]
    grid = functional.affine_grid(
        torch.cat([inverse, offset], 2), list(images.shape), align_corners=False
    )
    views = functional.grid_sample(images, grid, align_corners=False)
    if "permute" in drawn:
        index = drawn["permute"][:, :, None, None].expand(-1, -1, *images.shape[2:])
        views = views.gather(1, index)
    return views * drawn["dim"][:, :, None, None] if "dim" in drawn else views


def _turning(angle: Float[Tensor, " batch"]) -> Float[Tensor, "batch 2 2"]:
    cosine, sine = angle.cos(), angle.sin()
    rows = [torch.stack([cosine, -sine], -1), torch.stack([sine, cosine], -1)]
    return torch.stack(rows, -2)


def _uniform(shape: tuple[int, ...], limits: tuple[float, float], generator: Generator) -> Tensor:
    low, high = limits
    return torch.rand(shape, generator=generator) * (high - low) + low


def _draw_shift(pivot: Tensor, limits: tuple[float, float], generator: Generator) -> Tensor:
    # A place and not a distance, so that no object is pushed over the edge.
    return _uniform((len(pivot), 2), limits, generator) - pivot


def _draw_scale(pivot: Tensor, limits: tuple[float, float], generator: Generator) -> Tensor:
    # Uniform in the logarithm, so that growing and shrinking are as likely.
    logarithms = (math.log(limits[0]), math.log(limits[1]))
    return _uniform((len(pivot),), logarithms, generator).exp()


def _draw_turn(pivot: Tensor, limits: tuple[float, float], generator: Generator) -> Tensor:
    return _uniform((len(pivot),), limits, generator)


def _draw_mirror(pivot: Tensor, limits: tuple[float, float], generator: Generator) -> Tensor:
    return torch.randint(0, 2, (len(pivot),), generator=generator) * 2.0 - 1.0


def _draw_permute(pivot: Tensor, limits: tuple[float, float], generator: Generator) -> Tensor:
    return torch.rand((len(pivot), 3), generator=generator).argsort(1)


def _draw_dim(pivot: Tensor, limits: tuple[float, float], generator: Generator) -> Tensor:
    return _uniform((len(pivot), 3), limits, generator)


TRANSFORMATIONS: dict[str, Callable[[Tensor, tuple[float, float], Generator], Tensor]] = {
    "shift": _draw_shift,
    "scale": _draw_scale,
    "turn": _draw_turn,
    "mirror": _draw_mirror,
    "permute": _draw_permute,
    "dim": _draw_dim,
}
"""What `view_images` can do to an image, and how its amount is drawn."""

ACTIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda values, amount: values + amount,
    "add logarithm": lambda values, amount: values + amount.log()[:, None],
    "turn": lambda values, amount: (_turning(amount) @ values[:, :, None])[:, :, 0],
    "mirror": lambda values, amount: torch.stack([values[:, 0] * amount, values[:, 1]], 1),
    "permute": lambda values, amount: values.gather(1, amount),
    "multiply": lambda values, amount: values * amount,
}
"""How a block can answer to a transformation: values and what was drawn -> moved values."""

SYMMETRIES: tuple[Symmetry, ...] = (
    Symmetry("mirror", (0.0, 1.0), (("orientation", "mirror"),)),
    Symmetry("turn", (-math.pi, math.pi), (("orientation", "turn"),)),
    Symmetry("scale", (0.78, 1.28), (("size", "add logarithm"),)),
    Symmetry("shift", (-0.4, 0.4), (("place", "add"),)),
    Symmetry("permute", (0.0, 1.0), (("colour", "permute"),)),
    Symmetry("dim", (0.2, 1.0), (("colour", "multiply"),)),
)
"""What is assumed of Simple Shapes: one bright object on black, whose form is kept by all of
these. The rows are applied from top to bottom."""
