"""`amodal study`: the claims of the seed paper, each as one command with its figures and tables."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from amodal.errors import InputError


@dataclass(frozen=True)
class Study:
    """Train many workspaces side by side, measure them, and draw what was found.

    NAME is saving, ablation, downstream, transfer, retrieval, heldout, cycles, or all of these; or
    frontier, the default fit's own; or real, the default fit and all baselines on the sets of
    real latents in --data (NAME.npz, NAME.json). All studies of one folder share their trained
    runs. Stopped half-way, the same command goes on where it was; what is trained and measured is
    never done again.

    Example: amodal study saving --budget smoke --out runs/study, or amodal study real --data data
    --sets snareseq --methods ridge cca amodal
    """

    name: Annotated[str, tyro.conf.Positional] = "all"
    """Which study."""
    out: Path = Path("runs/study")
    """The folder of all studies, made or gone on with."""
    budget: Literal["smoke", "laptop", "seed"] = "laptop"
    """How large: seconds, under an hour on two cores, or days."""
    pairing: str = ""
    """The only pairing to study: image-attributes, image-text, text-attributes or all three,
    image-text-attributes. By default the budget's own."""
    matches: tuple[int, ...] = ()
    """Numbers of matches. By default the budget's own."""
    seeds: int = 0
    """How many seeds. By default the budget's own."""
    data: Path | None = None
    """A folder made by `amodal generate`, or a kind of data (shapes) of which things are drawn; by
    default Simple Shapes. Of real: the folder of the sets."""
    docs: Path | None = None
    """Also write tables and figures of all studies in --out into this folder, as Markdown, SVG."""
    beside: tuple[Path, ...] = ()
    """Folders of finished studies of other kinds of data, to be set beside these in the report."""
    first_seed: int = 0
    """Of real: the seed from which they are counted."""
    sets: tuple[str, ...] = ()
    """Of real: which sets, by the beginnings of their names. By default all in the folder."""
    methods: tuple[str, ...] = ()
    """Of real: which methods. By default all."""
    shares: tuple[float, ...] = ()
    """Of real: shares of the training things that are matched. By default 0.01, 0.1 and 1, all."""
    known: Path | None = None
    """Of real: results.csv of an earlier study; what it holds of the same tasks and methods is not
    measured again."""

    def __post_init__(self) -> None:
        if self.seeds < 0:
            raise InputError(f"--seeds is {self.seeds}, expected a positive number")

    def run(self) -> None:
        """Do it, and say where the results are."""
        start = time.monotonic()
        try:
            found = self._real() if self.name == "real" else self._studies()
        except KeyboardInterrupt:
            print(f"stopped; what is done stays in {self.out}", file=sys.stderr)
            raise
        print(f"done in {time.monotonic() - start:.0f} s")
        for line in found:
            print(line)

    def _studies(self) -> list[str]:
        # Here, because it imports torch, which takes seconds.
        from amodal.study.everything import run_studies
        from amodal.study.settings import study_settings

        self._refuse(
            "real", sets=self.sets, methods=self.methods, shares=self.shares, known=self.known
        )
        settings = study_settings(
            self.budget,
            pairing=self.pairing,
            matches=self.matches,
            seeds=self.seeds,
            data=self.data,
        )
        return run_studies(self.name, self.out, settings, docs=self.docs, beside=self.beside)

    def _real(self) -> list[str]:
        from amodal.study.real.run import run_real

        self._refuse(
            "the other studies", matches=self.matches, pairing=self.pairing, beside=self.beside
        )
        return run_real(
            self.data,
            self.out,
            sets=self.sets,
            methods=self.methods,
            shares=self.shares,
            seeds=self.seeds,
            first_seed=self.first_seed,
            known=self.known,
            docs=self.docs,
        )

    def _refuse(self, owner: str, **options: object) -> None:
        """Options that this study does not know are an error, not passed over."""
        given = [f"--{name}" for name, value in options.items() if value]
        if given:
            raise InputError(f"{', '.join(given)}: only for {owner}, not for study {self.name}")
