"""A fitted workspace as plain values and tensors, and back."""

from collections.abc import Mapping
from itertools import combinations, permutations
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from amodal.errors import DamagedError
from amodal.fewmatch.aligned import Affine
from amodal.fewmatch.kernel_ridge import KernelMap
from amodal.latents import Normalisation
from amodal.model.blending import ANSWERERS
from amodal.model.evidence import Evidence
from amodal.model.inference import Ensemble
from amodal.model.integrity import check_parts
from amodal.model.residuals import LEAST_WEIGHT
from amodal.model.retrieval_vectors import AlignedDirections, Likeness, directions_weight
from amodal.model.storage import check_config, read_history, read_model
from amodal.model.trust import Trust
from amodal.parameters import plain
from amodal.workspace import Architecture, Population

Parts = TypeVar("Parts", KernelMap, Likeness, Affine)


def to_files(model: Any) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What config.json and model.safetensors hold."""
    config = {
        "parameters": plain(model.get_params()),
        "architecture": model.architecture_.to_json(),
        "normalisation": {n: v.to_json() for n, v in model.normalisation_.items()},
        "fingerprints": model.fingerprints_,
        "models": model.models_,
        "matches": model.matches_,
        "rows": model.rows_,
        "gate": model.gate_,
        "unmatched_weight": model.unmatched_weight_,
        "held_out_errors": [[s, t, e] for (s, t), e in model.held_out_errors_.items()],
        "trust": [[s, t, value.to_json()] for (s, t), value in model.trust_.items()],
    }
    tensors = {"members": model.ensemble_.members.matrix}
    if model.ensemble_.start is not None:
        tensors["start"] = model.ensemble_.start.matrix
    if model.ensemble_.self_trained is not None:
        tensors["self_trained"] = model.ensemble_.self_trained.matrix
    for name, normalisation in model.normalisation_.items():
        if normalisation.basis is not None:
            tensors[f"basis.{name}"] = normalisation.basis
    for (source, target), shares in model.ensemble_.shares.items():
        tensors[f"shares.{source}.{target}"] = shares
    for (source, target), kernel in model.ensemble_.kernels.items():
        tensors |= {f"kernel.{source}.{target}.{k}": value for k, value in vars(kernel).items()}
    for pair, own in model.likeness_.items():
        tensors |= {f"likeness.{pair[0]}.{pair[1]}.{k}": value for k, value in vars(own).items()}
    for pair, found in model.aligned_.items():
        tensors |= {f"aligned.{pair[0]}.{pair[1]}.{k}": value for k, value in vars(found).items()}
    for (source, target), affine in model.ensemble_.aligned.items():
        tensors |= {f"map.{source}.{target}.{k}": value for k, value in vars(affine).items()}
    for (source, target), evidence in model.evidence_.items():
        prefix = f"evidence.{source}.{target}."
        tensors |= {prefix + name: value for name, value in evidence.to_tensors().items()}
    return config, tensors


def restore(model: Any, folder: Path) -> None:
    """Give an unfitted workspace what was written in a folder.

    Raises:
        NotFoundError: there is nothing.
        DamagedError: something is missing, or does not fit together.
    """
    try:
        config, tensors = read_model(folder)
        _restore(model, config, tensors)
        check_parts(model)
        check_config(config)
        model.history_ = read_history(folder)
    except (
        *(LookupError, TypeError, ArithmeticError, ValueError, AttributeError),
        RuntimeError,  # torch's, of numbers and shapes that it cannot hold
    ) as error:
        raise DamagedError(
            f"{folder} is damaged or foreign ({type(error).__name__}: {error}): "
            "copy the folder anew, or remove it and fit again"
        ) from error


def _restore(model: Any, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    model.set_params(**config["parameters"])
    model.architecture_ = Architecture.from_json(config["architecture"])
    model.normalisation_ = {
        name: Normalisation.from_json(value, tensors.get(f"basis.{name}"))
        for name, value in config["normalisation"].items()
    }
    model.fingerprints_ = config["fingerprints"]
    model.models_ = config["models"]
    model.matches_ = config["matches"]
    model.rows_ = config.get("rows", {})
    model.gate_ = config["gate"]
    model.unmatched_weight_ = config.get("unmatched_weight", 1.0)
    model.trust_ = {
        (source, target): Trust.from_json(value) for source, target, value in config["trust"]
    }
    directions = list(permutations(model.architecture_.names, 2))
    model.ensemble_ = Ensemble(
        members=_weights(model.architecture_, tensors["members"]),
        start=_known_weights(model.architecture_, tensors.get("start")),
        kernels={
            (source, target): _parts(KernelMap, tensors, f"kernel.{source}.{target}")
            for source, target in directions
            if f"kernel.{source}.{target}.points" in tensors
        },
        aligned={
            (source, target): _parts(Affine, tensors, f"map.{source}.{target}")
            for source, target in directions
            if f"map.{source}.{target}.weight" in tensors
        },
        self_trained=_known_weights(model.architecture_, tensors.get("self_trained")),
        shares={
            (source, target): _of_all_answerers(tensors[f"shares.{source}.{target}"])
            for source, target in directions
            if f"shares.{source}.{target}" in tensors
        }
        | _whole_shares(config.get("from_start", [])),
    )
    model.held_out_errors_ = {
        (source, target): errors for source, target, errors in config.get("held_out_errors", [])
    }
    # Runs saved before there was evidence have none: nothing can be diagnosed without.
    model.evidence_ = {
        (source, target): Evidence.from_tensors(_named(tensors, f"evidence.{source}.{target}."))
        for source, target in directions
        if f"evidence.{source}.{target}.thing" in tensors
    }
    model.likeness_ = {
        (first, second): _likeness(tensors, first, second, model.trust_)
        for first, second in combinations(model.architecture_.names, 2)
    }
    model.aligned_ = {
        (first, second): _in_views(tensors, first, second)
        for first, second in combinations(model.architecture_.names, 2)
        if f"aligned.{first}.{second}.share" in tensors
    }


def _of_all_answerers(shares: Tensor) -> Tensor:
    """Shares that were saved before there were further answerers, with none for those."""
    return torch.cat([shares, shares.new_zeros(len(ANSWERERS) - len(shares), shares.shape[1])])


def _whole_shares(columns_from_start: list[Any]) -> dict[tuple[str, str], Tensor]:
    """Shares of 0 and 1, as runs had them that were saved before there were others."""
    found = {}
    for source, target, columns in columns_from_start:
        start = torch.tensor(columns).float()
        found[source, target] = _of_all_answerers(torch.stack([1 - start, start]))
    return found


def _parts(kind: type[Parts], tensors: dict[str, Tensor], prefix: str) -> Parts:
    """A dataclass of tensors that were written field by field."""
    return kind(**{name: tensors[f"{prefix}.{name}"] for name in kind.__dataclass_fields__})


def _likeness(
    tensors: dict[str, Tensor], first: str, second: str, trust: Mapping[tuple[str, str], Trust]
) -> Likeness:
    """How two modalities are compared; before format 5 by columns alone, about no mean."""
    if f"likeness.{first}.{second}.weight" in tensors:
        return _parts(Likeness, tensors, f"likeness.{first}.{second}")
    names = ("first", "second", "first_centre", "second_centre")
    own = {name: tensors[f"shared.{first}.{second}.{name}"] for name in names}
    forth, back = trust.get((first, second)), trust.get((second, first))
    for side, known in (("first", back), ("second", forth)):
        dim = len(own[side])
        shares = torch.ones(dim)
        if known is not None:
            shares = torch.tensor(known.explained) + LEAST_WEIGHT
        own |= {f"{side}_mean": torch.zeros(dim), f"{side}_metric": shares.sqrt()}
    left_open = [(1 - known.of_all, len(known.explained)) for known in (forth, back) if known]
    return Likeness(**own, weight=torch.tensor(directions_weight(left_open)))


def _in_views(tensors: dict[str, Tensor], first: str, second: str) -> AlignedDirections:
    """Directions; those that were saved before there were several views, as a single one."""
    prefix = f"aligned.{first}.{second}"
    own = {name: tensors[f"{prefix}.{name}"] for name in AlignedDirections.__dataclass_fields__}
    own |= {side: own[side][None] for side in ("first", "second") if own[side].ndim == 2}
    return AlignedDirections(**own)


def _named(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin so, by the rest of their names."""
    return {k.removeprefix(prefix): value for k, value in tensors.items() if k.startswith(prefix)}


def _weights(architecture: Architecture, matrix: Tensor) -> Population:
    # A layer has a weight at least; an absurd number of them would take for ever to count.
    fits = matrix.ndim == 2 and architecture.layers <= matrix.shape[1]
    if not fits or matrix.shape[1] != architecture.count():
        raise ValueError("the weights are those of another architecture")
    return Population(architecture, matrix)


def _known_weights(architecture: Architecture, matrix: Tensor | None) -> Population | None:
    return None if matrix is None else _weights(architecture, matrix)
