"""The errors of Amodal: each says what was expected, what came, and how to mend it."""

from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType


class AmodalError(Exception):
    """Everything that Amodal raises on purpose; the command line prints it without a traceback."""


class InputError(AmodalError, ValueError):
    """A value that cannot be used: wrong shape, type, range or content."""


class UnknownNameError(AmodalError, KeyError):
    """A name (modality, loss, model, ...) that does not exist here."""

    def __str__(self) -> str:
        # KeyError prints the repr of its argument, which would hide line breaks and quotes.
        return str(self.args[0]) if self.args else ""


class DamagedError(AmodalError, OSError):
    """A folder or file that is truncated, foreign, or does not match its checksum."""


class ExistsError(AmodalError, FileExistsError):
    """An output that is already there; nothing is overwritten in silence."""


class NotFoundError(AmodalError, FileNotFoundError):
    """A file or folder that is not there."""


class DiskError(AmodalError, OSError):
    """The disk refused a write (full, read-only, no permission); no partial file is left."""


class NotFittedError(AmodalError, ValueError, AttributeError):
    """A method that needs a fitted model was called before `fit`."""


class MissingExtraError(AmodalError, ImportError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package!r}, which is not installed: "
            f'pip install "amodal[{extra}]"'
        )


def import_extra(module: str, extra: str) -> ModuleType:
    """Import a module of an optional package when it is needed.

    Raises:
        MissingExtraError: it is not installed; says which extra of amodal brings it.

    Example:
        >>> import_extra("json", "tables").dumps([1])
        '[1]'
    """
    package = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise MissingExtraError(package, extra) from error


def is_broken_connection(error: Exception) -> bool:
    """Whether talking to the Hugging Face Hub failed.

    The packages by which one version of huggingface_hub or another speaks raise errors that share
    no base with those of the system.
    """
    package = type(error).__module__.split(".")[0]
    return isinstance(error, OSError) or package in ("httpx", "httpx2", "requests")


def unknown_name(what: str, name: object, known: Iterable[str]) -> UnknownNameError:
    """Build the error for an unknown name, offering the nearest known one.

    Example:
        >>> print(unknown_name("modality", "imgae", ["image", "text"]))
        unknown modality 'imgae': did you mean 'image'? Known: 'image', 'text'.
    """
    names = sorted(known)
    close = get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f" did you mean {close[0]!r}?" if close else ""
    listed = ", ".join(repr(n) for n in names) or "none"
    return UnknownNameError(f"unknown {what} {name!r}:{hint} Known: {listed}.")


class Notice(UserWarning):
    """Something worth knowing that did not stop the work."""
