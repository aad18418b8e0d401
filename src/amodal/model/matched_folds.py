"""Folds of things of which only some are seen on both sides, in scikit-learn's manner."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from amodal.errors import InputError
from amodal.typing import Int64


class MatchedKFold:
    """Folds for cross-validation in which only things that are seen in both X and y are held out.

    All other rows are in every training part, where they teach, and the matched ones are shared
    out evenly. Give it as `cv` to `GridSearchCV` or `cross_val_score`.

    Example:
        >>> import numpy as np
        >>> y = np.array([1.0, np.nan, 2.0, np.nan, 3.0, 4.0])[:, None]
        >>> for train, test in MatchedKFold(2).split(np.ones((6, 1)), y):
        ...     print(train.tolist(), test.tolist())
        [0, 1, 3, 5] [2, 4]
        [1, 2, 3, 4] [0, 5]
    """

    def __init__(self, n_splits: int = 5, *, seed: int = 0) -> None:
        """Choose how many folds there are, and the seed of their drawing."""
        self.n_splits = n_splits
        self.seed = seed

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """How many folds there are."""
        return self.n_splits

    def split(
        self, X: Any, y: Any, groups: Any = None
    ) -> Iterator[tuple[Int64[np.ndarray, " train"], Int64[np.ndarray, " test"]]]:
        """Rows to train on, and rows to test on, for each fold.

        Raises:
            InputError: fewer matched things than folds.
        """
        seen = [
            seen_rows(name, np.asarray(as_numpy(each), dtype=np.float64).reshape(len(each), -1))
            for name, each in (("X", X), ("y", y))
        ]
        matched = np.flatnonzero(seen[0] & seen[1])
        if not 2 <= self.n_splits <= len(matched):
            raise InputError(
                f"n_splits is {self.n_splits}, expected 2 to {len(matched)}, the number of rows "
                "that are seen in both X and y"
            )
        order = np.random.default_rng(self.seed).permutation(matched)
        for fold in range(self.n_splits):
            test = np.sort(order[fold :: self.n_splits])
            yield np.setdiff1d(np.arange(len(seen[0])), test), test


def as_numpy(values: Any) -> Any:
    """Tensors as numpy arrays, bfloat16 as float32, which numpy has; anything else as it is."""
    if not isinstance(values, torch.Tensor):
        return values
    values = values.detach().cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()


def seen_rows(name: str, rows: np.ndarray) -> np.ndarray:
    """Which rows are there; a row that is NaN in part is neither there nor absent."""
    absent = np.isnan(rows)
    part = absent.any(1) & ~absent.all(1)
    if part.any():
        raise InputError(
            f"row {int(part.argmax())} of {name} is NaN in part: expected a row of numbers, or of "
            "NaN alone for a thing that is not seen there; impute it, or leave it out"
        )
    return np.logical_not(absent.any(axis=1))
