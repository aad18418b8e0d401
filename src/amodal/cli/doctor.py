"""`amodal doctor`: what is installed here, what is not, and how to get it."""

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from amodal import __version__
from amodal.errors import AmodalError

CORE = ("torch", "numpy", "scipy", "safetensors", "tyro", "rich", "scikit-learn")
"""The packages whose versions results or errors may depend on."""
EXTRAS = {
    "tensorboard": ("tensorboard",),
    "factory": ("mujoco",),
    "hub": ("huggingface_hub",),
    "onnx": ("onnx", "onnxruntime"),
    "models": ("transformers", "sentence_transformers"),
    "tables": ("pyarrow",),
    "cells": ("anndata", "mudata"),
    "search": ("lancedb", "pyarrow"),
    "vae": ("multivae",),
    "dev": ("pytest", "hypothesis", "beartype", "ruff"),
}
"""Optional dependencies of this package -> the packages that tell whether they are there."""


@dataclass(frozen=True)
class Doctor:
    """Say which versions run here, on what machine, and whether the shipped weights are intact.

    Ends with exit code 1 when something that Amodal needs is absent or damaged.

    Example: amodal doctor
    """

    def run(self) -> int:
        """Print the findings, a line each."""
        healthy = True
        for section in (_software(), _machine(), _weights(), _extras()):
            for fine, line in section:
                print(f"{'  ' if fine else '! '}{line}")
                healthy &= fine
        print("all well" if healthy else "lines with ! need attention")
        return 0 if healthy else 1


Findings = Iterator[tuple[bool, str]]
"""Whether all is well, and what was found."""


def _software() -> Findings:
    yield True, f"amodal {__version__}, Python {platform.python_version()} ({sys.executable})"
    for package in CORE:
        found = _version(package)
        yield found is not None, f"{package} {found or 'is not installed: pip install amodal'}"


def _machine() -> Findings:
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    yield True, f"{platform.machine()}, {cores} cores, torch uses {torch.get_num_threads()}"
    yield True, f"memory: {_memory()}"
    graphics = torch.cuda.get_device_name() if torch.cuda.is_available() else "none that is usable"
    yield True, f"graphics processor: {graphics}"


def _memory() -> str:
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        free, total = (os.sysconf(f"SC_{name}PHYS_PAGES") * page for name in ("AV", ""))
    except (ValueError, OSError):
        return "unknown on this system"
    return f"{total / 2**30:.1f} GiB, {free / 2**30:.1f} GiB free"


def _weights() -> Findings:
    from amodal.unimodal.registry import SHIPPED, load_model

    for name in SHIPPED:
        try:
            dim = load_model(name).specification.dim
        except AmodalError as error:
            yield False, f"weights {name}: {error}"
        else:
            yield True, f"weights {name}: intact, {dim} numbers a latent"


def _extras() -> Findings:
    for extra, packages in EXTRAS.items():
        absent = [package for package in packages if find_spec(package) is None]
        remedy = f'not installed; if you want it: pip install "amodal[{extra}]"'
        yield True, f"extra {extra}: {'installed' if not absent else remedy}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
