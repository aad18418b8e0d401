"""`Workspace`: fit on latents and a few matches, then translate, embed, cycle, rank."""

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from amodal.errors import InputError, Notice, unknown_name
from amodal.latents import Latents, MatchTable, Normalisation, as_latents, check_blocks, like
from amodal.model.calling import OnClassOrInstance, SklearnCalls
from amodal.model.doubt import expected_errors
from amodal.model.fitting import Fitted, claim_folder, fit_population
from amodal.model.inference import (
    answer,
    states_of_members,
)
from amodal.model.plan import Trial
from amodal.model.prepare import (
    architecture_for,
    check_fingerprint,
    check_latents,
    check_supervision,
    check_tensorboard,
    normalisation_of,
    settings_of,
    specs_of,
)
from amodal.model.retrieval_vectors import retrieval_vectors
from amodal.model.serialise import restore, to_files
from amodal.model.sharing import Sharing
from amodal.model.storage import write_model
from amodal.specification import LatentSpec
from amodal.training import remove_checkpoints


class Workspace(Sharing, SklearnCalls):
    """A shared workspace for two or more modalities' frozen latents.

    Devillers, Maytié, VanRullen 2024, "Semi-supervised multimodal representation learning through
    a global workspace" (arXiv 2306.15711). Every modality is encoded into and decoded from one
    state. Translation and contrastive losses learn from the few matches, demi-cycles and cycles
    from all rows. It starts at ridge regression; trained members, ridge, kernel ridge, an alignment
    by transport and a self-trained workspace answer together, each with the share that held-out
    matches give it.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(0)
        >>> things = rng.normal(size=(300, 3))
        >>> sound, touch = things @ rng.normal(size=(3, 5)), things @ rng.normal(size=(3, 4))
        >>> model = Workspace(steps=0).fit(
        ...     {"sound": sound[:200], "touch": touch[180:]},
        ...     matches={"sound": np.arange(180, 200), "touch": np.arange(0, 20)},
        ... )
        >>> guess = model.translate(sound[200:], "sound", "touch")
        >>> bool(np.abs(guess - touch[200:]).mean() < 0.05)
        True
    """

    def __init__(
        self,
        preset: str = "default",
        *,
        losses: Mapping[str, float] | None = None,
        start: bool | None = None,
        kernel: bool | None = None,
        align: bool | None = None,
        self_train: bool | None = None,
        principal: int | None = None,
        state: int | None = None,
        hidden: int | None = None,
        members: int | None = None,
        folds: int | None = None,
        steps: int | None = None,
        learning_rate: float | None = None,
        training: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        """Choose settings; what is left out comes from the preset.

        Args:
            preset: "default", or "devillers2024" for the paper's own settings.
            losses: weight of each loss: translation, contrastive, demi_cycle, cycle, broadcast.
            start: begin at ridge regression on the matches.
            kernel: let kernel ridge regression answer too, by its share on held-out matches.
            align: let an alignment by transport between unmatched rows answer and rank too.
            self_train: let a workspace that learns from pseudo-matches answer too.
            principal: principal coordinates kept of a wider latent space; 0 takes its columns.
            state: numbers in a state.
            hidden: width of the networks' hidden layers; left out, 64, or 128 beyond 100 matches.
            members: workspaces trained from different seeds, whose answers are averaged.
            folds: parts of the matches that are held out in turn, to choose when to stop.
            steps: updates at most; 0: the start alone answers.
            learning_rate: at its height.
            training: other settings of `TrainingSettings` by name, {"learn_scale": True}; its
                weight_decay is that of few matches, see `Preset.decay`.
            seed: of everything random.
        """
        self.preset = preset
        self.losses = losses
        self.start = start
        self.kernel = kernel
        self.align = align
        self.self_train = self_train
        self.principal = principal
        self.state = state
        self.hidden = hidden
        self.members = members
        self.folds = folds
        self.steps = steps
        self.learning_rate = learning_rate
        self.training = training
        self.seed = seed

    @OnClassOrInstance
    def fit(
        self,
        latents: Mapping[str, Any],
        *,
        matches: Any = None,
        spaces: Mapping[str, LatentSpec] | None = None,
        folder: str | Path | None = None,
        tensorboard: bool = False,
    ) -> "Workspace":
        """Learn from latents and matches.

        Args:
            latents: for each modality its rows, (row, dim), of its own number: numpy arrays,
                tensors or `Latents`. Unmatched rows are the normal case.
            matches: which rows are the same thing: {"image": [0, 5], "text": [3, 1]}, or a list
                of such dicts for sets of modalities that were seen together.
            spaces: how plain arrays are measured; all continuous where left out.
            folder: a run folder for metrics, checkpoints and the fitted model; an interrupted fit
                with the same data and settings goes on from there.
            tensorboard: write the metrics as TensorBoard curves in the folder, too.

        Returns:
            The fitted workspace itself.

        Raises:
            InputError, UnknownNameError: see `amodal.latents`; before any training.
            ExistsError: the run folder holds the run of other data or settings.
            DiskError: the run folder cannot be written to.
        """
        settings = settings_of(self.get_params())
        if tensorboard:
            check_tensorboard(folder)
        checked = check_latents(latents, spaces or {})
        table = MatchTable.build(matches, {name: len(rows) for name, rows in checked.items()})
        check_supervision(table, settings)
        if len(table) == 0 and settings.start:
            settings = replace(settings, start=False)
        normalisation = {n: normalisation_of(g, settings.principal) for n, g in checked.items()}
        rows = {name: normalisation[name].apply(given.rows) for name, given in checked.items()}
        architecture = architecture_for(
            settings, specs_of(checked, normalisation), matches=len(table)
        )
        fingerprints = {name: given.fingerprint for name, given in checked.items()}
        models = {name: given.model for name, given in checked.items()}
        path = None if folder is None else Path(folder)
        if path is not None and claim_folder(
            path,
            settings,
            architecture,
            rows,
            table,
            normalisation=normalisation,
            parameters={"seed": int(self.seed), "fingerprints": fingerprints, "models": models},
        ):
            warnings.warn(
                f"{path} holds this very fit, finished: it is read, nothing is trained again",
                Notice,
                stacklevel=2,
            )
            restore(self, path)
            return self
        trial = Trial.of(settings, np.arange(len(table)), seed=int(self.seed))
        [fitted] = fit_population(
            settings,
            architecture,
            rows,
            table,
            trials=[trial],
            scales={name: found.scale for name, found in normalisation.items()},
            turned=[n for n, found in normalisation.items() if found.basis is not None],
            folder=path,
            tensorboard=tensorboard,
            evidence=True,
        )
        self._adopt(fitted, checked, normalisation, matches=len(table))
        if path is not None:
            write_model(path, *to_files(self))
            remove_checkpoints(path / "checkpoint.safetensors")
        return self

    @classmethod
    def of(cls, fitted: Fitted, latents: Mapping[str, Latents], *, matches: int) -> "Workspace":
        """A trial of a population (`fit_population`) with the calls of a fitted workspace.

        Args:
            fitted: what the trial gave.
            latents: the rows that it was fitted on, not normalised.
            matches: how many matches it learnt from.
        """
        normalisation = {name: normalisation_of(given) for name, given in latents.items()}
        model = cls()
        model._adopt(fitted, latents, normalisation, matches=matches)
        return model

    def _adopt(
        self,
        fitted: Fitted,
        latents: Mapping[str, Latents],
        normalisation: dict[str, Normalisation],
        *,
        matches: int,
    ) -> None:
        self.ensemble_ = fitted.ensemble
        self.architecture_ = fitted.ensemble.members.architecture
        self.normalisation_ = normalisation
        self.fingerprints_ = {name: given.fingerprint for name, given in latents.items()}
        self.models_ = {name: given.model for name, given in latents.items()}
        self.matches_ = matches
        self.rows_ = {name: len(given) for name, given in latents.items()}
        self.held_out_errors_, self.trust_ = fitted.errors, fitted.trust
        self.evidence_ = fitted.evidence
        self.gate_, self.history_ = fitted.gate, fitted.history
        self.unmatched_weight_ = fitted.unmatched_weight
        self.likeness_, self.aligned_ = fitted.likeness, fitted.aligned

    @property
    def specs_(self) -> dict[str, LatentSpec]:
        """How each modality's rows are measured, as they are given."""
        self._fitted()
        inside = self.architecture_.specs
        return {name: found.given(inside[name]) for name, found in self.normalisation_.items()}

    @property
    def trained_(self) -> bool:
        """Whether any member left its closed-form start."""
        self._fitted()
        return self.ensemble_.start is None or any(kept.get("step") for kept in self.gate_)

    def translate(self, values: Any, source: str, target: str, *, uncertainty: bool = False) -> Any:
        """Turn latents of one modality into latents of another: the members' mean answer.

        Args:
            values: rows of `source`, (row, dim).
            source: the modality that they are of.
            target: the modality wanted.
            uncertainty: also give how far to trust each row.

        Returns:
            Rows of `target`, numpy or torch as `values`; with `uncertainty` also the expected root
            mean squared error of each, in the target's standard deviations, by held-out matches.
        """
        rows = self._normalised(values, source)
        self._known(target)
        told = answer(self.ensemble_, rows, source, target)
        result = like(values, self.normalisation_[target].invert(told))
        if not uncertainty:
            return result
        return result, like(values, self._expected_error(told, rows, source, target))

    def _expected_error(self, told: Tensor, rows: Tensor, source: str, target: str) -> Tensor:
        trust = self.trust_.get((source, target))
        if trust is None:
            raise InputError(
                f"how far to trust {source!r} to {target!r} is unknown: it is learnt from held-out "
                f"matches of the two, and this fit had {self.matches_} matches in all"
            )
        return expected_errors(self.ensemble_, trust, rows, told, source=source, target=target)

    def embed(self, values: Mapping[str, Any]) -> Any:
        """The shared state of things seen through one or several modalities.

        Args:
            values: for each modality that is present its rows, all of the same things.

        Returns:
            (row, members * state): the members' states side by side, divided by the square root
            of their number, so that inner products are means over members. Numpy or torch as
            the values.
        """
        if not isinstance(values, Mapping) or not values:
            raise InputError('embed takes a dict by modality, {"image": rows}')
        rows = {name: self._normalised(given, name) for name, given in values.items()}
        lengths = {name: len(given) for name, given in rows.items()}
        if len(set(lengths.values())) > 1:
            raise InputError(
                f"embed fuses modalities of the same things: expected equally many rows, "
                f"got {lengths}"
            )
        states = states_of_members(self.ensemble_.members, rows)
        joined = torch.cat(list(states), 1) / len(states) ** 0.5
        return like(next(iter(values.values())), joined)

    def cycle(self, values: Any, source: str, way: str) -> Any:
        """Translate to `way` and back to `source`: what survives the round trip."""
        rows = self._normalised(values, source)
        self._known(way)
        abroad = answer(self.ensemble_, rows, source, way)
        home = answer(self.ensemble_, abroad, way, source)
        return like(values, self.normalisation_[source].invert(home))

    def retrieval_vectors(self, values: Any, source: str, target: str) -> Any:
        """Vectors of `source` rows to compare with those of `target` rows by inner product.

        `retrieval_vectors(queries, a, b) @ retrieval_vectors(catalogue, b, a).T` is `similarity`;
        a vector index over the second finds the nearest rows of a large catalogue.
        """
        return like(values, self._vectors(values, source, target))

    def _vectors(self, values: Any, source: str, target: str) -> Tensor:
        rows = self._normalised(values, source)
        self._known(target)
        if source == target:
            raise InputError(f"retrieval compares two modalities, got {source!r} twice")
        first, second = sorted((source, target), key=self.architecture_.names.index)
        return retrieval_vectors(
            self.ensemble_,
            rows,
            name=source,
            other=target,
            likeness=self.likeness_[first, second],
            aligned=self.aligned_.get((first, second)),
            first=source == first,
        )

    def similarity(self, queries: Any, catalogue: Any, *, source: str, target: str) -> Any:
        """How alike queries of one modality and a catalogue of another are, in [-1, 1], dense.

        See `amodal.model.retrieval_vectors` for the formula.
        """
        return like(queries, self._similarity(queries, catalogue, source, target))

    def _similarity(self, queries: Any, catalogue: Any, source: str, target: str) -> Tensor:
        # In float32 whatever the two sides are: a query in bfloat16 would rank coarsely.
        own = self._vectors(queries, source, target)
        return own @ self._vectors(catalogue, target, source).T

    def rank(self, source: str, queries: Any, catalogue: Any, *, top: int = 10) -> tuple[Any, Any]:
        """Cross-modal retrieval: the rows of a catalogue that are nearest to each query.

        Args:
            source: the modality of the queries.
            queries: rows of `source`.
            catalogue: rows of the other modality; with three or more modalities a dict with one
                entry, {"image": rows}.
            top: how many rows a query.

        Returns:
            Indices into the catalogue (query, top), nearest first, and their similarities.
        """
        self._known(source)
        if isinstance(catalogue, Mapping):
            if len(catalogue) != 1:
                raise InputError(f"a catalogue is of one modality, got {list(catalogue)}")
            target, catalogue = next(iter(catalogue.items()))
        else:
            others = [name for name in self.architecture_.names if name != source]
            if len(others) > 1:
                raise InputError(
                    f"the catalogue may be of {others}: say which, "
                    f'rank({source!r}, queries, {{"{others[0]}": rows}})'
                )
            target = others[0]
        if not isinstance(top, int | np.integer) or top < 1:
            raise InputError(f"top must be at least 1, got {top}")
        scores = self._similarity(queries, catalogue, source, target)
        best = scores.topk(min(top, scores.shape[1]), dim=1)
        return like(queries, best.indices), like(queries, best.values)

    def _known(self, name: str) -> None:
        self._fitted()
        if name not in self.architecture_.specs:
            raise unknown_name("modality", name, self.architecture_.names)

    def _normalised(self, values: Any, name: str) -> Tensor:
        self._known(name)
        normalisation = self.normalisation_[name]
        spec = self.specs_[name]
        if isinstance(values, Latents):
            check_fingerprint(name, values, self.fingerprints_[name], self.models_[name])
            values = values.rows
        rows = as_latents(name, values, dim=spec.dim)
        check_blocks(name, rows, spec)
        return normalisation.apply(rows)
