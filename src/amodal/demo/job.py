"""The demo from beginning to end, stage by stage; a stage that is done is not done again."""

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from amodal.demo.beside import beside, worth_it
from amodal.demo.comparison import ARMS, compare, compared
from amodal.demo.evaluation import evaluate_run
from amodal.demo.examples import choose_examples
from amodal.demo.settings import DemoSettings, Record, claimed_record
from amodal.demo.things import (
    DemoThings,
    encode_for_fitting,
    encode_held_out,
    latents_of_draw,
    load_models,
)
from amodal.demo.threads import few_threads
from amodal.evaluation.evaluate import HeldOutThings
from amodal.evaluation.raw import RawTranslator
from amodal.files import read_json, write_json
from amodal.latents import Latents
from amodal.model import Workspace
from amodal.model.storage import read_history
from amodal.report import ArmResult, ReportContents, write_report
from amodal.unimodal import UnimodalModel
from amodal.unimodal.registry import SETS, check_shipped, models_of

EVALUATION, REPORT = "evaluation.json", "report.html"
FITTING = "fitting"
"""In the run folder while the main model is fitted: a fit wants a folder of its own."""
Encode = Callable[[DemoThings, Mapping[str, UnimodalModel]], dict[str, Latents]]


class Job:
    """One demo in one folder: what its stages share, made when it is first needed."""

    def __init__(self, settings: DemoSettings, folder: Path) -> None:
        check_shipped(settings.data)
        self.settings, self.folder = settings, folder
        self.record: Record = claimed_record(folder, settings)
        self.things = DemoThings(settings)
        self._models: dict[str, dict[str, UnimodalModel]] = {}
        self._encoded: dict[tuple[str, str], Any] = {}

    def models(self, name: str) -> dict[str, UnimodalModel]:
        """The unimodal models of a set; what two sets have in common is loaded once."""
        if name not in self._models:
            self._models[name] = load_models(self.settings.data, name)
        return self._models[name]

    def fitting(self, name: str) -> dict[str, Latents]:
        """Latents to fit on, by one set of models."""
        return self._once("fitting", name, encode_for_fitting)

    def held_out(self, name: str) -> HeldOutThings:
        """The held-out things in the latents of one set of models."""
        latents = self._once("held out", name, encode_held_out)
        return HeldOutThings(
            latents, kind=self.settings.kind, factors=self.things.factors[self.things.test]
        )

    def _once(self, purpose: str, name: str, encode: Encode) -> dict[str, Latents]:
        """Encode, or take what is known: the sets share all models but that of pictures."""
        if (purpose, name) not in self._encoded:
            known = self._encoded.get((purpose, "default"), {})
            own, usual = (models_of(self.settings.data, each) for each in (name, "default"))
            shared = {n: given for n, given in known.items() if usual[n] == own[n]}
            new = {n: model for n, model in self.models(name).items() if n not in shared}
            found = shared | encode(self.things, new)
            self._encoded[purpose, name] = {n: found[n] for n in own}
        return self._encoded[purpose, name]

    @contextlib.contextmanager
    def stage(self, name: str, announcement: str) -> Iterator[None]:
        """Say what comes, time it, and note in the record that it is done."""
        print(f"{announcement} ...", file=sys.stderr, flush=True)
        start = time.monotonic()
        yield
        seconds = round(time.monotonic() - start, 1)
        self.record.seconds[name] = self.record.seconds.get(name, 0.0) + seconds
        self.record.write(self.folder)

    def fit(self) -> None:
        """Stages 1 to 3: things, latents, the main model in the run folder."""
        s = self.settings
        if "fit" in self.record.seconds:
            return
        with self.stage("things", f"drawing {len(self.things.factors):,} things"):
            self.things.raw("text", self.things.test)
        with self.stage("encoding", "encoding them with the frozen models"):
            latents = self.fitting("default")
        sizes = f"{s.matches} matches and {s.unmatched:,} unmatched things a modality"
        with self.stage("fit", f"fitting the workspace on {sizes}"):
            fitting = self.folder / FITTING
            if not any((each / "config.json").exists() for each in (fitting, self.folder)):
                Workspace(members=s.members, steps=s.steps, seed=s.seed).fit(
                    latents_of_draw(latents, s, 0),
                    matches={name: list(range(s.matches)) for name in latents},
                    folder=fitting,
                )
            move_up(fitting)

    def evaluate(self) -> dict[str, Any]:
        """Stage 5: the main model on held-out things; what `amodal evaluate` gives."""
        path = self.folder / EVALUATION
        # Figures that were asked for while the comparison was unfinished lack those over draws.
        if "evaluation" not in self.record.seconds or not path.exists():
            with self.stage("evaluation", f"evaluating on {self.settings.test:,} held-out things"):
                write_json(path, evaluate_run(self.folder))
        return read_json(path)

    def compare(self) -> list[ArmResult]:
        """Stage 4: all arms on both sets of latents; read where they are done."""
        folder, draws = self.folder / "comparison", self.settings.draws
        if "comparison" not in self.record.seconds:
            what = f"comparing {len(ARMS)} ways to fit on two kinds of latents, {draws} draws each"
            with self.stage("comparison", what):
                both = worth_it(self.settings.comparison_steps)
                with beside(self.folder, "vae") if both else contextlib.nullcontext():
                    self.compare_on("default")
                self.compare_on("vae")
        return [result for name in SETS for result in compared(folder, name)]

    def compare_on(self, name: str) -> None:
        """All arms on one set of latents."""
        folder = self.folder / "comparison"
        if len(compared(folder, name)) < len(ARMS):
            with few_threads():
                compare(
                    self.settings,
                    self.fitting(name),
                    self.models(name),
                    self.held_out(name),
                    name=name,
                    folder=folder,
                )

    def report(self, results: list[ArmResult], found: dict[str, Any]) -> None:
        """Stage 6: one page."""
        with self.stage("report", "writing the report"):
            translator = RawTranslator(Workspace.load(self.folder), self.models("default"))
            write_report(
                self.folder,
                ReportContents(
                    kind=self.settings.kind,
                    settings=asdict(self.settings),
                    figures=found["workspace"],
                    unimodal=found["unimodal"],
                    results=results,
                    examples=choose_examples(self.things, self.held_out("default"), translator),
                    history=read_history(self.folder),
                    seconds=dict(self.record.seconds),
                    environment=read_json(self.folder / "environment.json"),
                    command=command(self.settings, self.folder),
                    smoke=is_smoke(self.settings),
                    folder=str(self.folder),
                ),
            )


