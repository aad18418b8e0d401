"""Make data on disk: by blocks, in several processes, resumable, and whole or not there at all.

The work goes on in `<out>.part`: arrays of full length that blocks are written into, one caption
file a block, and `done.txt` with the checksums of every finished block. A rerun trusts a block only
if its checksums still hold. The last step renames the folder.
"""

import contextlib
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from amodal.data.blocks import Plan, caption_file, make_blocks, verified_blocks
from amodal.data.dataset import FILE_NAMES, FORMAT, Dataset, check_size, open_dataset
from amodal.data.kinds import kind_of
from amodal.data.random import check_seed
from amodal.data.splits import SPLIT_NAMES, draw_splits, rows_of_split
from amodal.errors import DiskError, ExistsError, InputError
from amodal.files import checksum, explained_disk_errors, read_json, write_json
from amodal.progress import progress

_CAPTION_BYTES = 300
_MOST_TRIPLETS = 50_000


def generate(
    kind: str,
    n: int,
    out: str | Path,
    *,
    seed: int = 0,
    side: int | None = None,
    workers: int = 1,
    show_progress: bool = True,
) -> Dataset:
    """Make `n` items of a kind in the folder `out`; the bytes do not depend on `workers`.

    Row i is item `FIRST_ITEM` + i of the seed: the million items before are for pretraining, so
    that no unimodal model that ships, or is made by `amodal pretrain` without data, has seen them.

    An interrupted call is resumed by the same call; a finished folder of the same settings is
    opened and returned as it is.

    Args:
        kind: its name, "shapes" or "factory".
        n: how many items.
        out: the folder; it must not exist, or hold the same data already.
        seed: decides everything.
        side: height and width of the pictures in pixels; None for those of the kind.
        workers: processes.
        show_progress: a line on standard error when it takes more than two seconds.

    Raises:
        ExistsError: `out` (or its unfinished part) holds something else.
        DiskError: the disk is too small or refuses; what is done is kept.

    Example:
        >>> import tempfile
        >>> data = generate("shapes", 100, Path(tempfile.mkdtemp()) / "shapes", seed=3)
        >>> data.images.shape, len(data.captions)
        ((100, 32, 32, 3), 100)
    """
    out, own = Path(out), kind_of(kind)
    side = own.side if side is None else side
    check_size(n, side)
    if workers < 1:
        raise InputError(f"workers is {workers}, expected at least 1")
    plan = Plan(own.name, n, check_seed(seed), side, own.version)
    finished = _existing(plan, out)
    if finished is not None:
        return finished
    part = out.with_name(out.name + ".part")
    with explained_disk_errors(part):
        _prepare(plan, part)
        todo = sorted(set(range(plan.blocks)) - verified_blocks(plan, part))
        done = plan.n - sum(plan.rows(block) for block in todo)
        with (
            _reporting(plan, show_progress, done) as advance,
            open(part / "done.txt", "a") as marks,
        ):
            for block, sums in make_blocks(plan, part, todo, workers):
                marks.write(f"{block} {' '.join(map(str, sums))}\n")
                marks.flush()
                advance(plan.rows(block))
        _finish(plan, part, out)
    return open_dataset(out)


