"""`amodal index`: make one modality's latents searchable."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from amodal.cli.encode import is_generated
from amodal.errors import InputError, NotFoundError


@dataclass(frozen=True)
class Index:
    """Index a catalogue of one modality, to be searched by queries of the others.

    Works in constant memory. Stopped half-way, the same command goes on where it was. Needs the
    extra: pip install "amodal[search]"

    Example: amodal index runs/mine --modality image --latents latents/image --metadata items.csv
    """

    run_folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """A run folder, made by `amodal fit` or `amodal demo`."""
    modality: str
    """What the catalogue is of."""
    latents: Path | None = None
    """A folder made by `amodal encode`, or a file as `amodal fit` takes it (.npy, .npz, .csv, ...).
    Without it, the run of a demo indexes its own things."""
    metadata: Path | None = None
    """Table with a line for each row of the latents, in their order: .csv, .parquet or .jsonl."""
    data: Path | None = None
    """What the latents were encoded from, to show pictures: generated data, which gives metadata,
    too, or a folder of pictures."""
    out: Path | None = None
    """The folder to make; by default RUN/index/MODALITY, where `amodal search` looks."""
    sources: Annotated[tuple[str, ...], tyro.conf.arg(name="for")] = ()
    """Modalities that queries will be of; all others by default."""
    hubness: str = "none"
    """Correct for rows that are near to every query: none, csls, or softmax."""
    queries: tuple[str, ...] = ()
    """With --hubness: modality=place for each that will ask, latents of example queries. The run of
    a demo knows its own."""
    exact_below: int = 100_000
    """Rows from which the index is approximate."""

    def run(self) -> None:
        """Index, and say what is there."""
        from amodal.model import Workspace
        from amodal.search import Index as SearchIndex
        from amodal.search import IndexSettings

        model, start = Workspace.load(self.run_folder), time.monotonic()
        settings = IndexSettings(hubness=self.hubness, exact_below=self.exact_below)
        out = self.out or self.run_folder / "index" / self.modality
        latents, names, things = self.catalogue(model, out)
        metadata: Any = self.metadata
        origin = things.origin if things is not None else self.folder_of_pictures(names, out)
        if things is not None:
            metadata, names = metadata or things.metadata(), None
        already = out.exists()
        built = SearchIndex.build(
            model,
            latents,
            out,
            modality=self.modality,
            sources=self.sources,
            metadata=metadata,
            names=names,
            banks=self.banks(model, settings),
            settings=settings,
            origin=origin,
        )
        if already:
            print(f"{out} already holds this index of {len(built):,} rows: nothing to do")
        else:
            print(f"{out}: {len(built):,} rows of {self.modality}", end=" ")
            print(f"for queries of {', '.join(built.manifest.sources)}", end=" ")
            print(f"in {time.monotonic() - start:.1f} s")
        print(self.described(built))

    def catalogue(self, model: Any, out: Path) -> tuple[Any, Any, Any]:
        """Latents to index, the names of their items, and the generated things behind them; None
        where there are none."""
        from amodal.demo.catalogue import data_catalogue, demo_catalogue, encoded
        from amodal.latents.store import MANIFEST, read_manifest
        from amodal.unimodal import load_model

        if self.latents is None:
            things = demo_catalogue(self.run_folder, self.modality)
            if things is None:
                raise InputError(
                    f"which rows of {self.modality!r}? {self.run_folder} does not say: give "
                    "--latents, a folder made by `amodal encode` or a .npy file"
                )
            name = model.models_[self.modality]
            return encoded(things, self.modality, load_model(name)), None, things
        from amodal.latents.places import read_place

        found = read_place(self.modality, self.latents)
        if self.data is None or not is_generated(self.data):
            return found.rows, found.names, None
        if not (self.latents / MANIFEST).is_file():
            raise self.nameless()
        things = data_catalogue(read_manifest(self.latents).source, self.data, out)
        return found.rows, found.names, things

    def folder_of_pictures(self, names: Any, out: Path) -> dict[str, Any] | None:
        """What the index keeps of --data, where that is a folder of pictures.

        Raises:
            NotFoundError, InputError: it is not where the items are.
        """
        from amodal.demo.catalogue import pictures_origin

        if self.data is None:
            return None
        if names is None:
            raise self.nameless()
        if not self.data.is_dir():
            raise NotFoundError(f"there is no folder {self.data}")
        if not (self.data / str(names[0])).is_file():
            raise InputError(
                f"--data {self.data}: is neither made by `amodal generate` nor the folder of the "
                f"pictures that were encoded; the first of {self.latents} is {str(names[0])!r}"
            )
        return pictures_origin(self.data, out)

    def nameless(self) -> InputError:
        """The error for --data beside rows that do not say what they are of."""
        return InputError(
            f"--data goes with latents made by `amodal encode`; {self.latents} does not say which "
            "things its rows are: leave --data out, or give --metadata"
        )

    def banks(self, model: Any, settings: Any) -> dict[str, Any]:
        """Latents of example queries, with which hubness is measured."""
        from amodal.demo.catalogue import demo_queries, encoded
        from amodal.demo.settings import read_record
        from amodal.latents.places import read_place
        from amodal.unimodal import load_model

        places = dict(_pair(argument) for argument in self.queries)
        if settings.hubness == "none" or places or read_record(self.run_folder) is None:
            return {name: read_place(name, place).rows for name, place in places.items()}
        names = self.sources or [name for name in model.models_ if name != self.modality]
        return {
            name: encoded(
                demo_queries(self.run_folder, name, settings.bank),
                name,
                load_model(model.models_[name]),
            )
            for name in names
        }

    def described(self, built: Any) -> str:
        """How the index answers, and what conditions may speak of."""
        manifest = built.manifest
        lines = [] if manifest.parts else ["search is exact: every row is compared"]
        for source, parts in manifest.parts.items():
            lines.append(
                f"queries of {source}: {parts.probes} of {parts.parts} parts are looked into, "
                f"which found {parts.recall:.1%} of the exact ten nearest ({parts.queries} queries)"
            )
        columns = ", ".join(manifest.columns) or "none"
        where = "" if self.out is None else f" --index {self.out}"
        return "\n".join(
            [*lines, f"metadata: {columns}", f"next: amodal search {self.run_folder}{where} --help"]
        )


def _pair(argument: str) -> tuple[str, Path]:
    name, equals, place = argument.partition("=")
    if not (name and equals and place):
        raise InputError(f"--queries got {argument!r}, expected modality=place")
    return name, Path(place)
