"""The methods that are compared: a task -> vectors and translations of its test rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from amodal import baselines
from amodal.baselines.base import Baseline
from amodal.errors import MissingExtraError, unknown_name
from amodal.fewmatch.alignment import AlignmentSettings
from amodal.study.preset_fits import RECIPE as DEFAULT_RECIPE
from amodal.study.real.sets import PRINCIPAL
from amodal.study.real.tasks import Task

OURS = "Amodal"
RANKING_RECIPE = 4
"""Raised when the default ranks otherwise than before, from the same fit."""
LINEAR = ("ridge", "ridge-unwhitened", "cca", "cca-unwhitened", "csa", "procrustes")
"""Linear maps of matches alone."""

Answers = tuple[dict[str, np.ndarray], dict[tuple[str, str], np.ndarray]]
"""Vectors of each modality's test rows, and the test rows translated both ways."""


@dataclass(frozen=True)
class Method:
    """One method."""

    name: str
    title: str
    """A few words for the page: what it is."""
    answer: Callable[[Task], Answers]
    recipe: Mapping[str, Any]
    """What decides its answers beside the task: raised when the same task is solved otherwise."""
    slow: bool = False
    """Done after all others."""
    needs: str = ""
    """A package beyond Amodal's own; where it is missing, only those who name the method hear."""


def of_baseline(build: Callable[[], Baseline]) -> Callable[[Task], Answers]:
    """Fit a baseline, embed and translate."""

    def answer(task: Task) -> Answers:
        model = build().fit(task.latents, matches=task.matches)
        vectors = {name: model.embed({name: rows}) for name, rows in task.test.items()}
        return vectors, _translated(model, task)

    return answer


def workspace(task: Task) -> Answers:
    """The default `Workspace`, its rows compared as `Workspace.rank` does.

    It gets the latents as a user has them, and takes wide ones in principal coordinates itself.
    """
    # Here, because the baselines need none of it.
    from amodal.model import Workspace

    model = Workspace(seed=task.seed).fit(task.latents | task.wide, matches=task.matches)
    first, second = task.test
    vectors, translations = {}, {}
    for name, other in ((first, second), (second, first)):
        rows = task.truth(name)
        vectors[name] = model.retrieval_vectors(rows, name, other)
        told = model.translate(rows, name, other)
        translations[name, other] = task.in_coordinates(other, told)
    return vectors, translations


def _translated(model: Any, task: Task) -> dict[tuple[str, str], np.ndarray]:
    first, second = task.test
    return {
        (source, target): model.translate(task.test[source], source, target)
        for source, target in ((first, second), (second, first))
    }


def _baseline(
    name: str,
    title: str,
    build: Callable[[], Baseline],
    *,
    recipe: int = 1,
    slow: bool = False,
    needs: str = "",
) -> Method:
    return Method(name, title, of_baseline(build), {"recipe": recipe}, slow, needs)


def _workspace_recipe() -> dict[str, Any]:
    from amodal.model.presets import PRESETS

    own = {"recipe": DEFAULT_RECIPE, "ranking": RANKING_RECIPE}
    return own | {"preset": asdict(PRESETS["default"])}


def _cca_unwhitened() -> Baseline:
    return baselines.TransportCCA(settings=AlignmentSettings(share=0.0))


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        _baseline(
            "ridge",
            "ridge regression both ways, standardised coordinates; `Ridge(principal=128)`",
            lambda: baselines.Ridge(principal=PRINCIPAL),
        ),
        _baseline(
            "ridge-unwhitened",
            "ridge regression, latents in their own scale; `Ridge()`",
            baselines.Ridge,
        ),
        _baseline(
            "kernel-ridge",
            "kernel ridge regression, standardised coordinates; `KernelRidge(principal=128)`",
            lambda: baselines.KernelRidge(principal=PRINCIPAL),
            slow=True,
        ),
        _baseline(
            "procrustes",
            "orthogonal Procrustes, standardised coordinates; `Procrustes(principal=128)`",
            lambda: baselines.Procrustes(principal=PRINCIPAL),
        ),
        _baseline(
            "cca",
            "regularised CCA, standardised coordinates; `CCA(principal=128)`",
            lambda: baselines.CCA(principal=PRINCIPAL),
        ),
        _baseline(
            "cca-unwhitened",
            "regularised CCA, coordinates in their own scale; "
            "`TransportCCA(settings=AlignmentSettings(share=0))`",
            _cca_unwhitened,
        ),
        _baseline("csa", "canonical similarity analysis, tuned by folds; `CSA()`", baselines.CSA),
        _baseline(
            "asif", "likeness to the matches (ASIF), tuned by folds; `ASIF()`", baselines.ASIF
        ),
        _baseline(
            "spectral-cca",
            "spectral embedding of all rows, then CCA (after SUE), tuned by folds; `SpectralCCA()`",
            baselines.SpectralCCA,
            recipe=2,
        ),
        _baseline(
            "wasserstein-procrustes",
            "rotation refined by assigning unmatched rows, by folds; `WassersteinProcrustes()`",
            baselines.WassersteinProcrustes,
            recipe=2,
        ),
        _baseline(
            "contrastive",
            "CLIP-like networks on the matches, tuned by folds; `Contrastive()`",
            baselines.Contrastive,
            slow=True,
        ),
        _baseline(
            "sotalign",
            "linear encoders, taught by a CCA's transport plans, tuned by folds; `SOTAlign()`",
            baselines.SOTAlign,
            slow=True,
        ),
        _baseline(
            "cycle-translators",
            "networks each way with cycles, no workspace, tuned by folds; `CycleTranslators()`",
            baselines.CycleTranslators,
            slow=True,
        ),
        _baseline(
            "mvae",
            'a product-of-experts VAE of MultiVae, tuned by folds; `MultimodalVAE("mvae")`',
            lambda: baselines.MultimodalVAE("mvae"),
            slow=True,
            needs="multivae",
        ),
        _baseline(
            "mopoe",
            'a mixture-of-products VAE of MultiVae, tuned by folds; `MultimodalVAE("mopoe")`',
            lambda: baselines.MultimodalVAE("mopoe"),
            slow=True,
            needs="multivae",
        ),
        _baseline(
            "transport-cca",
            "up to three CCAs refined by transport of unmatched rows, averaged, tuned by folds; "
            "`TransportCCA()`",
            baselines.TransportCCA,
            recipe=4,
        ),
        Method(
            OURS,
            "the default workspace of this library, `Workspace()`",
            workspace,
            _workspace_recipe(),
            True,
        ),
    )
}
"""In the order of the tables."""


def find_methods(names: Sequence[str] = ()) -> list[Method]:
    """The methods of some names, by default all whose packages are installed.

    Raises:
        UnknownNameError: there is no such method; the nearest is offered.
        MissingExtraError: a method was named whose package is not installed.

    Example:
        >>> [method.name for method in find_methods(["cca", "ridge"])]
        ['cca', 'ridge']
    """
    known = {name.lower(): name for name in METHODS} | {"workspace": OURS}
    for name in names:
        if name.lower() not in known:
            raise unknown_name("method", name, METHODS)
    if not names:
        return [each for each in METHODS.values() if not each.needs or find_spec(each.needs)]
    chosen = [METHODS[known[name.lower()]] for name in names]
    for method in chosen:
        if method.needs and not find_spec(method.needs):
            raise MissingExtraError(method.needs, "vae")
    return chosen
