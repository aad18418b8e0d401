"""How an index is built."""

from dataclasses import dataclass

from amodal.errors import InputError, unknown_name

CORRECTIONS = ("none", "csls", "softmax")
"""What may be done about rows that are near to every query."""
EXACT_BELOW = 100_000
"""Rows below which every row is compared with the query."""


@dataclass(frozen=True)
class IndexSettings:
    """What decides what is written into an index.

    Example:
        >>> IndexSettings(hubness="csls").neighbours
        10
    """

    hubness: str = "none"
    """Correction for rows that are near to every query: none, csls or softmax (inverted)."""
    neighbours: int = 10
    """csls: how many of the nearest queries tell how near a row is to queries in general."""
    temperature: float = 0.1
    """softmax: a similarity higher by this much counts e times as much."""
    bank: int = 5_000
    """Rows of a query modality, at most, that the correction is measured with."""
    exact_below: int = EXACT_BELOW
    """Rows from which an approximate index is made; below, search is exact."""
    recall: float = 0.97
    """Share of the exact ten nearest rows that the approximate index is to find, at least."""

    def __post_init__(self) -> None:
        if self.hubness not in CORRECTIONS:
            raise unknown_name("hubness correction", self.hubness, CORRECTIONS)
        least = {"neighbours": 1, "bank": 10, "exact_below": 1}
        problems = [
            f"{name} is {getattr(self, name)}, expected at least {smallest}"
            for name, smallest in least.items()
            if getattr(self, name) < smallest
        ]
        if not self.temperature > 0:
            problems.append(f"temperature is {self.temperature}, expected more than 0")
        if not 0 < self.recall <= 1:
            problems.append(f"recall is {self.recall}, expected more than 0 and at most 1")
        if problems:
            raise InputError("index: " + "; ".join(problems))
