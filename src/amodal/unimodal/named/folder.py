"""Where a named model lies on this disk, fetched from the hub if need be, and what is in it."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amodal.errors import (
    AmodalError,
    DamagedError,
    InputError,
    MissingExtraError,
    NotFoundError,
    is_broken_connection,
)
from amodal.files import checksum, read_json
from amodal.unimodal.named.name import ModelName

READ = ("*.json", "*.safetensors", "*.txt", "*.model")
"""What is fetched, read and counted: settings, weights that cannot run code, vocabularies."""
NOT_READ = ("onnx/*", "openvino/*", "coreml/*", ".*")
PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")


@dataclass(frozen=True)
class ModelFolder:
    """A model on this disk."""

    path: Path
    """Where it lies."""
    revision: str
    """The hub's commit where that is known, or else `sha256:` and the digest."""
    digest: str
    """SHA-256 over the names and contents of all files that are read."""


def find_folder(name: ModelName) -> ModelFolder:
    """Find the folder of a model, or fetch it, and check that loading it is safe.

    Raises:
        NotFoundError: there is no such folder or name, or the hub cannot be reached.
        DamagedError: weights are missing.
        InputError: its weights are pickled only, or it brings code of its own.
        MissingExtraError: the package huggingface_hub is not installed.
    """
    path = _local(name) if name.is_folder else _fetched(name)
    _check_files(path)
    digest = digest_of(path)
    commit = path.parent.name == "snapshots" and re.fullmatch(r"[0-9a-f]{40}", path.name)
    return ModelFolder(path, path.name if commit else f"sha256:{digest}", digest)


def digest_of(path: Path) -> str:
    """SHA-256 over the names and contents of the files that are read."""
    digest = hashlib.sha256()
    for file in _files(path):
        digest.update(f"{file.relative_to(path).as_posix()} {checksum(file)}\n".encode())
    return digest.hexdigest()


def _files(path: Path) -> list[Path]:
    """The files that are read, in the order of their names."""
    files = []
    for file in path.rglob("*"):
        inside = file.relative_to(path)
        aside = any(inside.match(pattern) for pattern in NOT_READ)
        hidden = any(part.startswith(".") for part in inside.parts)
        if not (aside or hidden) and file.is_file() and any(inside.match(p) for p in READ):
            files.append(file)
    return sorted(files, key=lambda file: file.relative_to(path).as_posix())


def _local(name: ModelName) -> Path:
    path = Path(name.place).expanduser().resolve()
    if not path.is_dir():
        raise NotFoundError(
            f"{name}: there is no folder {path}; a model of the hub is written "
            f"{name.library}:OWNER/NAME"
        )
    return path


def _fetched(name: ModelName) -> Path:
    """Fetch what is not here yet; without a connection, what was fetched before is taken."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise MissingExtraError("huggingface_hub", "models") from None
    try:
        return Path(
            snapshot_download(
                name.place,
                revision=name.revision or None,
                allow_patterns=list(READ),
                ignore_patterns=list(NOT_READ),
            )
        )
    except Exception as error:
        if not isinstance(error, ValueError) and not is_broken_connection(error):
            raise
        raise _explained(name, error) from error


def _explained(name: ModelName, error: Exception) -> AmodalError:
    from huggingface_hub import errors

    said = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, errors.GatedRepoError):
        return NotFoundError(
            f"{name}: its owner wants you to accept terms first: open its page on the hub, accept "
            "them, and run `hf auth login`"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return NotFoundError(
            f"{name}: {name.place} has no revision {name.revision!r}: give a commit, a tag or a "
            "branch, or leave it out"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return NotFoundError(
            f"{name}: the hub has no model {name.place!r}, or it is private: check the spelling, "
            "or run `hf auth login`"
        )
    if isinstance(error, errors.HFValidationError):
        return InputError(f"{name}: {said}; expected OWNER/NAME, or a folder")
    # A refusal comes as the cause of "not in the cache either".
    refusal = error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) else error
    if isinstance(refusal, errors.HfHubHTTPError):
        return InputError(f"{name}: the hub refuses ({said}): try again later, or `hf auth login`")
    revision = f" --revision {name.revision}" if name.revision else ""
    return NotFoundError(
        f"{name}: the model is not on this machine, and the hub cannot be reached ({said}). Where "
        f"there is a connection, run `hf download {name.place}{revision} --local-dir FOLDER`, copy "
        f"the folder here, and give --model {name.library}:FOLDER"
    )


def _check_files(path: Path) -> None:
    """Refuse a folder without a model, weights that could run code, and foreign code itself."""
    if not ((path / "config.json").is_file() or (path / "modules.json").is_file()):
        raise NotFoundError(
            f"{path} holds no model: expected config.json and model.safetensors in it, as "
            "`save_pretrained` writes them"
        )
    # Parts without weights (pooling) have no file at all. Of a model on the hub, pickled files are
    # not even fetched.
    folders = [path, *(path / part for part in _parts(path))]
    safe = [folder for folder in folders if any(folder.glob("*.safetensors"))]
    pickled = [f for f in folders if f not in safe and any(map(_is_pickled, f.glob("*")))]
    if pickled or not safe:
        raise InputError(
            f"{(pickled or [path])[0]} has no weights as safetensors, only pickled ones or none. "
            "Pickled weights can run code when they are read, so Amodal does not read them. Look "
            "for a revision with safetensors, or convert where you trust them: load the model "
            'there and call `save_pretrained("FOLDER")`'
        )


def _is_pickled(file: Path) -> bool:
    """Whether this is a file of weights in another form than safetensors."""
    return file.name.startswith(("pytorch_model", "tf_model", "flax_model", "model.")) and (
        file.suffix in PICKLED
    )


def _parts(path: Path) -> list[str]:
    """The subfolders of a sentence-transformers model, one for each of its modules.

    Raises:
        InputError: a module is code that comes along with the model.
    """
    if not (path / "modules.json").is_file():
        return []
    modules: Any = read_json(path / "modules.json")
    try:
        kinds = [str(module["type"]) for module in modules]
        parts = [str(module["path"]) for module in modules]
    except (TypeError, KeyError):
        raise DamagedError(
            f"{path / 'modules.json'} is no list of modules: fetch it again"
        ) from None
    foreign = [kind for kind in kinds if not kind.startswith("sentence_transformers.")]
    if foreign:
        raise InputError(
            f"{path} brings code of its own ({', '.join(foreign)}), and Amodal runs none that "
            "comes with a model: choose another, or encode with your own code, "
            "amodal.encode(items, model=FUNCTION, version=..., out=...)"
        )
    return [part for part in parts if part]
