"""Cells: the runs that a study asks for, and the losses by which its methods are named."""

from dataclasses import asdict, dataclass, fields
from itertools import product
from typing import Any

from amodal.errors import InputError, unknown_name

METHODS: dict[str, dict[str, float]] = {
    "tr": {"translation": 1.0},
    "cont": {"contrastive": 1.0},
    "tr+cont": {"translation": 1.0, "contrastive": 0.1},
    "tr+cy": {"translation": 1.0, "cycle": 1.0},
    "tr+dcy": {"translation": 1.0, "demi_cycle": 0.3},
    "tr+dcy+cy": {"translation": 1.0, "demi_cycle": 0.3, "cycle": 1.0},
    "dcy+cy": {"demi_cycle": 0.3, "cycle": 1.0},
    "tr+cont+dcy+cy": {
        "translation": 1.0,
        "contrastive": 0.1,
        "demi_cycle": 0.3,
        "cycle": 1.0,
    },
}
"""The ablations of Devillers et al. 2024 (arXiv 2306.15711), named by the losses that they keep.

Two modalities trained by `tr` alone are two separate translators: the encoder of the first and the
decoder of the second share no weight with the other two networks. `tr+cy` ties them as CycleGAN
does, by round trips. Only the demi-cycle and the contrastive loss make one workspace of the four.
"""
LEAVING_OUT: dict[str, dict[str, float]] = {
    f"tr+{rest}": {"translation": 1.0} | {n: METHODS["tr+cont+dcy+cy"][n] for n in names}
    for rest, names in (
        ("cont+cy", ("contrastive", "cycle")),
        ("cont+dcy", ("contrastive", "demi_cycle")),
    )
}
"""What is left of the whole without its demi-cycles, and without its cycles."""
ALL_METHODS = METHODS | LEAVING_OUT
FULL = "tr+cont+dcy+cy"
"""The whole global workspace."""
REFERENCE = "tr"
"""What it is compared with: the same network, learning from matches alone."""
PAIRINGS = ("image-attributes", "image-text", "text-attributes", "image-text-attributes")
LATENTS = ("default", "vae")
"""Which image model: the symmetry-aware one, or the VAE of the seed paper's kind."""


@dataclass(frozen=True, order=True)
class Cell:
    """One run of a study.

    Example:
        >>> cell = Cell("image-attributes", method="tr", matches=50, seed=3)
        >>> Cell.from_json(cell.to_json()) == cell, cell.modalities
        (True, ('image', 'attributes'))
    """

    pairing: str
    """Which modalities are joined: one of `PAIRINGS`."""
    latents: str = "default"
    """Which image model: one of `LATENTS`, or "folded-S" with a strength S of folding."""
    method: str = FULL
    """Which losses: a key of `ALL_METHODS`."""
    matches: int = 50
    """Matches given, those held out among them to choose by included."""
    seed: int = 0
    """Draws the matches, the first weights and the batches."""
    region: bool = False
    """Only matches from outside the held-out region of factor space."""
    variant: str = ""
    """What differs from the study's own network: a key of `VARIANTS`."""

    def __post_init__(self) -> None:
        if self.method not in ALL_METHODS:
            raise unknown_name("method", self.method, ALL_METHODS)
        if self.pairing not in PAIRINGS:
            raise unknown_name("pairing", self.pairing, PAIRINGS)
        if self.matches < 4:
            raise InputError(
                f"a run of the study needs at least 4 matches, 2 of them held out, got "
                f"{self.matches}"
            )

    @property
    def modalities(self) -> tuple[str, ...]:
        """Those that are joined, in order."""
        return tuple(self.pairing.split("-"))

    @property
    def losses(self) -> dict[str, float]:
        """Weight of each loss, before the variant's changes."""
        return ALL_METHODS[self.method]

    def to_json(self) -> dict[str, Any]:
        """Plain values, for `json.dump`."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Cell":
        """The inverse of `to_json`; further keys are ignored."""
        return cls(**{f.name: value[f.name] for f in fields(cls)})


def grid(**choices: Any) -> list[Cell]:
    """Every combination of the values given; single values stand for themselves.

    Example:
        >>> cells = grid(pairing="image-text", method=["tr", "cont"], matches=[20, 50], seed=[0])
        >>> [(cell.method, cell.matches) for cell in cells]
        [('tr', 20), ('tr', 50), ('cont', 20), ('cont', 50)]
    """
    lists = [list(v) if isinstance(v, list | tuple | range) else [v] for v in choices.values()]
    combined: list[dict[str, Any]] = [
        dict(zip(choices, values, strict=True)) for values in product(*lists)
    ]
    return [Cell(**values) for values in combined]


def unique(cells: list[Cell]) -> list[Cell]:
    """Each cell once, in the order of their first appearance."""
    return list(dict.fromkeys(cells))
