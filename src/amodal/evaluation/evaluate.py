"""A fitted model and held-out things -> named numbers, and their intervals over runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from amodal.data.kinds import Kind
from amodal.errors import InputError
from amodal.evaluation.intervals import Interval, mean_interval
from amodal.evaluation.raw import RawTranslator
from amodal.evaluation.readable import readable_figures
from amodal.evaluation.translation import Figures, retrieval_figures, translation_figures
from amodal.latents import Latents
from amodal.typing import Float


@dataclass(frozen=True)
class HeldOutThings:
    """Things that no fit has seen, through every modality; row i of each is the same thing."""

    latents: Mapping[str, Latents]
    """Their latents."""
    kind: Kind | None = None
    """Of what kind of data they are."""
    factors: Float[np.ndarray, "n factor"] | None = None
    """What they truly are; without kind and factors nothing can be read, only compared."""

    def __post_init__(self) -> None:
        sizes = {name: len(rows) for name, rows in self.latents.items()}
        if len(set(sizes.values())) != 1 or 0 in sizes.values():
            raise InputError(
                f"held-out things need the same rows, at least one, in each modality: got {sizes}"
            )
        if (self.kind is None) != (self.factors is None):
            raise InputError("held-out things need both kind and factors to be read, or neither")


def evaluate(translator: RawTranslator, things: HeldOutThings) -> Figures:
    """Everything that is measured of one fitted workspace.

    Args:
        translator: the workspace and its unimodal models.
        things: held-out things.

    Returns:
        For each direction ("image to text") and cycle ("image to text to image") its named
        figures: translation_loss, cycle_loss, demi_cycle_loss, those of `retrieval`, and, with
        factors, those of `readable_figures`.
    """
    model = translator.workspace
    for name, latents in things.latents.items():
        # Goes through the fingerprint check once; below, the bare rows are handed round.
        model.translate(latents.take(slice(0, 1)), name, name)
    rows = {name: latents.rows for name, latents in things.latents.items()}
    figures = translation_figures(model, rows)
    _merge(figures, retrieval_figures(model, rows))
    if things.kind is not None and things.factors is not None:
        _merge(figures, _readable(translator, rows, things.kind, things.factors))
    return figures


def _readable(
    translator: RawTranslator, rows: Mapping[str, Any], kind: Kind, factors: np.ndarray
) -> Figures:
    figures: Figures = {}
    for source in rows:
        for target in rows:
            if source != target:
                answers = translator.workspace.translate(rows[source], source, target)
                raw = translator.decode(answers, target)
                figures[f"{source} to {target}"] = readable_figures(kind, target, raw, factors)
    return figures


def unimodal_figures(translator: RawTranslator, things: HeldOutThings) -> Figures:
    """What is read after encoding and decoding by the unimodal models alone: the best to hope for.

    Raises:
        InputError: the factors are not known.
    """
    kind, factors = things.kind, things.factors
    if kind is None or factors is None:
        raise InputError("the factors of these things are not known: nothing can be read")
    return {
        name: readable_figures(kind, name, translator.decode(latents.rows, name), factors)
        for name, latents in things.latents.items()
    }


def summarise(runs: Sequence[Figures]) -> dict[str, dict[str, Interval]]:
    """The mean of each figure over runs (seeds), with its 95 % interval.

    Example:
        >>> summary = summarise([{"a to b": {"loss": 1.0}}, {"a to b": {"loss": 2.0}}])
        >>> summary["a to b"]["loss"].mean
        1.5
    """
    if not runs:
        raise InputError("there are no runs to summarise, expected at least one")
    return {
        direction: {name: mean_interval([run[direction][name] for run in runs]) for name in figures}
        for direction, figures in runs[0].items()
    }


def _merge(figures: Figures, more: Figures) -> None:
    for direction, values in more.items():
        figures.setdefault(direction, {}).update(values)
