"""Generated data on disk: opened without reading it, checked before it is believed.

A folder holds `images.npy`, `factors.npy`, `captions.txt` (one sentence a line), `splits.npy`,
`triplets.npy` and `manifest.json` (what it is, and size and SHA-256 of each file).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from amodal.data.kinds import KIND_NAMES, Kind, kind_of
from amodal.data.lines import Lines
from amodal.data.splits import rows_of_split
from amodal.errors import DamagedError, InputError, NotFoundError, unknown_name
from amodal.files import checksum, read_json
from amodal.typing import Int64

FORMAT = 2
FILE_NAMES = ("images.npy", "factors.npy", "captions.txt", "splits.npy", "triplets.npy")
MODALITY_NAMES = ("image", "text", "attributes")


@dataclass(frozen=True)
class Dataset:
    """One folder of generated data; everything in it is memory-mapped."""

    path: Path
    manifest: dict[str, Any]

    @property
    def kind(self) -> Kind:
        """What it is made of."""
        return kind_of(self.manifest["kind"])

    @property
    def side(self) -> int:
        """Height and width of the pictures."""
        return self.manifest["side"]

    def __len__(self) -> int:
        return self.manifest["n"]

    @cached_property
    def images(self) -> np.ndarray:
        """uint8 (n, side, side, 3)."""
        return self._array("images.npy", np.uint8, (len(self), self.side, self.side, 3))

    @cached_property
    def factors(self) -> np.ndarray:
        """float32 (n, factors)."""
        return self._array("factors.npy", np.float32, (len(self), len(self.kind.factor_names)))

    @cached_property
    def splits(self) -> np.ndarray:
        """uint8 (n,): see `amodal.data.splits.SPLIT_NAMES`."""
        return self._array("splits.npy", np.uint8, (len(self),))

    @cached_property
    def triplets(self) -> np.ndarray:
        """int64 (t, 5): three rows, position of the odd one, attribute shared by the others."""
        return self._array("triplets.npy", np.int64, (None, 5))

    @cached_property
    def captions(self) -> Lines:
        """The sentences, as a sequence of str."""
        lines = Lines(self.path / "captions.txt")
        if len(lines) != len(self):
            raise self._damaged("captions.txt", f"has {len(lines)} lines, expected {len(self)}")
        return lines

    def rows(self, split: str) -> Int64[np.ndarray, " some"]:
        """The rows of "train", "validation" or "test"."""
        return rows_of_split(self.splits, split)

    def raw(
        self, modality: str, rows: Sequence[int] | Int64[np.ndarray, " some"]
    ) -> np.ndarray | list[str]:
        """Raw things as unimodal models take them: "image", "text" or "attributes"."""
        chosen = np.asarray(rows, np.int64)
        if modality == "image":
            return self.images[chosen]
        if modality == "text":
            return self.captions.take(chosen)
        if modality == "attributes":
            return self.kind.attributes(self.factors[chosen])
        raise unknown_name("modality", modality, MODALITY_NAMES)

    def verify(self) -> None:
        """Read every file and compare its checksum.

        Raises:
            DamagedError: a file is not what was written.
        """
        for name, entry in self.manifest["files"].items():
            if checksum(self.path / name) != entry["sha256"]:
                raise self._damaged(name, "does not match its checksum")

    def _array(self, name: str, kind: type, shape: tuple[int | None, ...]) -> np.ndarray:
        try:
            array = np.load(self.path / name, mmap_mode="r", allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise self._damaged(name, f"cannot be read ({error})") from error
        fits = len(array.shape) == len(shape) and all(
            want in (None, got) for want, got in zip(shape, array.shape, strict=True)
        )
        if array.dtype != kind or not fits:
            raise self._damaged(name, f"holds {array.dtype} {array.shape}, expected {shape}")
        return array

    def _damaged(self, name: str, problem: str) -> DamagedError:
        return DamagedError(
            f"{self.path / name} {problem}: it is damaged or was changed; delete the folder and "
            f"make it again ({self.remake_command()})"
        )

    def remake_command(self) -> str:
        """The command that makes this folder."""
        m = self.manifest
        return (
            f"amodal generate {m['kind']} --n {m['n']} --out {self.path} --seed {m['seed']} "
            f"--side {m['side']}"
        )


def open_dataset(path: str | Path, *, checksums: bool = False) -> Dataset:
    """Open a folder that `generate` has made.

    The manifest, the size of every file, and what is in the arrays' headers are always checked;
    contents only with `checksums`, since that reads everything.

    Raises:
        NotFoundError: there is no such folder, or its generation was interrupted.
        DamagedError: it is truncated, changed, foreign, or from another version.
    """
    path = Path(path)
    if not path.is_dir():
        raise NotFoundError(_absent(path))
    if not (path / "manifest.json").is_file():
        raise DamagedError(
            f"{path} has no manifest.json: it was not made by `amodal generate`, or is damaged"
        )
    dataset = Dataset(path, _checked_manifest(path))
    for name, entry in dataset.manifest["files"].items():
        size = (path / name).stat().st_size if (path / name).is_file() else None
        if size != entry["bytes"]:
            found = "is missing" if size is None else f"has {size} bytes"
            raise dataset._damaged(name, f"{found}, expected {entry['bytes']} bytes")
    for name in ("images", "factors", "splits", "triplets"):
        getattr(dataset, name)
    if checksums:
        dataset.verify()
    return dataset


def named_data(name: str | Path) -> tuple[Kind, Dataset | None]:
    """What `--data` names: a folder of generated data, or a kind, of which things are then drawn.

    Raises:
        NotFoundError, DamagedError: it is neither, or its folder is damaged.

    Example:
        >>> kind, dataset = named_data("shapes")
        >>> kind.title, dataset
        ('Simple Shapes', None)
    """
    # Some other folder may happen to be called like a kind.
    if str(name) in KIND_NAMES and not (Path(name) / "manifest.json").exists():
        return kind_of(str(name)), None
    dataset = open_dataset(name)
    return dataset.kind, dataset


def _checked_manifest(path: Path) -> dict[str, Any]:
    manifest = read_json(path / "manifest.json")
    expected = {"kind": str, "n": int, "seed": int, "side": int, "files": dict, "format": int}
    if not isinstance(manifest, dict) or not all(
        isinstance(manifest.get(key), kind) for key, kind in expected.items()
    ):
        raise DamagedError(
            f"{path / 'manifest.json'} is not the manifest of generated data (expected the keys "
            f"{', '.join(expected)}): it is damaged or foreign"
        )
    if manifest["format"] != FORMAT or manifest["kind"] not in KIND_NAMES:
        raise DamagedError(
            f"{path} holds {manifest['kind']!r} in format {manifest['format']}, this version of "
            f"amodal reads {', '.join(KIND_NAMES)} in format {FORMAT}: make the data again"
        )
    if set(manifest["files"]) != set(FILE_NAMES):
        raise DamagedError(f"{path / 'manifest.json'} lists other files than {list(FILE_NAMES)}")
    return manifest


def _absent(path: Path) -> str:
    if path.with_name(path.name + ".part").is_dir():
        return f"{path} is not finished: run the same `amodal generate` again to resume it"
    return f"there is no data folder {path}: make it with `amodal generate shapes --out {path}`"


def check_size(n: int, side: int) -> None:
    """Say what is wrong with the size of a data set that is asked for."""
    if n < 1 or side < 8:
        raise InputError(f"asked for {n} items of side {side}: expected n >= 1 and side >= 8")
