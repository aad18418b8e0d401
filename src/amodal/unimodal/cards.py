"""Model cards: beside each weights file, what it is, how it was made, and its measured figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from amodal.errors import DamagedError, NotFoundError
from amodal.files import atomic_path


@dataclass(frozen=True)
class Card:
    """What a model card says."""

    name: str
    """Of the model."""
    summary: str
    """What it is, in a few sentences."""
    command: str
    """What remakes the weights."""
    made: Mapping[str, object]
    """Facts of the making: pictures, steps, seed, minutes."""
    assumed: tuple[str, ...]
    """What was taken for granted about the data, one sentence each."""
    figures: Mapping[str, float]
    """Measured on fresh things by the same command."""

    def markdown(self) -> str:
        """The card as Markdown."""
        lines = [f"# {self.name}", "", self.summary, "", "## Made by", ""]
        lines += ["```", self.command, "```", ""]
        lines += ["| | |", "| --- | --- |"]
        lines += [f"| {key} | {value} |" for key, value in self.made.items()]
        lines += ["", "## Assumed", ""]
        lines += [f"- {sentence}" for sentence in self.assumed]
        lines += ["", "## Figures, on fresh things", ""]
        lines += ["| figure | value |", "| --- | --- |"]
        lines += [f"| {key} | {value:.4f} |" for key, value in self.figures.items()]
        return "\n".join(lines) + "\n"


def card_path(weights: str | Path) -> Path:
    """Where the card of a weights file lies."""
    return Path(weights).with_suffix(".md")


def write_card(weights: str | Path, card: Card) -> None:
    """Write the card beside the weights, atomically."""
    with atomic_path(card_path(weights)) as temporary:
        temporary.write_text(card.markdown(), "utf-8")


def read_figures(weights: str | Path) -> dict[str, float]:
    """The figures on the card beside a weights file.

    Raises:
        NotFoundError: there is no card.
        DamagedError: it has no table of figures.
    """
    path = card_path(weights)
    if not path.is_file():
        raise NotFoundError(f"there is no model card {path}")
    _, found, table = path.read_text("utf-8").partition("| figure | value |\n| --- | --- |\n")
    rows = [line.strip("| ").rsplit(" | ", 1) for line in table.splitlines() if line]
    try:
        figures = {name: float(value) for name, value in rows}
    except ValueError:
        figures = {}
    if not found or not figures:
        raise DamagedError(f"{path} has no table of figures: it was changed, or is no model card")
    return figures
