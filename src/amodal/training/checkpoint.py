"""Checkpoints of the training loop: enough to go on to exactly the same result."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from amodal.errors import DamagedError
from amodal.files import write_tensors
from amodal.training.held_out import BestSoFar
from amodal.training.optimiser import PopulationAdamW

History = list[dict[str, Any]]


def save_checkpoint(
    path: Path,
    step: int,
    active: list[int],
    optimiser: PopulationAdamW,
    best: BestSoFar,
    history: History,
) -> None:
    """Write the state before update number `step`, atomically. Batches and dropout need none."""
    state = {
        "step": step,
        "active": active,
        "count": optimiser.count,
        "history": history,
        "best": [[g, best.score[g], best.first_score[g], best.step[g], best.worse[g]]
                 for g in best.score],
    }  # fmt: skip
    tensors = {
        "matrix": optimiser.matrix,
        "first": optimiser.first,
        "second": optimiser.second,
        "best": best.matrix,
        "first_terms": best.first,
    }
    write_tensors(path, tensors, metadata={"state": json.dumps(state)})


def saved_step(path: Path) -> int:
    """The step that a checkpoint would go on with; 0 where there is none that can be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return int(json.loads(file.metadata()["state"])["step"])
    except (SafetensorError, OSError, KeyError, TypeError, ValueError):
        return 0


def checkpoint_of_chunk(path: Path, chunk: int) -> Path:
    """The file of a chunk's own checkpoint; the first one has the plain name."""
    return path if chunk == 0 else path.with_stem(f"{path.stem}-{chunk}")


def remove_checkpoints(path: Path) -> None:
    """Remove the checkpoints of all chunks, once the result is safe."""
    for each in path.parent.glob(f"{path.stem}*{path.suffix}"):
        each.unlink(missing_ok=True)


def load_checkpoint(
    path: Path, optimiser: PopulationAdamW, best: BestSoFar
) -> tuple[int, list[int], History]:
    """Put a checkpoint's state back; gives the step to go on with, active runs, history.

    Raises:
        DamagedError: the file is damaged, or of another population.
    """
    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads(file.metadata()["state"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DamagedError(
            f"the checkpoint {path} is damaged ({error}): delete it to train from the start"
        ) from error
    if tensors["best"].shape != best.matrix.shape:
        raise DamagedError(
            f"the checkpoint {path} is of another population: expected runs and weights "
            f"{tuple(best.matrix.shape)}, found {tuple(tensors['best'].shape)}"
        )
    optimiser.restore(tensors["matrix"], tensors["first"], tensors["second"])
    optimiser.count = state["count"]
    best.matrix, best.first = tensors["best"], tensors["first_terms"]
    for group, score, first_score, step, worse in state["best"]:
        best.score[group], best.first_score[group] = score, first_score
        best.step[group], best.worse[group] = step, worse
    return state["step"], state["active"], state["history"]
