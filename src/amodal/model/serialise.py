"""A fitted workspace as plain values and tensors, and back."""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from torch import Tensor

from amodal.errors import DamagedError
from amodal.latents import Normalisation
from amodal.model.retrieval_vectors import SharedDirections
from amodal.model.trust import Trust
from amodal.workspace import Architecture, Population


def to_files(model: Any) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What config.json and model.safetensors hold."""
    config = {
        "parameters": {name: _plain(value) for name, value in model.get_params().items()},
        "architecture": model.architecture_.to_json(),
        "normalisation": {n: v.to_json() for n, v in model.normalisation_.items()},
        "fingerprints": model.fingerprints_,
        "models": model.models_,
        "matches": model.matches_,
        "gate": model.gate_,
        "trust": [[s, t, value.to_json()] for (s, t), value in model.trust_.items()],
    }
    tensors = {"population": model.population_.matrix}
    for pair, shared in model.shared_.items():
        tensors[_key(pair, "first")] = shared.first
        tensors[_key(pair, "second")] = shared.second
    return config, tensors


def restore(model: Any, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Give an unfitted workspace what `to_files` wrote.

    Raises:
        DamagedError: something is missing, or does not fit together.
    """
    try:
        _restore(model, config, tensors)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedError(
            f"the configuration of this workspace is damaged ({type(error).__name__}: {error}): "
            "copy the folder anew, or remove it and fit again"
        ) from error


def _restore(model: Any, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    model.set_params(**config["parameters"])
    model.architecture_ = Architecture.from_json(config["architecture"])
    model.normalisation_ = {
        name: Normalisation.from_json(value) for name, value in config["normalisation"].items()
    }
    model.fingerprints_ = config["fingerprints"]
    model.models_ = config["models"]
    model.matches_ = config["matches"]
    model.gate_ = config["gate"]
    model.trust_ = {
        (source, target): Trust.from_json(value) for source, target, value in config["trust"]
    }
    model.population_ = Population(model.architecture_, tensors["population"])
    if tensors["population"].shape[1] != model.architecture_.count():
        raise ValueError("the weights are those of another architecture")
    model.shared_ = {
        pair: SharedDirections(tensors[_key(pair, "first")], tensors[_key(pair, "second")])
        for pair in combinations(model.architecture_.names, 2)
    }


def _plain(value: Any) -> Any:
    """numpy's numbers and any mapping as what JSON can hold."""
    if isinstance(value, Mapping):
        return {name: _plain(entry) for name, entry in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def _key(pair: tuple[str, str], side: str) -> str:
    return f"shared.{pair[0]}.{pair[1]}.{side}"
