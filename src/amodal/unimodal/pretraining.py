"""The loop that trains every unimodal model: cosine learning rate, progress, exact resume."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Generator, Tensor, nn

from amodal.errors import DamagedError, InputError
from amodal.files import atomic_path
from amodal.progress import progress

Losses = Callable[[Generator, float], dict[str, Tensor]]
"""(randomness of this step, fraction of the steps done) -> named terms, which are summed."""

CHECKPOINT_EVERY = 200
"""Steps between two checkpoints, at most."""
CHECKPOINT_AFTER = 30.0
"""Seconds between two checkpoints, after which the next step writes one."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train."""

    steps: int
    """Updates of the weights."""
    batch: int
    """Rows in one update."""
    learning_rate: float
    """At its highest, after the warm-up."""
    warm_up: float = 0.02
    """Fraction of the steps over which the learning rate grows from nought."""
    weight_decay: float = 1e-4
    """Decoupled (AdamW)."""
    seed: int = 0
    """Of the initial weights and of every batch."""

    def __post_init__(self) -> None:
        problems = [
            f"{name} must be at least 1, got {value}"
            for name, value in (("steps", self.steps), ("batch", self.batch))
            if value < 1
        ]
        if not self.learning_rate > 0:
            problems.append(f"learning_rate must be above 0, got {self.learning_rate}")
        if not 0 <= self.warm_up < 1:
            problems.append(f"warm_up must be in [0, 1), got {self.warm_up}")
        if problems:
            raise InputError("; ".join(problems))

    def learning_rate_at(self, step: int) -> float:
        """Linear warm-up, then half a cosine down to nought.

        Example:
            >>> schedule = Schedule(steps=100, batch=1, learning_rate=1.0, warm_up=0.0)
            >>> [round(schedule.learning_rate_at(step), 2) for step in (0, 50, 100)]
            [1.0, 0.5, 0.0]
        """
        done = step / self.steps
        warm = min(1.0, (step + 1) / max(1.0, self.warm_up * self.steps))
        return self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * done))


def train(
    module: nn.Module,
    losses: Losses,
    schedule: Schedule,
    *,
    description: str,
    checkpoint: Path | None = None,
    data: str = "",
) -> None:
    """Minimise the sum of `losses` over the parameters of `module` that require gradients.

    Each step draws from its own generator, seeded by (seed, step), so a run that was interrupted
    and resumed from its checkpoint ends in the same weights as one that was not.

    Args:
        module: what is trained, in place.
        losses: see `Losses`.
        schedule: how long and how fast.
        description: for the progress line.
        checkpoint: a file that is written every 200 steps or 30 seconds, and at the end, and
            resumed from if it is there. An interruption writes none: it may come in the midst of a
            step, which would then be taken twice.
        data: tells what the losses are computed on from other data (`identity_of`): a checkpoint
            is resumed with its own only.

    Raises:
        InputError: the checkpoint belongs to another schedule, other data or another model.
        DamagedError: the checkpoint cannot be read.
    """
    parameters = [p for p in module.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        parameters, lr=schedule.learning_rate, weight_decay=schedule.weight_decay, fused=True
    )
    run = {"schedule": json.dumps(asdict(schedule), sort_keys=True), "data": data}
    step = _resume(checkpoint, module, optimiser, parameters, run)
    module.train()
    with progress(description, schedule.steps, unit="steps", done=step) as advance:
        written = time.monotonic()
        while step < schedule.steps:
            note = _update(optimiser, losses, schedule, step)
            step += 1
            advance(1, note)
            due = step % CHECKPOINT_EVERY == 0 or time.monotonic() - written > CHECKPOINT_AFTER
            if checkpoint is not None and (due or step == schedule.steps):
                _write(checkpoint, module, optimiser, parameters, run, step)
                written = time.monotonic()
    module.eval()


def _update(optimiser: torch.optim.Optimizer, losses: Losses, schedule: Schedule, step: int) -> str:
    for group in optimiser.param_groups:
        group["lr"] = schedule.learning_rate_at(step)
    generator = Generator().manual_seed(schedule.seed * 1_000_003 + step)
    terms = losses(generator, step / schedule.steps)
    optimiser.zero_grad(set_to_none=True)
    torch.stack(list(terms.values())).sum().backward()
    optimiser.step()
    # Reading a number out costs little, but not at every step.
    return " ".join(f"{k} {v.item():.4f}" for k, v in terms.items()) if step % 20 == 0 else ""


def _write(
    path: Path,
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
    parameters: list[nn.Parameter],
    run: dict[str, str],
    step: int,
) -> None:
    tensors = {f"module.{k}": v.detach().contiguous() for k, v in module.state_dict().items()}
    for i, parameter in enumerate(parameters):
        for key, value in optimiser.state.get(parameter, {}).items():
            tensors[f"optimiser.{i}.{key}"] = value.detach().contiguous()
    with atomic_path(path) as temporary:
        temporary.write_bytes(safetensors.torch.save(tensors, run | {"step": str(step)}))


def _resume(
    path: Path | None,
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
    parameters: list[nn.Parameter],
    run: dict[str, str],
) -> int:
    """Load the checkpoint, if there is one; the number of steps that it has behind it."""
    if path is None or not path.exists():
        return 0
    try:
        with safetensors.safe_open(path, framework="pt") as handle:
            metadata = handle.metadata() or {}
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
        step, saved = int(metadata["step"]), {name: metadata[name] for name in run}
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise DamagedError(
            f"the checkpoint {path} is damaged or foreign: delete it to start again"
        ) from error
    _check_same_run(path, saved, run)
    prefix = "module."
    try:
        module.load_state_dict(
            {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        )
    except RuntimeError as error:
        raise InputError(
            f"the checkpoint {path} belongs to another model: delete it to start again, or choose "
            "another output"
        ) from error
    for i, parameter in enumerate(parameters):
        start = f"optimiser.{i}."
        state = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
        if state:
            optimiser.state[parameter] = {k: _laid_out(v, parameter) for k, v in state.items()}
    return step


def _check_same_run(path: Path, saved: dict[str, str], run: dict[str, str]) -> None:
    if saved["schedule"] != run["schedule"]:
        raise InputError(
            f"the checkpoint {path} belongs to a run with other settings ({saved['schedule']}): "
            "delete it to start again, or give the same settings to resume"
        )
    if saved["data"] != run["data"]:
        raise InputError(
            f"the checkpoint {path} belongs to a run on other data: delete it to start again, or "
            "give the same data to resume"
        )


def _laid_out(value: Tensor, parameter: nn.Parameter) -> Tensor:
    # The fused optimiser walks through memory: moments must lie in it as the parameter does.
    if value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, requires_grad=False).copy_(value)