def _existing(plan: Plan, out: Path) -> Dataset | None:
    """The finished data set at `out`, None when there is nothing, an error when it is other."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return None
    if not out.is_dir() or not (out / "manifest.json").is_file():
        raise ExistsError(
            f"{out} exists and is not a data folder: choose another --out, nothing was changed"
        )
    dataset = open_dataset(out)
    settings = asdict(plan)
    there = {key: dataset.manifest.get(key) for key in settings}
    if there != settings:
        raise ExistsError(
            f"{out} holds other data ({_differences(there, settings)}): choose another --out, or "
            "delete it first"
        )
    _tidy(out)
    return dataset


def _prepare(plan: Plan, part: Path) -> None:
    """Make the working folder with arrays of full length, or check that it is of this plan."""
    if (part / "plan.json").exists():
        there, settings = read_json(part / "plan.json"), asdict(plan)
        if there != settings:
            raise ExistsError(
                f"{part} is unfinished work with other settings "
                f"({_differences(there, settings)}): delete it, or finish it with its own settings"
            )
        return
    _check_room(plan, part)
    (part / "captions").mkdir(parents=True, exist_ok=True)
    for name, (shape, kind) in plan.shapes().items():
        with open(part / name, "wb") as handle:
            header = {"descr": np.dtype(kind).str, "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(handle, header)
            handle.truncate(handle.tell() + int(np.prod(shape)) * np.dtype(kind).itemsize)
    # Written last: a folder without it has no finished block.
    write_json(part / "plan.json", asdict(plan))


def _check_room(plan: Plan, part: Path) -> None:
    part.parent.mkdir(parents=True, exist_ok=True)
    arrays = sum(np.prod(shape) * np.dtype(kind).itemsize for shape, kind in plan.shapes().values())
    # Captions are there twice for a moment, while the blocks' files are joined.
    needed = int(arrays) + 2 * plan.n * _CAPTION_BYTES
    free = shutil.disk_usage(part.parent).free
    if free < needed:
        raise DiskError(
            f"{part.parent} has {free / 1e9:.2f} GB free, {plan.n} items of side {plan.side} need "
            f"{needed / 1e9:.2f} GB: free some space, or choose another --out or a smaller --n"
        )


def _finish(plan: Plan, part: Path, out: Path) -> None:
    """Join the captions, add splits, triplets and manifest, and rename the folder."""
    with open(part / "captions.txt", "wb") as joined:
        for block in range(plan.blocks):
            with open(part / caption_file(block), "rb") as piece:
                shutil.copyfileobj(piece, joined)
    factors = np.load(part / "factors.npy", mmap_mode="r", allow_pickle=False)
    splits = draw_splits(plan.n, seed=plan.seed)
    np.save(part / "splits.npy", splits)
    np.save(part / "triplets.npy", _triplets(plan, factors, splits))
    entries = {}
    for name in FILE_NAMES:
        with open(part / name, "rb") as handle:
            os.fsync(handle.fileno())
        entries[name] = {
            "bytes": (part / name).stat().st_size,
            "sha256": checksum(part / name),
        }
    columns = list(kind_of(plan.kind).factor_names)
    manifest = {"format": FORMAT, **asdict(plan), "factors": columns, "files": entries}
    write_json(part / "manifest.json", manifest)
    os.replace(part, out)
    _tidy(out)


def _tidy(out: Path) -> None:
    """Remove what only the making needed; after the rename, so that no moment loses work."""
    shutil.rmtree(out / "captions", ignore_errors=True)
    for name in ("done.txt", "plan.json"):
        (out / name).unlink(missing_ok=True)


def _triplets(plan: Plan, factors: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """Triplets within each split, as many as it has rows, at most 50,000 a split."""
    parts = []
    for index, name in enumerate(SPLIT_NAMES):
        rows = rows_of_split(splits, name)
        count = min(_MOST_TRIPLETS, len(rows))
        seed = plan.seed * len(SPLIT_NAMES) + index
        parts.append(kind_of(plan.kind).triplets(factors, rows, count=count, seed=seed))
    return np.concatenate(parts)


def _differences(there: Mapping[str, object], asked: Mapping[str, object]) -> str:
    names = [name for name in asked if there.get(name) != asked[name]]
    return ", ".join(f"{name} {there.get(name)} instead of {asked[name]}" for name in names)


def _reporting(plan: Plan, show: bool, done: int) -> contextlib.AbstractContextManager:
    if show:
        return progress(f"generating {plan.kind}", plan.n, unit="items", done=done)
    return contextlib.nullcontext(lambda count=1, note="": None)
