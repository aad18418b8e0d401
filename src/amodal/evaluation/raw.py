"""Raw things through a fitted workspace: encode, translate, decode, and how far to trust it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from amodal.errors import InputError, unknown_name
from amodal.latents import Latents
from amodal.model import Workspace
from amodal.typing import Float
from amodal.unimodal import UnimodalModel, load_model


@dataclass(frozen=True)
class AnswerTrust:
    """How far to trust one translation, in standard deviations of the target's latents."""

    expected: float
    """Root mean squared error to expect of this very answer."""
    typical: float
    """The same over the matches that were held out in the fit."""
    matches: int
    """How many there were."""

    def in_words(self) -> str:
        """One plain sentence.

        Example:
            >>> print(AnswerTrust(expected=0.3, typical=0.2, matches=50).in_words())
            less sure than usual: expected error 0.30, usual error 0.20 (over 50 held-out matches)
        """
        ratio = self.expected / max(self.typical, 1e-9)
        verdict = "as sure as usual"
        if ratio > 1.25:
            verdict = "much less sure than usual" if ratio > 2 else "less sure than usual"
        elif ratio < 0.8:
            verdict = "surer than usual"
        return (
            f"{verdict}: expected error {self.expected:.2f}, usual error {self.typical:.2f} "
            f"(over {self.matches} held-out matches)"
        )


@dataclass(frozen=True)
class RawTranslator:
    """A fitted workspace together with the frozen unimodal models that it joins."""

    workspace: Workspace
    models: Mapping[str, UnimodalModel]
    """The unimodal model of each modality."""

    @classmethod
    def load(cls, folder: str | Path, *, modalities: Sequence[str] = ()) -> "RawTranslator":
        """Read a run folder, and load the unimodal models that it names.

        Args:
            folder: of the run.
            modalities: those whose models are wanted; by default all.

        Raises:
            NotFoundError, DamagedError: there is no such run, or it is damaged.
            UnknownNameError: it has no such modality.
            InputError: one was fitted on plain arrays, so no model is known.
        """
        workspace = Workspace.load(folder)
        for name in modalities:
            if name not in workspace.models_:
                raise unknown_name("modality of this run", name, workspace.models_)
        wanted = {name: workspace.models_[name] for name in modalities or workspace.models_}
        nameless = [name for name, model in wanted.items() if not model]
        if nameless:
            raise InputError(
                f"{folder} was fitted on plain arrays of {nameless}: no unimodal model is known "
                "that reads or makes raw things. Translate latents, in Python by "
                "amodal.load(folder).translate; embed them by `amodal embed`; or fit on latents "
                "made by `amodal encode`"
            )
        return cls(workspace, {name: load_model(model) for name, model in wanted.items()})

    def encode(self, raw: Any, name: str) -> Latents:
        """Latents of raw things, with the fingerprint that the workspace checks."""
        model = self.model_of(name)
        return Latents(model.encode(raw), model.specification, model.fingerprint, model.name)

    def decode(self, latents: Float[Tensor, "row dim"], name: str) -> Any:
        """Raw things of latents."""
        return self.model_of(name).decode(latents)

    def translate(self, raw: Any, source: str, target: str) -> Any:
        """Raw things of one modality -> raw things of another."""
        answer = self.workspace.translate(self.encode(raw, source), source, target)
        return self.decode(answer, target)

    def ask(self, raw: Any, source: str, target: str) -> tuple[Any, list[AnswerTrust]]:
        """Translate raw things, and say of each answer how far to trust it.

        Returns:
            The answers, and as many trusts; none where the fit held out no matches of the two.
        """
        latents = self.encode(raw, source)
        if (source, target) not in self.workspace.trust_:
            return self.decode(self.workspace.translate(latents, source, target), target), []
        answer, expected = self.workspace.translate(latents, source, target, uncertainty=True)
        known = self.workspace.trust_[source, target]
        trusts = [AnswerTrust(float(error), known.typical, known.matches) for error in expected]
        return self.decode(answer, target), trusts

    def model_of(self, name: str) -> UnimodalModel:
        """The unimodal model of one modality.

        Raises:
            UnknownNameError: no such modality; the nearest is offered.
        """
        if name not in self.models:
            raise unknown_name("modality of this run", name, self.models)
        return self.models[name]
