"""Blocks of a data set in the making: made by several processes, checked on resuming."""

import multiprocessing
import os
import signal
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from amodal.data.kinds import kind_of
from amodal.data.random import FIRST_ITEM
from amodal.files import explained_disk_errors

_BLOCK_BYTES = 1 << 24
_LARGEST_BLOCK = 5000


@dataclass(frozen=True)
class Plan:
    """What is asked for: two folders with equal plans have equal bytes."""

    kind: str
    n: int
    seed: int
    side: int
    version: int
    first: int = FIRST_ITEM
    """Item of the seed that is row 0; those before are for pretraining."""

    @property
    def block(self) -> int:
        """Items of a full block: some 16 MB of pictures."""
        return int(np.clip(_BLOCK_BYTES // (self.side**2 * 3), 100, _LARGEST_BLOCK))

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return -(-self.n // self.block)

    def shapes(self) -> dict[str, tuple[tuple[int, ...], type]]:
        """Shape and type of each array that blocks are written into."""
        factors = len(kind_of(self.kind).factor_names)
        return {
            "images.npy": ((self.n, self.side, self.side, 3), np.uint8),
            "factors.npy": ((self.n, factors), np.float32),
        }

    def rows(self, block: int) -> int:
        """How many items a block has."""
        return min(self.block, self.n - block * self.block)


def make_blocks(
    plan: Plan, part: Path, todo: list[int], workers: int
) -> Iterator[tuple[int, list[int]]]:
    """Make and write the blocks of `todo`; yield each one's number and checksums."""
    jobs = [(plan, part, block) for block in todo]
    if workers == 1 or len(jobs) < 2:
        yield from map(make_block, jobs)
        return
    # Ctrl-C reaches the whole group of processes: only this one should act on it.
    with multiprocessing.Pool(workers, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        yield from pool.imap_unordered(make_block, jobs)


def make_block(job: tuple[Plan, Path, int]) -> tuple[int, list[int]]:
    """Make one block and write it where it belongs."""
    plan, part, block = job
    kind, start = kind_of(plan.kind), plan.first + block * plan.block
    factors = kind.draw(plan.rows(block), seed=plan.seed, start=start)
    sentences = kind.write(factors, seed=plan.seed, start=start)
    contents = {
        "images.npy": kind.render(factors, side=plan.side).data.cast("B"),
        "factors.npy": factors.data.cast("B"),
        caption_file(block): "".join(f"{sentence}\n" for sentence in sentences).encode(),
    }
    with explained_disk_errors(part):
        for name, content in contents.items():
            write_at(part / name, _offset(plan, part, name, block), content)
    return block, [zlib.crc32(content) for content in contents.values()]


def write_at(path: Path, offset: int, content: bytes | memoryview) -> None:
    """Write bytes into a file at a place.

    Not through a memory map: a full disk would then end the process instead of raising an error.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
    with open(descriptor, "wb", buffering=0) as handle:
        handle.seek(offset)
        rest = memoryview(content)
        while len(rest):
            rest = rest[handle.write(rest) or 0 :]


def verified_blocks(plan: Plan, part: Path) -> set[int]:
    """Blocks that are marked as done and whose bytes still have the checksums of the mark."""
    if not (part / "done.txt").exists():
        return set()
    good = set()
    for line in (part / "done.txt").read_text().splitlines():
        fields = line.split()
        # A line may be cut off by the interruption itself.
        if len(fields) != 4 or not all(field.isdecimal() for field in fields):
            continue
        block, *sums = map(int, fields)
        if block < plan.blocks and sums == _sums_on_disk(plan, part, block):
            good.add(block)
    return good


def _sums_on_disk(plan: Plan, part: Path, block: int) -> list[int] | None:
    sums = []
    for name in (*plan.shapes(), caption_file(block)):
        if not (part / name).exists():
            return None
        with open(part / name, "rb") as handle:
            handle.seek(_offset(plan, part, name, block))
            count = -1
            if name in plan.shapes():
                shape, kind = plan.shapes()[name]
                count = plan.rows(block) * int(np.prod(shape[1:])) * np.dtype(kind).itemsize
            sums.append(zlib.crc32(handle.read(count)))
    return sums


def _offset(plan: Plan, part: Path, name: str, block: int) -> int:
    if name not in plan.shapes():
        return 0
    shape, kind = plan.shapes()[name]
    row = int(np.prod(shape[1:])) * np.dtype(kind).itemsize
    header = (part / name).stat().st_size - plan.n * row
    return header + block * plan.block * row


def caption_file(block: int) -> str:
    """Where a block's captions wait until all are joined."""
    return f"captions/{block:06d}.txt"
