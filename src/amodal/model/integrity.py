"""Whether the parts of a workspace that was read fit together, before anything is asked of it."""

from collections.abc import Iterable, Mapping
from itertools import combinations, permutations
from typing import Any

import torch
from torch import Tensor

from amodal.latents import Normalisation
from amodal.model.blending import ANSWERERS
from amodal.model.trust import Trust
from amodal.workspace import Architecture


def check_parts(model: Any) -> None:
    """Refuse shapes, numbers and names that no fit writes.

    Without this a folder that was changed by hand, or made by another program, would fail in the
    middle of an answer, or answer wrongly.

    Raises:
        ValueError: says which part, what it should be, and what it is.
    """
    _check_architecture(model.architecture_)
    names, sizes = model.architecture_.names, _sizes(model)
    for what in ("normalisation_", "fingerprints_", "models_"):
        _expect_names(what.rstrip("_"), getattr(model, what), names)
    for name in names:
        _check_normalisation(name, model.normalisation_[name], sizes[name])
    _check_counts(model)
    directions = set(permutations(names, 2))
    for what in ("trust_", "held_out_errors_"):
        _expect_among(what.rstrip("_"), getattr(model, what), directions)
    for (_, target), trust in model.trust_.items():
        _check_trust(trust, sizes[target])
    _check_answerers(model.ensemble_, directions, sizes)
    for first, second in combinations(names, 2):
        _check_likeness(model.likeness_[first, second], sizes[first], sizes[second])
        if (first, second) in model.aligned_:
            _check_aligned(model.aligned_[first, second], sizes[first], sizes[second])


def _check_architecture(architecture: Architecture) -> None:
    for what in ("state", "hidden", "layers"):
        _expect_whole(what, getattr(architecture, what))
    for what in ("linear", "bounded"):
        if not isinstance(getattr(architecture, what), bool):
            raise ValueError(f"{what}: expected true or false")
    if architecture.activation not in ("relu", "silu"):
        raise ValueError(f"activation: expected relu or silu, got {architecture.activation!r}")
    for block in (block for spec in architecture.specs.values() for block in spec.blocks):
        _expect_whole("size of a block", block.size)
        if not isinstance(block.name, str):
            raise ValueError(f"name of a block: expected a text, got {block.name!r}")


def _sizes(model: Any) -> dict[str, int]:
    return {name: spec.dim for name, spec in model.architecture_.specs.items()}


def _check_normalisation(name: str, given: Normalisation, dim: int) -> None:
    wide = dim if given.basis is None else len(given.basis)
    parts: dict[str, tuple[Tensor, tuple[int, ...]]] = {
        "shift": (given.shift, (wide,)),
        "scale": (given.scale, (dim,)),
    }
    if given.basis is not None:
        parts["basis"] = (given.basis, (wide, dim))
    for what, (values, shape) in parts.items():
        _expect_shape(f"{what} of {name!r}", values, shape, torch.float32)
        if not bool(values.isfinite().all()):
            raise ValueError(f"{what} of {name!r} holds NaN or infinite numbers")
    if not bool((given.scale > 0).all()):
        raise ValueError(f"scale of {name!r} must be above 0")


def _check_counts(model: Any) -> None:
    _expect_whole("matches", model.matches_)
    if not isinstance(model.rows_, dict):
        raise ValueError("rows: expected numbers by modality")
    for name, count in model.rows_.items():
        _expect_whole(f"rows of {name!r}", count)
    for what in ("fingerprints_", "models_"):
        if not all(isinstance(text, str) for text in getattr(model, what).values()):
            raise ValueError(f"{what.rstrip('_')}: expected texts")
    if not isinstance(model.preset, str):
        raise ValueError(f"preset: expected a text, got {model.preset!r}")
    numbers = [n for errors in model.held_out_errors_.values() for n in dict(errors).values()]
    if not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("held_out_errors: expected numbers")
    if not isinstance(model.gate_, list) or not all(isinstance(e, dict) for e in model.gate_):
        raise ValueError("gate: expected a list of members' scores")
    if not isinstance(model.unmatched_weight_, int | float):
        raise ValueError(f"unmatched_weight: expected a number, got {model.unmatched_weight_!r}")


def _check_trust(trust: Trust, dim: int) -> None:
    _expect_whole("matches of trust", trust.matches)
    numbers = torch.tensor(
        [*trust.coefficients, trust.typical, trust.of_all, *trust.explained]
    ).double()
    if len(trust.coefficients) != 3 or len(trust.explained) != dim:
        raise ValueError(f"trust: expected 3 coefficients and {dim} explained shares")
    if bool((numbers < 0).any()):
        raise ValueError("trust: numbers below 0")


