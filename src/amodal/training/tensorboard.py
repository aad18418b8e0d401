"""The history of a training as TensorBoard curves (with the extra)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from amodal.errors import MissingExtraError


def tensorboard_log(folder: Path) -> Callable[[list[dict[str, Any]]], None]:
    """A function that adds rows of the history as scalars, one tag a loss and run.

    Args:
        folder: where the event files go.

    Raises:
        MissingExtraError: tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise MissingExtraError("tensorboard", "tensorboard") from None
    writer = SummaryWriter(str(folder))

    def log(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            for name, value in row.items():
                if name not in ("step", "run", "group") and value is not None:
                    writer.add_scalar(f"{name}/run{row['run']}", value, row["step"])
        writer.flush()

    return log
