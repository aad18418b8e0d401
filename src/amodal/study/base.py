"""What a study is, and how one is run: train what is missing, measure once, draw, write."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amodal import __version__
from amodal.demo.threads import few_threads
from amodal.errors import DamagedError, unknown_name
from amodal.files import atomic_path, read_json, write_json
from amodal.progress import progress
from amodal.study.cells import Cell, unique
from amodal.study.plots import Drawing, save_drawing
from amodal.study.settings import StudySettings
from amodal.study.store import RunStore, Trained

Row = dict[str, Any]
"""One measured run: the fields of its cell, then named numbers."""
Summary = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """One question, the runs that answer it, and how the answer is shown."""

    name: str
    title: str
    question: str
    """One sentence."""
    cells: Callable[[StudySettings], list[Cell]]
    """The runs to train."""
    measure: Callable[[Trained, StudySettings], list[Row]]
    """A flat row of JSON values a run, in the order of its cells."""
    summarise: Callable[[list[Row], StudySettings], Summary]
    """What the rows say together, as plain JSON."""
    drawings: Callable[[list[Row], Summary], list[Drawing]]
    """Its figures."""
    section: Callable[[list[Row], Summary], str]
    """What was found, as Markdown, without its heading and figures."""
    version: int = 1
    """Raised when the same run is measured otherwise than before."""
    beside: Callable[[RunStore, StudySettings], list[Row]] | None = None
    """Further rows that need no trained run (ridge, for example): whole rows, measured once."""
    beside_is_kept: bool = False
    """`beside` itself keeps what it measures, by all that decides it."""


@dataclass(frozen=True)
class Done:
    """A finished study."""

    study: Study
    rows: list[Row]
    summary: Summary
    folder: Path
    drawings: list[Drawing]


def run_study(
    study: Study, out: Path, settings: StudySettings, *, store: RunStore | None = None
) -> Done:
    """Train, measure, draw and write one study.

    What is trained and measured already stays; so an interrupted study goes on.

    Args:
        study: which.
        out: the folder that all studies share.
        settings: how large.
        store: of `out`, where it is open already.

    Returns:
        What is in `OUT/NAME`: results.csv, summary.json, section.md, config.json and figures.
    """
    store = store or RunStore(out, settings)
    folder = out / study.name
    cells = unique(study.cells(settings))
    store.train_missing(cells)
    with few_threads():
        rows = measured(study, cells, store, settings, folder)
    summary = study.summarise(rows, settings)
    drawings = study.drawings(rows, summary)
    _write(folder, study, rows, summary, settings)
    for drawing in drawings:
        save_drawing(drawing, folder)
    captions = [{"name": drawing.name, "caption": drawing.caption} for drawing in drawings]
    write_json(folder / "figures.json", captions)
    return Done(study, rows, summary, folder, drawings)


def measured(
    study: Study, cells: list[Cell], store: RunStore, settings: StudySettings, folder: Path
) -> list[Row]:
    """A row a cell, taken from the folder where it was measured before."""
    place = folder / "measured.json"
    mark = [study.version, settings.test, settings.pool]
    # What runs are known by: their things and unimodal models decide the rows beside them, too.
    digest = hashlib.sha256("".join(map(store.key, cells)).encode()).hexdigest()
    asked = f"{settings_key(settings)} {digest}"
    known: dict[str, Row] = {}
    beside: list[Row] | None = None
    if place.exists():
        kept = read_json(place)
        if not isinstance(kept, dict) or "rows" not in kept:
            raise DamagedError(f"{place} is damaged: delete it to measure again")
        if kept["mark"] == mark:
            known, beside = kept["rows"], kept["beside"].get(asked)
    missing = [cell for cell in cells if store.key(cell) not in known]

    def keep() -> None:
        others = {} if beside is None or study.beside_is_kept else {asked: beside}
        write_json(place, {"mark": mark, "rows": known, "beside": others})

    with progress(f"measuring {study.name}", len(missing), unit="runs") as advance:
        for trained in store.trained(missing):
            found = study.measure(trained, settings)
            for cell, row, step, score, chosen in zip(
                trained.cells, found, trained.steps, trained.scores, trained.chosen, strict=True
            ):
                more = {"step": step, "held_out_score": score} | chosen
                known[store.key(cell)] = cell.to_json() | more | row
            keep()
            advance(len(trained.cells))
    if study.beside is not None and beside is None:
        beside = study.beside(store, settings)
        keep()
    return [known[store.key(cell)] for cell in cells] + (beside or [])


def settings_key(settings: StudySettings) -> str:
    """Settings as one line of JSON."""
    return json.dumps(settings.to_json(), sort_keys=True)


def _write(
    folder: Path, study: Study, rows: list[Row], summary: Summary, settings: StudySettings
) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write_text(folder / "results.csv", text.getvalue())
    write_json(folder / "summary.json", summary)
    config = {"study": study.name, "version": study.version, "amodal": __version__}
    write_json(folder / "config.json", config | {"settings": settings.to_json()})
    _write_text(folder / "section.md", study.section(rows, summary))


def _write_text(path: Path, text: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text(text, "utf-8")


def find_study(name: str, studies: Mapping[str, Study]) -> Study:
    """The study called `name`.

    Raises:
        UnknownNameError: there is none of that name; the nearest is offered.
    """
    if name not in studies:
        raise unknown_name("study", name, [*studies, "all", "real"])
    return studies[name]


def choose(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """Rows whose fields have the values asked for.

    Example:
        >>> choose([{"method": "tr", "seed": 0}, {"method": "cont", "seed": 0}], method="tr")
        [{'method': 'tr', 'seed': 0}]
    """
    return [row for row in rows if all(row.get(k) == v for k, v in wanted.items())]


def present(rows: Sequence[Row], name: str) -> list[Any]:
    """The values of one field, each once, in the order of their first appearance."""
    return list(dict.fromkeys(row[name] for row in rows if name in row))