def run_demo(settings: DemoSettings, folder: Path) -> bool:
    """Do all that is left to do.

    Args:
        settings: what to compute.
        folder: the run folder to make, or to go on with.

    Returns:
        Whether anything was left to do.

    Raises:
        ExistsError: the folder holds something else.
        InputError: not all unimodal models of this kind of data come with the package.
    """
    job = Job(settings, folder)
    if (folder / REPORT).exists() and "report" in job.record.seconds:
        return False
    with few_threads():
        job.fit()
        results = job.compare()
        job.report(results, job.evaluate())
    return True


def move_up(folder: Path) -> None:
    """Move all files of a folder to the one above; called again, it finishes what was stopped."""
    if not folder.exists():
        return
    # The configuration last: with it the model above is complete, without it none is there yet.
    for path in sorted(folder.iterdir(), key=lambda path: path.name == "config.json"):
        os.replace(path, folder.parent / path.name)
    folder.rmdir()


def is_smoke(settings: DemoSettings) -> bool:
    """Whether these are the settings of `--smoke`."""
    return settings == DemoSettings.smoke(
        seed=settings.seed, matches=settings.matches, data=settings.data
    )


def command(settings: DemoSettings, folder: Path) -> str:
    """The words that repeat this demo, as a shell reads them.

    Example:
        >>> command(DemoSettings.smoke(), Path("my runs/demo"))
        "amodal demo --out 'my runs/demo' --seed 0 --matches 50 --smoke"
    """
    words = ["amodal", "demo", "--out", str(folder)]
    words += ["--seed", str(settings.seed), "--matches", str(settings.matches)]
    if settings.data != DemoSettings.data:
        words += ["--data", settings.data]
    return shlex.join(words + ["--smoke"] * is_smoke(settings))