def _check_answerers(
    ensemble: Any, directions: set[tuple[str, str]], sizes: Mapping[str, int]
) -> None:
    own = {name: getattr(ensemble, name) for name in ("members", "start", "self_trained")}
    for what, population in own.items():
        if population is None:
            continue
        _expect_type(what, population.matrix, torch.float32)
        if len(population) < 1 or (what != "members" and len(population) != 1):
            raise ValueError(f"{what}: {len(population)} runs")
    _expect_among("shares", ensemble.shares, directions)
    for (source, target), shares in ensemble.shares.items():
        _expect_shape("shares", shares, (len(ANSWERERS), sizes[target]), torch.float32)
        pair = (source, target)
        closed = (pair in ensemble.kernels, pair in ensemble.aligned)
        there = (True, ensemble.start is not None, *closed, ensemble.self_trained is not None)
        absent = [part for part, known in zip(shares, there, strict=True) if not known]
        if any(bool(part.any()) for part in absent):
            raise ValueError("shares: of an answer that is not there")
        if bool((shares < 0).any()) or not torch.allclose(shares.sum(0), torch.ones(1), atol=1e-3):
            raise ValueError("shares: expected at least 0, and 1 together")
    for (source, target), kernel in ensemble.kernels.items():
        things, dim = len(kernel.points), sizes[target]
        _expect_shape("kernel points", kernel.points, (things, sizes[source]), torch.float64)
        _expect_shape("kernel weights", kernel.weights, (things, dim), torch.float64)
        _expect_shape("kernel offset", kernel.offset, (dim,), torch.float64)
        _expect_shape("kernel lengths", kernel.lengths, (dim,), torch.float64)
        if not bool((kernel.lengths > 0).all()):
            raise ValueError("kernel lengths must be above 0")

    for (source, target), affine in ensemble.aligned.items():
        given, told = sizes[source], sizes[target]
        _expect_shape("shift of a map", affine.shift, (given,), torch.float32)
        _expect_shape("weight of a map", affine.weight, (given, told), torch.float32)
        _expect_shape("offset of a map", affine.offset, (told,), torch.float32)


def _check_aligned(aligned: Any, first: int, second: int) -> None:
    views, count = max(1, aligned.first.shape[0]), aligned.first.shape[-1]
    _expect_shape("aligned directions", aligned.first, (views, first, count), torch.float32)
    _expect_shape("aligned directions", aligned.second, (views, second, count), torch.float32)
    _expect_shape("aligned shift", aligned.first_shift, (first,), torch.float32)
    _expect_shape("aligned shift", aligned.second_shift, (second,), torch.float32)
    _expect_shape("share of aligned directions", aligned.share, (), torch.float32)
    if not 0 <= float(aligned.share) <= 1:
        raise ValueError(f"share of aligned directions: expected 0 to 1, got {aligned.share}")


def _check_likeness(likeness: Any, first: int, second: int) -> None:
    count = likeness.first.shape[-1]
    for side, dim in (("first", first), ("second", second)):
        metric = getattr(likeness, f"{side}_metric")
        square = (dim, dim) if metric.ndim == 2 else (dim,)
        shapes = {"": (dim, count), "_centre": (dim,), "_mean": (dim,), "_metric": square}
        for what, shape in shapes.items():
            values = getattr(likeness, side + what)
            _expect_shape(f"likeness, {side}{what}", values, shape, torch.float32)
            if not bool(values.isfinite().all()):
                raise ValueError(f"likeness, {side}{what}: NaN or infinite numbers")
    _expect_shape("likeness, weight", likeness.weight, (), torch.float32)
    if not 0 <= float(likeness.weight) <= 1:
        raise ValueError("likeness, weight: expected a number between 0 and 1")


def _expect_names(what: str, given: Any, names: Iterable[str]) -> None:
    if not isinstance(given, dict) or set(given) != set(names):
        raise ValueError(f"{what}: expected one for each of {list(names)}")


def _expect_among(what: str, given: Mapping[Any, Any], directions: set[tuple[str, str]]) -> None:
    foreign = [key for key in given if key not in directions]
    if foreign:
        raise ValueError(f"{what}: {foreign[0]} is no direction of this workspace")


def _expect_whole(what: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{what}: expected a whole number of at least 0, got {value!r}")


def _expect_shape(what: str, values: Tensor, shape: tuple[int, ...], kind: torch.dtype) -> None:
    _expect_type(what, values, kind)
    if tuple(values.shape) != shape:
        raise ValueError(f"{what}: expected shape {shape}, got {tuple(values.shape)}")


def _expect_type(what: str, values: Any, kind: torch.dtype) -> None:
    if not isinstance(values, Tensor) or values.dtype != kind:
        raise ValueError(f"{what}: expected numbers of {kind}")
