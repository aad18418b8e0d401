"""A fitted run's diagnosis: figures of every direction, and a verdict."""

from dataclasses import dataclass
from typing import Any

from amodal.diagnosis.measures import DirectionFigures, measure, plain
from amodal.diagnosis.verdict import Verdict, of_direction, of_run
from amodal.errors import NotFoundError
from amodal.model import Workspace
from amodal.model.blending import named_shares
from amodal.model.prepare import settings_of


@dataclass(frozen=True)
class Diagnosis:
    """What held-out matches say of a run."""

    matches: int
    """That the fit had."""
    verdict: Verdict
    """Of the run: that of its worst direction."""
    directions: tuple[DirectionFigures, ...]
    verdicts: tuple[Verdict, ...]
    """Of each direction."""
    unmatched_weight: float = 1.0
    """Factor on the losses of unmatched rows that held-out matches chose; 0 leaves them out."""
    trained: bool = True
    """Whether any member left its closed-form start."""

    def to_json(self) -> dict[str, Any]:
        """Plain numbers and texts, for `json.dump`."""
        return plain(self)

    def __str__(self) -> str:
        """The page that `amodal diagnose` prints."""
        from amodal.diagnosis.page import page

        return page(self)


def diagnose(model: Workspace) -> Diagnosis:
    """Say how far a fitted workspace can be trusted, from its held-out matches alone.

    Nothing is fitted or measured anew: `fit` keeps the errors, expected errors and ranks of the
    matches that its folds held out.

    Args:
        model: fitted, or loaded from a run folder.

    Raises:
        NotFittedError: it is not fitted.
        NotFoundError: it was fitted and saved before fits kept what this needs.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> things = rng.normal(size=(300, 3))
        >>> sound, touch = things @ rng.normal(size=(3, 5)), things @ rng.normal(size=(3, 4))
        >>> rows = {"sound": np.arange(30), "touch": np.arange(30)}
        >>> model = Workspace(steps=0).fit({"sound": sound, "touch": touch}, matches=rows)
        >>> diagnose(model).verdict.level
        'PASS'
    """
    model._fitted()
    if model.trust_ and not model.evidence_:
        raise NotFoundError(
            "this run was fitted before fits kept what a diagnosis needs: fit it again, with the "
            "same data and settings and another folder"
        )
    directions = tuple(
        measure(
            evidence,
            direction,
            model.architecture_.specs[direction[1]],
            shares=named_shares(model.ensemble_.shares[direction], trained=model.trained_),
            folds=settings_of(model.get_params()).folds,
        )
        for direction, evidence in model.evidence_.items()
    )
    verdicts = tuple(of_direction(found) for found in directions)
    named = [(f"{d.source} to {d.target}", v) for d, v in zip(directions, verdicts, strict=True)]
    return Diagnosis(
        model.matches_,
        of_run(named),
        directions,
        verdicts,
        model.unmatched_weight_,
        trained=model.trained_,
    )
