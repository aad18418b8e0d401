"""How a latent space is measured: its blocks of continuous, categorical and circular numbers."""

from dataclasses import dataclass
from typing import Any, Literal

from amodal.errors import InputError

BlockKind = Literal["continuous", "categorical", "circular"]
KINDS: tuple[BlockKind, ...] = ("continuous", "categorical", "circular")


@dataclass(frozen=True)
class Block:
    """Adjacent columns of a latent that are measured alike."""

    name: str
    """What the block says, for people: "place", "shape", ..."""
    kind: BlockKind
    """continuous: squared error. categorical: one-hot rows or probabilities, cross-entropy.
    circular: a unit vector (cos, sin), squared error."""
    size: int
    """Number of columns."""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"block {self.name!r}: kind is {self.kind!r}, expected one of {KINDS}")
        smallest = {"continuous": 1, "categorical": 2, "circular": 2}[self.kind]
        if self.size < smallest or (self.kind == "circular" and self.size != 2):
            expected = "exactly 2" if self.kind == "circular" else f"at least {smallest}"
            raise InputError(
                f"block {self.name!r} is {self.kind} and has {self.size} columns, "
                f"expected {expected}"
            )


@dataclass(frozen=True)
class LatentSpec:
    """The blocks of one latent space, in column order.

    Example:
        >>> spec = LatentSpec((Block("shape", "categorical", 3), Block("angle", "circular", 2)))
        >>> spec.dim, spec.columns("angle")
        (5, slice(3, 5, None))
    """

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        if not self.blocks:
            raise InputError("a latent space needs at least one block")
        names = [block.name for block in self.blocks]
        if len(set(names)) != len(names):
            raise InputError(f"the names of a latent space's blocks must differ, got {names}")

    @classmethod
    def continuous(cls, dim: int) -> "LatentSpec":
        """A latent space of `dim` continuous numbers: what plain arrays are taken for."""
        return cls((Block("latent", "continuous", dim),))

    @property
    def dim(self) -> int:
        """Number of columns in all."""
        return sum(block.size for block in self.blocks)

    def parts(self) -> list[tuple[Block, slice]]:
        """Each block with the columns that it covers."""
        result, start = [], 0
        for block in self.blocks:
            result.append((block, slice(start, start + block.size)))
            start += block.size
        return result

    def columns(self, name: str) -> slice:
        """The columns of the block called `name`."""
        for block, columns in self.parts():
            if block.name == name:
                return columns
        from amodal.errors import unknown_name

        raise unknown_name("block", name, [block.name for block in self.blocks])

    def to_json(self) -> list[dict[str, Any]]:
        """Plain lists and numbers, for `json.dump`."""
        return [{"name": b.name, "kind": b.kind, "size": b.size} for b in self.blocks]

    @classmethod
    def from_json(cls, value: list[dict[str, Any]]) -> "LatentSpec":
        """The inverse of `to_json`."""
        return cls(tuple(Block(**block) for block in value))
