"""What every study of trained runs reads off: losses on test things, and what people can read."""

from collections.abc import Mapping
from functools import cache
from itertools import permutations
from typing import Any

from torch import Tensor

from amodal.evaluation.of_population import population_losses
from amodal.evaluation.readable import attribute_figures, readable_figures
from amodal.study.settings import StudySettings
from amodal.study.store import Trained
from amodal.study.things import StudyThings
from amodal.study.translating import answers_of
from amodal.typing import Float
from amodal.unimodal import UnimodalModel, load_model
from amodal.workspace import Population

ERROR = "translation_error"
"""Squared error between latents after the heads (of unit variance; of probabilities where they are
categorical): what all methods can be compared by, and no sure mistake blows up."""
LOSS = "translation_loss"
"""What training lowers: the same, with cross-entropy for categorical blocks."""
CONTRAST = "contrastive_loss"
TITLES = {
    ERROR: "translation loss (squared error)",
    LOSS: "translation loss (with cross-entropy)",
    CONTRAST: "contrastive loss, nats",
}
RUNS_AT_ONCE = 16
DRAWN = 200
"""Pictures and sentences made and read a run: that takes far longer than comparing latents."""
DRAWN_METHODS = ("tr", "tr+cont", "tr+dcy+cy", "tr+cont+dcy+cy")


def translation_rows(trained: Trained, settings: StudySettings) -> list[dict[str, Any]]:
    """Losses of every run on the test things, and the readable errors of what becomes attributes.

    A run whose decoders learnt nothing (`cont`) has a contrastive loss only.
    """
    things = trained.things
    rows = {name: things.rows(name, things.test) for name in things.names}
    losses = population_losses(trained.population, rows)
    found: list[dict[str, Any]] = [
        {name: float(values[run]) for name, values in losses.items()}
        for run in range(len(trained.cells))
    ]
    if "attributes" in things.names:
        for source in things.names:
            if source != "attributes":
                _add_readable(found, trained.population, things, source)
    for cell, row in zip(trained.cells, found, strict=True):
        if cell.method == "cont":
            for name in [name for name in row if not name.startswith(CONTRAST)]:
                row[name] = None
    return found


def saving_rows(trained: Trained, settings: StudySettings) -> list[dict[str, Any]]:
    """The same, and what is read in the first pictures and sentences that some methods make."""
    found = translation_rows(trained, settings)
    things = trained.things
    rows = things.test[:DRAWN]
    for run, cell in enumerate(trained.cells):
        if cell.method in DRAWN_METHODS:
            own = trained.population.choose([run])
            for source, target in permutations(things.names, 2):
                if target != "attributes":
                    answer = answers_of(own, things.rows(source, rows), source, target)[0]
                    raw = model_of(things.models[target]).decode(
                        things.normalisations[target].invert(answer)
                    )
                    figures = readable_figures(things.kind, target, raw, things.factors[rows])
                    found[run] |= {f"{n} {source} to {target}": v for n, v in figures.items()}
    return found


@cache
def model_of(name: str) -> UnimodalModel:
    """A unimodal model, loaded once."""
    return load_model(name)


def _add_readable(
    found: list[dict[str, Any]], population: Population, things: StudyThings, source: str
) -> None:
    given = things.rows(source, things.test)
    for start in range(0, len(population), RUNS_AT_ONCE):
        chosen = range(start, min(start + RUNS_AT_ONCE, len(population)))
        answers = answers_of(population.choose(chosen), given, source, "attributes")
        for run, answer in zip(chosen, answers, strict=True):
            for name, value in readable_attributes(answer, things).items():
                found[run][f"{name} {source} to attributes"] = value


def readable_attributes(
    answer: Float[Tensor, "row attribute"], things: StudyThings
) -> Mapping[str, float]:
    """What people can read in normalised attributes of the test things."""
    rows = things.normalisations["attributes"].invert(answer).numpy()
    return attribute_figures(things.kind, rows, things.test_factors)
