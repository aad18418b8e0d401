"""`amodal diagnose`: should a fitted run be trusted?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from amodal.errors import ExistsError
from amodal.files import write_json


@dataclass(frozen=True)
class Diagnose:
    """Say how far a fitted run can be trusted: PASS, WARN or FAIL, with figures and intervals.

    From the matches that the fit's own folds held out, kept in the run folder: no data is needed.
    How much translations explain and how often search finds the right row, beside the best simple
    map; whether unmatched rows helped; whether expected errors are the real ones; and what more
    matches would buy.

    Example: amodal diagnose runs/mine
    """

    run_folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """A run folder, made by `amodal fit` or `amodal demo`."""
    json: Path | None = None
    """Write all figures to this JSON file, too."""

    def run(self) -> None:
        """Read, print and write."""
        if self.json is not None and self.json.exists():
            raise ExistsError(f"{self.json} already exists: choose another file, or remove it")
        # Here, because it imports torch, which takes seconds.
        from amodal.diagnosis import diagnose
        from amodal.model import Workspace

        found = diagnose(Workspace.load(self.run_folder))
        print(found)
        if self.json is not None:
            write_json(self.json, found.to_json())
            print(f"written to {self.json}")
