"""`amodal demo`: the main job, from nothing to a report."""

import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from amodal.errors import InputError


@dataclass(frozen=True)
class Demo:
    """Make data, fit a workspace on few matches, measure it, and write report.html.

    Takes minutes on two cores. Stopped half-way, the same command goes on where it was.

    Example: amodal demo --out runs/demo
    """

    out: Path = Path("runs/demo")
    """The run folder to make."""
    seed: int = 0
    """Decides everything."""
    matches: int = 50
    """Things that are seen through all modalities."""
    data: str = "shapes"
    """The kind of data: shapes or factory."""
    smoke: bool = False
    """So small that it takes seconds: to see that everything works, not how well."""

    def __post_init__(self) -> None:
        if self.matches < 8:
            raise InputError(
                f"--matches is {self.matches}, expected at least 8: with fewer none can be held "
                "out to judge by"
            )
        if self.seed < 0:
            raise InputError(f"--seed is {self.seed}, expected a whole number >= 0")

    def run(self) -> None:
        """Do it, and say where the report is."""
        start = time.monotonic()
        # Here, because it imports torch, which takes seconds.
        from amodal.demo import DemoSettings, run_demo

        make = DemoSettings.smoke if self.smoke else DemoSettings
        settings = make(seed=self.seed, matches=self.matches, data=self.data)
        try:
            done = run_demo(settings, self.out)
        except KeyboardInterrupt:
            print(f"stopped; what is done stays in {self.out}", file=sys.stderr)
            raise
        report = self.out / "report.html"
        if not done:
            print(f"{self.out} already holds this very demo: nothing to do\nreport: {report}")
            return
        run, sentence = shlex.quote(str(self.out)), shlex.quote(settings.kind.own_words[0])
        print(
            f"done in {time.monotonic() - start:.0f} s\n"
            f"report: {report}\n"
            f"figures again: amodal evaluate {run}\n"
            f"ask it something: amodal translate {run} --from text --to image {sentence} "
            "--out out.png"
        )
