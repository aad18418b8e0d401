"""`LatentRegressor`: two arrays in scikit-learn's manner, for pipelines and grid searches."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MultiOutputMixin,
    RegressorMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import Tags
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from amodal.errors import InputError
from amodal.latents.estimator import explained_share
from amodal.model.workspace import Workspace
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
            _seen(name, np.asarray(_numpy(each), dtype=np.float64).reshape(len(each), -1))
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


class LatentRegressor(
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    RegressorMixin,
    MultiOutputMixin,
    BaseEstimator,
):
    """Predict y from X where only some rows are matched, with what the other rows teach.

    Row i of X and row i of y are the same thing. A row of y that is all NaN is a thing seen in X
    alone, a row of X that is all NaN one seen in y alone: both take part in the fit. So the usual
    tools apply: `Pipeline`, `GridSearchCV`, `cross_val_score`, `clone`.

    Example:
        >>> import numpy as np
        >>> from amodal.baselines import Ridge
        >>> rng = np.random.default_rng(0)
        >>> X = rng.normal(size=(200, 3))
        >>> y = X @ rng.normal(size=(3, 2))
        >>> known = y.copy()
        >>> known[30:] = np.nan
        >>> bool(LatentRegressor(Ridge()).fit(X, known).score(X[30:], y[30:]) > 0.99)
        True
    """

    def __init__(self, model: Any = None) -> None:
        """Choose what is fitted.

        Args:
            model: an unfitted `Workspace` or baseline; its settings are parameters here too
                (model__steps). A `Workspace` with default settings when left out.
        """
        self.model = model

    def __sklearn_tags__(self) -> Tags:
        """What scikit-learn should know: a target is needed. Single cells of NaN are refused."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from all rows.

        Args:
            X: (thing, features); rows of NaN for things that are seen in y alone.
            y: (thing, targets) or (thing,); NaN for things that are seen in X alone.

        Raises:
            InputError: rows that are NaN in part, or unusable arrays.
            ValueError: scikit-learn's own, for what is no array of numbers.
        """
        if y is None:
            raise InputError(
                f"This {type(self).__name__} estimator requires y to be passed, but the target y "
                "is None: give NaN for things that are not seen in y"
            )
        X = self._checked(X, ensure_min_samples=2)
        known: dict[str, Any] = {"ensure_2d": False, "input_name": "y", "estimator": self}
        y = check_array(_numpy(y), dtype=KINDS, ensure_all_finite=NAN, **known)
        check_consistent_length(X, y)
        self.y_is_flat_ = y.ndim == 1
        seen = {"X": _seen("X", X), "y": _seen("y", y.reshape(len(y), -1))}
        both = np.flatnonzero(seen["X"] & seen["y"])
        if not len(both):
            raise InputError(
                "no row is seen in both X and y: expected some rows without NaN in either; in "
                "cross-validation use MatchedKFold, which leaves matches in every part"
            )
        # The row of each thing among those that its modality was seen in.
        rows = {name: np.cumsum(mask)[both] - 1 for name, mask in seen.items()}
        arrays = {"X": X[seen["X"]], "y": y.reshape(len(y), -1)[seen["y"]]}
        model: Any = Workspace() if self.model is None else clone(self.model)
        self.model_ = model.fit(arrays, matches=rows)
        self._n_features_out = self.model_.embed({"X": arrays["X"][:1]}).shape[1]
        return self

    def predict(self, X: Any) -> Any:
        """The rows of y that rows of X translate to, numpy or torch as X; NaN for rows of NaN."""
        answer = self._answered(X, lambda rows: self.model_.translate(rows, "X", "y"))
        return answer[:, 0] if self.y_is_flat_ else answer

    def transform(self, X: Any) -> Any:
        """Rows of X in the space that X and y share, (row, state)."""
        return self._answered(X, lambda rows: self.model_.embed({"X": rows}))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2 of the predictions over all columns together, on the rows that are seen in both.

        Each column counts by its variance. NaN where fewer than two rows are seen in both, so that
        a grid search says so instead of stopping.

        Args:
            X: as in `fit`.
            y: as in `fit`.
            sample_weight: must be left out.
        """
        if sample_weight is not None:
            raise InputError("the score of a LatentRegressor takes no weights of samples")
        truth = np.asarray(_numpy(y), dtype=np.float64)
        truth = truth.reshape(len(truth), -1)
        answer = np.asarray(_numpy(self.predict(X)), dtype=np.float64).reshape(truth.shape)
        both = np.isfinite(truth).all(1) & np.isfinite(answer).all(1)
        if both.sum() < 2:
            return float("nan")
        return explained_share(truth[both], answer[both])

    def _checked(self, X: Any, **more: Any) -> Any:
        return validate_data(self, _numpy(X), dtype=KINDS, ensure_all_finite=NAN, **more)

    def _answered(self, X: Any, answer: Any) -> Any:
        check_is_fitted(self)
        rows = self._checked(X, reset=False)
        seen = _seen("X", rows)
        if seen.all():
            result = answer(rows)
        else:
            part = answer(rows[seen]) if seen.any() else answer(np.zeros_like(rows[:1]))[:0]
            result = np.full((len(rows), part.shape[1]), np.nan, dtype=part.dtype)
            result[seen] = part
        return torch.from_numpy(result).to(X) if isinstance(X, torch.Tensor) else result


NAN: Any = "allow-nan"
KINDS: Any = [np.float64, np.float32]
"""Kinds of numbers that are kept; others become the first."""


def _numpy(values: Any) -> Any:
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values


def _seen(name: str, rows: np.ndarray) -> np.ndarray:
    """Which rows are there; a row that is NaN in part is neither there nor absent."""
    absent = np.isnan(rows)
    part = absent.any(1) & ~absent.all(1)
    if part.any():
        raise InputError(
            f"row {int(part.argmax())} of {name} is NaN in part: expected a row of numbers, or of "
            "NaN alone for a thing that is not seen there; impute it, or leave it out"
        )
    return np.logical_not(absent.any(axis=1))
