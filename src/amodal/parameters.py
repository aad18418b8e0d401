"""scikit-learn's conventions for settings: they are the arguments of `__init__`."""

from collections.abc import Mapping
from inspect import signature
from typing import Any, Self

import numpy as np

from amodal.errors import unknown_name


class Parameters:
    """Settings by name, so that `sklearn.base.clone`, grid searches and pipelines can set them."""

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return tuple(signature(cls.__init__).parameters)[1:]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings, by name."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **values: Any) -> Self:
        """Change settings.

        Raises:
            UnknownNameError: there is no such setting.
        """
        for name, value in values.items():
            if name not in self._names():
                raise unknown_name("parameter", name, self._names())
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        chosen = {k: v for k, v in self.get_params().items() if v is not None}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in chosen.items())})"


def plain(value: Any) -> Any:
    """Settings as JSON holds them: Python's own numbers for numpy's, a dict for any mapping.

    Example:
        >>> import numpy as np
        >>> plain({"hidden": np.int64(8), "training": {"batch": np.int64(16)}})
        {'hidden': 8, 'training': {'batch': 16}}
    """
    if isinstance(value, Mapping):
        return {name: plain(entry) for name, entry in value.items()}
    return value.item() if isinstance(value, np.generic) else value
