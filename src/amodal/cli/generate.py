"""`amodal generate`: make data on disk."""

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tyro.conf import Positional

from amodal.data import generate
from amodal.data.kinds import kind_of


@dataclass(frozen=True)
class Generate:
    """Make pictures with their factors and captions, in a folder.

    The items begin at number 1,000,000 of their seed: those before are for pretraining.
    Stopped half-way, the same command goes on where it was.

    Example: amodal generate shapes --n 500000 --out data/shapes
    """

    kind: Positional[str] = "shapes"
    """What to make: shapes or factory."""
    n: int = 100_000
    """How many items."""
    out: Path | None = None
    """The folder to make; by default data/KIND."""
    seed: int = 0
    """Decides everything: the same seed gives the same bytes."""
    side: int | None = None
    """Height and width of the pictures, in pixels; by default the kind's own (32, 64)."""
    workers: int = field(default_factory=lambda: min(8, os.cpu_count() or 1))
    """Processes; the result does not depend on it."""

    def run(self) -> None:
        """Make the data, and say what was made."""
        out = self.out or Path("data") / kind_of(self.kind).name
        already, start = (out / "manifest.json").exists(), time.monotonic()
        try:
            data = generate(
                self.kind, self.n, out, seed=self.seed, side=self.side, workers=self.workers
            )
        except KeyboardInterrupt:
            print(
                f"stopped; what is done stays in {out}.part, the same command goes on",
                file=sys.stderr,
            )
            raise
        if already:
            print(f"{out} already holds these {len(data):,} items: nothing to do")
            return
        seconds = time.monotonic() - start
        size = sum(entry["bytes"] for entry in data.manifest["files"].values())
        print(
            f"{out}: {len(data):,} items, {size / 1e6:,.0f} MB, in {seconds:.1f} s "
            f"({len(data) / seconds:,.0f} items/s)\n"
            f"look at some: amodal show {out} --out sheet.png"
        )
