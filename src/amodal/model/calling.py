"""How `Workspace` is called: on the class or an instance, with numpy or torch."""

from collections.abc import Callable
from inspect import signature
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar

from amodal.errors import unknown_name

P = ParamSpec("P")
R = TypeVar("R")


class OnClassOrInstance(Generic[P, R]):
    """A method that, called on the class, is called on a fresh default instance.

    So `Workspace.fit(latents, matches=...)` and `Workspace(members=5).fit(latents, ...)` are both
    what they look like.
    """

    def __init__(self, function: Callable[Concatenate[Any, P], R]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, instance: Any, owner: type) -> Callable[P, R]:
        return self.function.__get__(owner() if instance is None else instance, owner)


class Parameters:
    """scikit-learn's conventions for settings: they are the arguments of `__init__`."""

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
