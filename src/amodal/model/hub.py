"""The Hugging Face Hub, through huggingface_hub's `ModelHubMixin`; nothing else imports it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from amodal.errors import (
    AmodalError,
    DamagedError,
    InputError,
    MissingExtraError,
    NotFoundError,
    is_broken_connection,
    unknown_name,
)
from amodal.model.serialise import to_files
from amodal.model.storage import CARD, FILES, write_model

FETCHING = ("token", "cache_dir", "force_download", "local_files_only")
PUSHING = ("private", "token", "branch", "commit_message", "create_pr")
"""Options of the mixin that are handed on."""


def fetch(kind: type[Any], name: str, *, revision: str | None, **options: Any) -> Any:
    """A workspace from a repository of the Hub: its files are fetched to the cache, then loaded.

    Raises:
        UnknownNameError: an option that there is not.
        MissingExtraError: huggingface_hub is not installed.
        NotFoundError: there is no such repository or revision, or it cannot be reached.
        DamagedError: it holds no workspace that this version reads.
    """
    _check("fetching", options, FETCHING)
    on_hub = _on_hub()
    try:
        with _explained(name):
            return on_hub.from_pretrained(name, revision=revision, kind=kind, **options).workspace
    except AmodalError:
        raise
    except (ValueError, AttributeError, TypeError) as error:
        # huggingface_hub reads config.json first, and expects an object of JSON there.
        raise DamagedError(
            f"the repository {name} holds no workspace that can be read ({_first_line(error)}): "
            "name another repository or revision"
        ) from error


def push(model: Any, name: str, *, licence: str | None, **options: Any) -> str:
    """Write a fitted workspace into a repository of the Hub, and give the commit's address.

    Raises:
        UnknownNameError: an option that there is not.
        MissingExtraError: huggingface_hub is not installed.
        InputError: the Hub refuses, or cannot be reached.
    """
    _check("pushing", options, PUSHING)
    on_hub = _on_hub()
    with _explained(name):
        return str(on_hub(model, licence).push_to_hub(name, **options))


def _check(what: str, options: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in options:
        if name not in known:
            raise unknown_name(f"option of {what}", name, known)


@cache
def _on_hub() -> Any:
    """A class of the Hub's that holds a workspace: made on first use, as its import takes long."""
    try:
        from huggingface_hub import ModelHubMixin, snapshot_download
    except ModuleNotFoundError as error:
        if error.name != "huggingface_hub":
            raise
        raise MissingExtraError("huggingface_hub", "hub") from error

    class OnHub(ModelHubMixin, library_name="amodal"):
        """What the Hub's calls save and load; it writes its own config.json and card."""

        def __init__(self, workspace: Any, licence: str | None) -> None:
            self.workspace = workspace
            self.licence = licence

        def _save_pretrained(self, save_directory: Path) -> None:
            write_model(save_directory, *to_files(self.workspace), licence=self.licence)

        @classmethod
        def _from_pretrained(cls, *, model_id: str, kind: type[Any], **options: Any) -> "OnHub":
            known = {name: options[name] for name in ("revision", *FETCHING)}
            folder = snapshot_download(model_id, allow_patterns=[*FILES, CARD], **known)
            return cls(kind.load(folder), None)

    return OnHub


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """The Hub's refusals in plain words."""
    from huggingface_hub import errors

    try:
        yield
    except AmodalError:
        raise
    except (errors.HFValidationError, errors.RepositoryNotFoundError) as error:
        raise NotFoundError(
            f"there is no folder {name}, and no repository of that name on the Hub that may be "
            f"read: give a folder, or a name such as someone/sound-touch; for a private one log "
            f"in first (hf auth login). The Hub says: {_first_line(error)}"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise NotFoundError(
            f"the repository {name} has no such revision: give a branch, tag or commit of it, or "
            "leave revision out"
        ) from error
    except errors.LocalEntryNotFoundError as error:
        raise NotFoundError(
            f"{name} is neither a folder nor in the cache, and the Hub cannot be reached "
            "(or local_files_only was asked for): try again when it can"
        ) from error
    except errors.HfHubHTTPError as error:
        raise InputError(
            f"the Hub refuses {name}: {_first_line(error)}. Log in with a token that may do this "
            "(hf auth login), or try again later"
        ) from error
    except Exception as error:
        if not is_broken_connection(error):
            raise
        raise NotFoundError(
            f"{name}: the Hub cannot be reached ({_first_line(error)}): try again when it can"
        ) from error


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "nothing")
