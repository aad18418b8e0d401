"""Real data sets in a folder: what the JSON beside each array file says of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from amodal.errors import InputError, NotFoundError, unknown_name
from amodal.files import checksum, read_json

PRINCIPAL = 128
"""Principal coordinates that methods keep of each modality, at most."""
# What the JSON of these sets says in prose only: counts of very different totals are scaled to
# length 1; takes 0 to 4 of a speaker are for testing.
IN_PROSE: dict[str, dict[str, Any]] = {
    "snareseq_cellline": {"unit_rows": ["atac_topics"]},
    "wikipedia_xmodal": {"unit_rows": ["image_sift128"]},
    "spoken_written_digits": {
        "pairs": [["audio_logmel24x32", "image_pix240"]],
        "test_below": {"take": 5},
    },
}


GROUPS = "dup_group"
"""The array of a set that numbers its things: rows of equal number are the same, listed again."""


@dataclass(frozen=True)
class RealSet:
    """One data set, and the protocol that its JSON gives."""

    name: str
    path: Path
    """Of the arrays, `.npz`."""
    pairs: tuple[tuple[str, str], ...]
    """Modalities that are joined, two at a time."""
    labels: Mapping[str, str]
    """The array of labels that each modality's rows have, where there is one."""
    by_class: bool = False
    """Rows match when their labels are equal; there is no thing seen in both modalities."""
    unit_rows: tuple[str, ...] = ()
    """Modalities whose rows are scaled to length 1 first."""
    test_below: Mapping[str, int] = field(default_factory=dict)
    """Rows of which this array is below so much are for testing."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """The whole JSON: pairing, published figures, licence."""

    @property
    def uses_precision(self) -> bool:
        """Whether mean average precision is told: where peers published it, or classes match."""
        published = self.about.get("published", [])
        return self.by_class or any("mAP" in str(each.get("metric")) for each in published)

    def describe(self) -> dict[str, Any]:
        """All that decides what is drawn from the set, in plain values."""
        return {
            "data": checksum(self.path),
            "unit_rows": list(self.unit_rows),
            "test_below": dict(self.test_below),
            "by_class": self.by_class,
        } | ({"groups": "whole"} if GROUPS in _sizes(self.path) else {})


def find_sets(folder: Path, names: Sequence[str] = ()) -> list[RealSet]:
    """The sets in a folder: every `NAME.json` with a `NAME.npz` beside it, in order of name.

    The JSON needs "modalities", names of arrays (words behind a name are its description). Pairs
    are those of its "sanity" figures, "first <-> second", or else all. "protocol" may hold
    "pairs", "unit_rows" and "test_below", {"take": 5}; see `RealSet`.

    Args:
        folder: with the files.
        names: of the sets wanted; a beginning is enough; by default all.

    Raises:
        NotFoundError: no such folder, or no sets in it.
        UnknownNameError: a name that no set begins with; the nearest is offered.
        InputError: a JSON that lacks what is needed, or names arrays that are not there.
    """
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}: give the folder of the sets with --data")
    paths = {
        path.stem: path
        for path in sorted(folder.glob("*.npz"))
        if path.with_suffix(".json").exists()
    }
    if not paths:
        raise NotFoundError(f"{folder} holds no set: expected NAME.npz with NAME.json beside it")
    wanted: dict[str, Path] = {}
    for name in names or paths:
        found = {each: path for each, path in paths.items() if each.startswith(name)}
        if not found:
            raise unknown_name("set", name, paths)
        wanted |= found
    return [read_set(path) for path in wanted.values()]


def read_set(path: Path) -> RealSet:
    """One set, from its array file and the JSON beside it."""
    about = read_json(path.with_suffix(".json"))
    where = path.with_suffix(".json")
    if not isinstance(about, dict) or not about.get("modalities"):
        raise InputError(f'{where}: expected "modalities": ["image", "text"], the arrays\' names')
    sizes = _sizes(path)
    modalities = [str(each).split()[0] for each in about["modalities"]]
    protocol = IN_PROSE.get(path.stem, {}) | about.get("protocol", {})
    pairs = protocol.get("pairs") or _pairs(about, modalities)
    for name in [name for pair in pairs for name in pair]:
        if name not in sizes:
            raise InputError(f"{where}: names the modality {name!r}, {path.name} has {list(sizes)}")
    labels = {name: _label_of(name, sizes) for name in modalities if name in sizes}
    return RealSet(
        name=path.stem,
        path=path,
        pairs=tuple((first, second) for first, second in pairs),
        labels={name: label for name, label in labels.items() if label},
        by_class="class-level" in about.get("sanity", {})
        or "class-level" in str(about.get("pairing", "")).lower(),
        unit_rows=tuple(protocol.get("unit_rows", ())),
        test_below=protocol.get("test_below", {}),
        about=about,
    )


def _pairs(about: Mapping[str, Any], modalities: list[str]) -> list[tuple[str, str]]:
    """Those of the figures in the JSON, so that they can stand beside ours; else all."""
    known = [re.fullmatch(r"(\S+) <-> (\S+)", key) for key in about.get("sanity", {})]
    found = [(match[1], match[2]) for match in known if match]
    return found or list(combinations(modalities, 2))


def _label_of(modality: str, sizes: Mapping[str, int]) -> str:
    """`label`, or `label_X` where X is a part of the modality's name and the rows are as many."""
    own = [
        name
        for name in sizes
        if name.startswith("label_")
        and name.removeprefix("label_") in modality
        and sizes[name] == sizes[modality]
    ]
    if own:
        return own[0]
    return "label" if sizes.get("label") == sizes[modality] else ""


def _sizes(path: Path) -> dict[str, int]:
    """The number of rows of each array, from the headers alone."""
    from zipfile import BadZipFile, ZipFile

    try:
        with ZipFile(path) as archive:
            sizes = {}
            for member in archive.namelist():
                with archive.open(member) as handle:
                    version = np.lib.format.read_magic(handle)
                    read = (
                        np.lib.format.read_array_header_1_0
                        if version == (1, 0)
                        else np.lib.format.read_array_header_2_0
                    )
                    shape, _, _ = read(handle)
                    sizes[member.removesuffix(".npy")] = shape[0] if shape else 0
            return sizes
    except (BadZipFile, ValueError) as error:
        raise InputError(f"{path} is not a readable .npz file ({error})") from error
