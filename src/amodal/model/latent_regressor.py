"""`LatentRegressor`: two arrays in scikit-learn's manner, for pipelines and grid searches."""

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
from amodal.latents import like
from amodal.latents.estimator import explained_share
from amodal.model.matched_folds import as_numpy, seen_rows
from amodal.model.workspace import Workspace


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
        y = check_array(as_numpy(y), dtype=KINDS, ensure_all_finite=NAN, **known)
        check_consistent_length(X, y)
        self.y_is_flat_ = y.ndim == 1
        seen = {"X": seen_rows("X", X), "y": seen_rows("y", y.reshape(len(y), -1))}
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
        truth = np.asarray(as_numpy(y), dtype=np.float64)
        truth = truth.reshape(len(truth), -1)
        answer = np.asarray(as_numpy(self.predict(X)), dtype=np.float64).reshape(truth.shape)
        both = np.isfinite(truth).all(1) & np.isfinite(answer).all(1)
        if both.sum() < 2:
            return float("nan")
        return explained_share(truth[both], answer[both])

    def _checked(self, X: Any, **more: Any) -> Any:
        return validate_data(self, as_numpy(X), dtype=KINDS, ensure_all_finite=NAN, **more)

    def _answered(self, X: Any, answer: Any) -> Any:
        check_is_fitted(self)
        rows = self._checked(X, reset=False)
        seen = seen_rows("X", rows)
        if seen.all():
            result = answer(rows)
        else:
            part = answer(rows[seen]) if seen.any() else answer(np.zeros_like(rows[:1]))[:0]
            result = np.full((len(rows), part.shape[1]), np.nan, dtype=part.dtype)
            result[seen] = part
        return like(X, torch.from_numpy(result)) if isinstance(X, torch.Tensor) else result


NAN: Any = "allow-nan"
KINDS: Any = [np.float64, np.float32]
"""Kinds of numbers that are kept; others become the first."""
