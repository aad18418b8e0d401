"""Where a pixel's ray meets the floor, for a camera that stands still and is measured up.

A camera at height h, d in front of the scene's middle, looks down by an angle e below the level,
with a field of view f. In picture coordinates u (to the right) and v (downwards), each from -1 to 1
as `grid_sample` has them, a point P of the scene is seen at

    (u, v) = (right . q, -up . q) / (ahead . q) / tan(f / 2),   q = P - (0, -d, h).

Crops that are laid out on the floor by this look alike wherever a thing stands, and turn as it
turns. What rises above the floor leans away from the camera in them.
"""

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from amodal.typing import Float


@dataclass(frozen=True)
class Camera:
    """Its measures; lengths in the unit of the floor, angles in degrees."""

    height: float = 11.35
    """Above the floor."""
    distance: float = 6.45
    """In front of the middle of the floor, level."""
    elevation: float = 60.0
    """How far below the level it looks."""
    field: float = 24.4
    """Angle from the picture's lower edge to its upper one."""

    def to_json(self) -> dict[str, float]:
        """Plain numbers."""
        return asdict(self)

    def seen_at(
        self, points: Float[Tensor, "*rows 2"], *, height: float
    ) -> Float[Tensor, "*rows 2"]:
        """Picture coordinates of points at one height above the floor.

        Example:
            >>> Camera().seen_at(torch.zeros(1, 2), height=0.0).abs().max().item() < 0.05
            True
        """
        x, y, z = points[..., 0], points[..., 1] + self.distance, height - self.height
        sine, cosine, half = self._angles()
        depth = (cosine * y - sine * z) * half
        return torch.stack([x / depth, -(sine * y + cosine * z) / depth], -1)

    def floor_at(
        self, seen: Float[Tensor, "*rows 2"], *, height: float
    ) -> Float[Tensor, "*rows 2"]:
        """The inverse of `seen_at`: where rays meet the level plane at a height.

        Example:
            >>> camera, points = Camera(), torch.tensor([[1.5, -2.0]])
            >>> camera.floor_at(camera.seen_at(points, height=0.4), height=0.4)
            tensor([[ 1.5000, -2.0000]])
        """
        sine, cosine, half = self._angles()
        right, up = seen[..., 0] * half, -seen[..., 1] * half
        length = (height - self.height) / (up * cosine - sine)
        return torch.stack([right * length, (up * sine + cosine) * length - self.distance], -1)

    def floor_of_pixels(self, side: int, *, height: float) -> Float[Tensor, "side side 2"]:
        """Where each pixel's ray meets the level plane at a height."""
        ticks = (torch.arange(side) + 0.5) * 2 / side - 1
        across, down = torch.meshgrid(ticks, ticks, indexing="xy")
        return self.floor_at(torch.stack([across, down], -1), height=height)

    def _angles(self) -> tuple[float, float, float]:
        elevation = math.radians(self.elevation)
        half = math.tan(math.radians(self.field) / 2)
        return math.sin(elevation), math.cos(elevation), half
