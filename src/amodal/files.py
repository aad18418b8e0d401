"""Writing that leaves either the whole file or none, reading that notices damage."""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from amodal.errors import AmodalError, DamagedError, DiskError, NotFoundError

Read = TypeVar("Read")


@contextlib.contextmanager
def explained_disk_errors(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write into a `DiskError` that names the remedy."""
    try:
        yield
    except AmodalError:
        raise
    except OSError as error:
        reasons = {
            errno.ENOSPC: "the disk is full: free some space or choose another folder",
            errno.EDQUOT: "the disk quota is used up: free some space or choose another folder",
            errno.EROFS: "the file system is read-only: choose another folder",
            errno.EACCES: "permission denied: choose a folder that you may write to",
            errno.ENOTDIR: "a part of the path is a file, not a folder: choose another path",
            errno.EEXIST: "a part of the path is a file, not a folder: choose another path",
            errno.EISDIR: "it is a folder: give the name of a file",
        }
        if error.errno not in reasons:
            raise
        raise DiskError(f"cannot write {path}: {reasons[error.errno]}") from error


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` only if the block succeeds.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "note.txt"
        >>> with atomic_path(target) as temporary:
        ...     _ = temporary.write_text("whole or not at all")
        >>> target.read_text()
        'whole or not at all'
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    with explained_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with open(temporary, "rb") as handle:
                os.fsync(handle.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def add_to_json(path: str | Path, entries: dict[str, Any]) -> dict[str, Any]:
    """Add entries to a JSON object on the disk; what another process has added since stays.

    Returns:
        All that is there now.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "kept.json"
        >>> _ = add_to_json(path, {"one": 1})
        >>> add_to_json(path, {"two": 2})
        {'one': 1, 'two': 2}
    """
    known = read_json(path) if Path(path).exists() else {}
    write_json(path, known | entries)
    return known | entries


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        NotFoundError: there is no such file.
        DamagedError: it is not valid JSON.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}") from None
    except IsADirectoryError:
        raise DamagedError(f"{path} is a folder, expected a JSON file") from None
    except (ValueError, RecursionError) as error:  # no text, no JSON, absurdly long or deep
        raise DamagedError(
            f"{path} is not valid JSON ({error}): it is damaged or foreign"
        ) from error


def read_versioned(
    path: Path,
    build: Callable[[dict[str, Any]], Read],
    *,
    form: tuple[str, int],
    what: str,
    remedy: str,
) -> Read:
    """Read a JSON file that names its format and version, and build from it what it describes.

    Args:
        path: the file.
        build: from its values to what is given back.
        form: the format and the version that are read.
        what: a few words for what the file is of, for messages.
        remedy: what to do about another version, or damage.

    Raises:
        NotFoundError: there is no such file.
        DamagedError: it is damaged, foreign, or of another version.
    """
    value = read_json(path)
    if not isinstance(value, dict) or value.get("format") != form[0]:
        raise DamagedError(f"{path} is not of {what}: it is foreign")
    if value.get("version") != form[1]:
        raise DamagedError(
            f"{path} is of {what} in version {value.get('version')} of the format, this amodal "
            f"reads {form[1]}: {remedy}"
        )
    try:
        return build(value)
    except (KeyError, TypeError, AttributeError, AmodalError) as error:
        raise DamagedError(f"{path} is damaged ({error}): {remedy}") from error


def write_tensors(path: str | Path, tensors: dict[str, Any], *, metadata: Any = None) -> None:
    """Write tensors as a safetensors file, atomically.

    Args:
        path: of the file.
        tensors: by name.
        metadata: texts by name for the file's header.

    Raises:
        DiskError: the disk is full, read-only, ...
    """
    from safetensors.torch import save

    # The bytes are written here: safetensors' own writing hides the reason why a disk refuses.
    # Copies: safetensors refuses tensors that share memory, as one map in two pairs does.
    copied = {name: value.contiguous().clone() for name, value in tensors.items()}
    packed = save(copied, metadata)
    with atomic_path(path) as temporary:
        temporary.write_bytes(packed)


def checksum(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal, read in constant memory."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
