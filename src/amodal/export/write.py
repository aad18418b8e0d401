"""Export: build the graph, hold its answers against the workspace's own, write the file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amodal.errors import ExistsError, InputError
from amodal.export.answers import Answers
from amodal.export.check import Checked, check
from amodal.export.graph import OPSET, Graph, onnx_package
from amodal.export.vectors import joined_states, vectors
from amodal.files import atomic_path

INPUT = "latents"


@dataclass(frozen=True)
class Exported:
    """What was written."""

    outputs: dict[str, int]
    """Each output with its width; 0 for one number a row."""
    bytes: int
    """Size of the file."""
    checked: Checked
    """By what, and how near the answers are."""


def export_onnx(
    model: Any,
    out: str | Path,
    *,
    source: str,
    target: str | None = None,
    embed: bool = False,
    uncertainty: bool = False,
    overwrite: bool = False,
) -> Exported:
    """Write what a fitted workspace answers for one modality as an ONNX file.

    One input, `latents` (row, dim) float32, in the unimodal model's own units; any number of rows.
    Before it is written, the file's answers are compared with the workspace's.

    Args:
        model: a fitted `Workspace`.
        out: the file to write.
        source: the modality of the rows.
        target: what to translate to (output `translation`). With `embed`, what the rows will be
            compared with (output `vectors`, of `Workspace.retrieval_vectors`).
        embed: vectors instead of a translation; without a target the state (output `state`).
        uncertainty: with a translation also each row's expected error (output `uncertainty`).
        overwrite: replace a file that is there.

    Returns:
        What was written, and how it was checked.

    Raises:
        MissingExtraError: onnx is not installed.
        NotFittedError, UnknownNameError: nothing fitted; no such modality.
        ExistsError: the file is there.
        InputError: what was asked for does not go together; the answers would differ.

    Example:
        >>> import numpy as np
        >>> from amodal import Workspace
        >>> rows = np.random.default_rng(0).normal(size=(40, 3))
        >>> model = Workspace(steps=0).fit(
        ...     {"sound": rows, "touch": rows[:, ::-1]},
        ...     matches={"sound": range(20), "touch": range(20)},
        ... )
        >>> told = export_onnx(model, "sound.onnx", source="sound", target="touch")
        >>> told.outputs
        {'translation': 3}
    """
    _check_request(model, Path(out), source, target, embed, uncertainty, overwrite)
    onnx_package()
    graph = Graph()
    told = _build(Answers(model, graph), source, target, embed, uncertainty)
    width = model.specs_[source].dim
    built = graph.finish((INPUT, width), told, _notes(model, source, target)).SerializeToString()
    checked = check(model, built, tuple(told), source=source, target=target)
    with atomic_path(out) as temporary:
        temporary.write_bytes(built)
    return Exported({name: size or 0 for name, (_, size) in told.items()}, len(built), checked)


def _check_request(
    model: Any,
    out: Path,
    source: str,
    target: str | None,
    embed: bool,
    uncertainty: bool,
    overwrite: bool,
) -> None:
    for name in (source, target):
        if name is not None:
            model._known(name)
    if target is None and not embed:
        raise InputError("export: name the target to translate to, or ask for embed")
    if source == target:
        raise InputError(f"export: source and target are both {source!r}")
    if uncertainty and (embed or (source, target) not in model.trust_):
        why = "embed has none" if embed else "the fit held out no matches of the two"
        raise InputError(f"export: no uncertainty can be told: {why}; leave it out")
    if out.exists() and not overwrite:
        raise ExistsError(f"{out} is already there: choose another file, or ask to overwrite it")


def _build(
    answers: Answers, source: str, target: str | None, embed: bool, uncertainty: bool
) -> dict[str, tuple[str, int | None]]:
    """Output -> its value and its width."""
    rows = answers.normalised(INPUT, source)
    if target is None:
        return {"state": joined_states(answers, rows, source)}
    if embed:
        return {"vectors": vectors(answers, rows, source, target)}
    members = answers.members(rows, source, target)
    answer = answers.inverted(answers.answer(members, target), target)
    dim = answers.model.specs_[target].dim
    told: dict[str, tuple[str, int | None]] = {"translation": (answer, dim)}
    if uncertainty:
        told["uncertainty"] = (answers.expected_error(members, rows, source, target), None)
    return told


def _notes(model: Any, source: str, target: str | None) -> dict[str, str]:
    """What the file says of itself, as texts by name."""
    from amodal import __version__

    specs = model.specs_
    notes = {"amodal": __version__, "opset": str(OPSET), "source": source, "target": target or ""}
    for side, name in (("source", source), ("target", target)):
        if name is not None:
            notes[f"{side}_blocks"] = json.dumps(specs[name].to_json())
            notes[f"{side}_model"] = model.models_[name]
            notes[f"{side}_fingerprint"] = model.fingerprints_[name]
    return notes
