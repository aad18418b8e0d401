"""Whether an exported file answers as the workspace does, by running it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from amodal.errors import InputError
from amodal.export.graph import onnx_package
from amodal.specification import LatentSpec

TOLERANCE = 1e-4
"""Largest difference allowed: of a standard deviation of the target, of a state's number (or, where
those are above 1, of the largest of them), of a vector of length 1."""
ROWS = (1, 65)
"""Numbers of rows that are tried: one alone, and some."""


@dataclass(frozen=True)
class Checked:
    """How a file was compared with its workspace."""

    by: str
    """The program that ran it."""
    rows: int
    """How many rows were compared."""
    difference: float
    """The largest, in the units of `TOLERANCE`."""


def check(
    model: Any, built: bytes, outputs: tuple[str, ...], *, source: str, target: str | None
) -> Checked:
    """Run the file on random rows like those of the source, and compare.

    Raises:
        InputError: the answers differ.
    """
    run, by = runner(built)
    largest = 0.0
    for count in ROWS:
        rows = random_rows(model, source, count, seed=count)
        expected = expected_answers(model, rows, outputs, source=source, target=target)
        for name, found, wanted in zip(outputs, run(rows, outputs), expected, strict=True):
            unit = _unit(model, target) if name == "translation" and target is not None else 1.0
            off = np.abs(found - wanted) / unit / max(1.0, float(np.abs(wanted / unit).max()))
            largest = max(largest, float(off.max()) if np.isfinite(off).all() else np.inf)
    if not largest <= TOLERANCE:
        raise InputError(
            f"export: the file's answers differ from the workspace's by up to {largest:.2g} "
            f"(allowed: {TOLERANCE:g}), so nothing was written: use the workspace itself"
        )
    return Checked(by, sum(ROWS), largest)


def _unit(model: Any, target: str) -> np.ndarray:
    """The standard deviation of each column; in principal coordinates all are scaled by one."""
    own = model.normalisation_[target]
    return own.scale.numpy() if own.basis is None else own.scale.numpy()[:1]


def expected_answers(
    model: Any, rows: np.ndarray, outputs: tuple[str, ...], *, source: str, target: str | None
) -> list[np.ndarray]:
    """What the workspace itself says, output by output."""
    if outputs == ("state",):
        return [model.embed({source: rows})]
    if outputs == ("vectors",):
        return [model.retrieval_vectors(rows, source, target)]
    if "uncertainty" in outputs:
        return list(model.translate(rows, source, target, uncertainty=True))
    return [model.translate(rows, source, target)]


def runner(built: bytes) -> tuple[Any, str]:
    """A function (rows, outputs) -> arrays that runs the file, and who runs it.

    onnxruntime where it is installed; else onnx itself, slower.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        from onnx.reference import ReferenceEvaluator

        evaluator = ReferenceEvaluator(onnx_package().load_from_string(built))
        by = f"onnx {onnx_package().__version__}"
        return lambda rows, outputs: evaluator.run(list(outputs), {"latents": rows}), by
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(built, options, providers=["CPUExecutionProvider"])
    by = f"onnxruntime {onnxruntime.__version__}"
    return lambda rows, outputs: session.run(list(outputs), {"latents": rows}), by


def random_rows(model: Any, name: str, count: int, *, seed: int) -> np.ndarray:
    """Rows spread like those that were fitted on, in the form of each block."""
    rng = np.random.default_rng(seed)
    own = model.normalisation_[name]
    spec: LatentSpec = model.architecture_.specs[name]
    rows = rng.normal(size=(count, spec.dim))
    for block, columns in spec.parts():
        if block.kind == "categorical":
            rows[:, columns] = np.eye(block.size)[rng.integers(block.size, size=count)]
        elif block.kind == "circular":
            rows[:, columns] /= np.linalg.norm(rows[:, columns], axis=1, keepdims=True)
    return own.invert(torch.from_numpy(rows).float()).numpy()
