"""Weights that a model needs and its files lack: the libraries draw those at random."""

from pathlib import Path
from typing import Any

import torch

from amodal.files import read_json
from amodal.unimodal.named.name import ModelName


def weights_are_lost(name: ModelName, lost: list[str]) -> str:
    """The sentence that says so."""
    return (
        f"{name}: {len(lost)} of the model's weights are not in its files ({lost[0]}, ...), so its "
        "answers would be random: are the files of one model, and whole?"
    )


def lost_weights(network: Any, folder: Path) -> list[str]:
    """The weights of a network inside a sentence-transformers model that no file holds.

    Names are compared first. Files of before a renaming have other names, so that the library,
    which knows of it, has the last word.

    Args:
        network: of transformers, or None where there is none.
        folder: of the whole model.
    """
    if network is None or not hasattr(type(network), "from_pretrained"):
        return []
    modules = read_json(folder / "modules.json") if (folder / "modules.json").is_file() else []
    inside = folder / (modules[0]["path"] if modules else "")
    kept = _names(inside)
    wanted = [name for name, _ in network.named_parameters() if "pooler" not in name]
    if all(any(f".{key}".endswith(f".{name}") for key in kept) for name in wanted):
        return []
    _, report = type(network).from_pretrained(
        inside,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        dtype=torch.float32,
        output_loading_info=True,
    )
    return sorted(key for key in map(str, report["missing_keys"]) if "pooler" not in key)


def _names(folder: Path) -> set[str]:
    from safetensors import safe_open

    names: set[str] = set()
    for file in folder.glob("*.safetensors"):
        with safe_open(file, "pt") as opened:
            names |= set(opened.keys())
    return names
