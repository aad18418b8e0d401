"""How `Workspace` is called: on the class or an instance, with numpy or torch."""

from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from amodal.errors import NotFittedError
from amodal.latents.estimator import Estimator
from amodal.workspace import Architecture

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


class SklearnCalls(Estimator):
    """scikit-learn's conventions, for `Workspace`."""

    architecture_: Architecture

    @property
    def modalities_(self) -> tuple[str, ...]:
        """The modalities that it was fitted on.

        Raises:
            NotFittedError: before `fit`.
        """
        if not hasattr(self, "architecture_"):
            raise NotFittedError("this Workspace is not fitted yet: call fit first")
        return tuple(self.architecture_.names)
