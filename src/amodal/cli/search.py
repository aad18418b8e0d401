"""`amodal search`: the rows of an index that are nearest to a query."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from amodal.cli.found import print_found, print_rows, write_sheet
from amodal.cli.things import read_thing, remark_on_sentence
from amodal.errors import ExistsError, InputError, NotFoundError, unknown_name


@dataclass(frozen=True)
class Search:
    """Search an index by a sentence, a picture, or latents of queries.

    Prints query, rank, row and similarity, separated by tabs; with --show a table with the
    metadata, and a sheet of the found pictures where they are known.

    Example: amodal search runs/demo "a small red triangle" --show
    """

    run_folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """A run folder with an index, see `amodal index`."""
    thing: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="THING")] = ()
    """A sentence, a picture's file, or attributes; or give --latents."""
    source: Annotated[str | None, tyro.conf.arg(name="from")] = None
    """What the query is; by default text, or the only modality that the index is for."""
    latents: Path | None = None
    """Queries as latents: a .npy file of numbers, or a folder made by `amodal encode`."""
    modality: str | None = None
    """What to search, where the run has several indexes."""
    index: Path | None = None
    """The folder of the index, where it is not in the run folder."""
    where: str | None = None
    """A condition on the metadata: "colour = 'red' AND size < 9"."""
    top: int = 10
    """How many rows a query."""
    uncorrected: bool = False
    """Leave the index's hubness correction out."""
    show: bool = False
    """Print the metadata, and write a sheet of the pictures where they are known."""
    out: Path = Path("found.png")
    """With --show: the picture to write."""
    overwrite: bool = False
    """Replace an older picture."""
    data: Path | None = None
    """With --show: the data, or the folder of pictures, where it has moved since."""

    def __post_init__(self) -> None:
        if bool(self.thing) == (self.latents is not None):
            raise InputError(
                "say what to search for: a sentence (or another THING), or --latents queries.npy"
                + (", not both" if self.thing else "")
            )
        if self.show and self.out.exists() and not self.overwrite:
            raise ExistsError(
                f"{self.out} is already there: choose another --out, or add --overwrite"
            )

    def run(self) -> None:
        """Search, print and write."""
        from amodal.demo.catalogue import found_again
        from amodal.model import Workspace
        from amodal.search import Index

        place = self.place()
        model = Workspace.load(self.run_folder)
        index = Index.open(place, model)
        source = self.asked(index.manifest.sources)
        queries = self.queries(model, source)
        found = index.search(
            queries, source=source, top=self.top, where=self.where, corrected=not self.uncorrected
        )
        if not self.show:
            print_rows(found)
            return
        words = " ".join(self.thing)
        print_found(found, query=words)
        things = found_again(index.manifest.origin, self.run_folder, place, self.data)
        if things is not None:
            write_sheet(self.out, found, things, query=words)
        else:
            print("no pictures are known: `amodal index` with --data says where they are")

    def place(self) -> Path:
        """The folder of the index.

        Raises:
            NotFoundError, InputError, UnknownNameError: there is none, or several.
        """
        if self.index is not None:
            return self.index
        there = sorted(each.parent for each in self.run_folder.glob("index/*/index.json"))
        names = [each.name for each in there if not each.name.endswith(".part")]
        if not names:
            raise NotFoundError(
                f"{self.run_folder} has no index: make one with `amodal index {self.run_folder} "
                "--modality ...`, or name its folder with --index"
            )
        if self.modality is None and len(names) > 1:
            raise InputError(f"{self.run_folder} has indexes of {names}: say which, --modality")
        chosen = self.modality or names[0]
        if chosen not in names:
            raise unknown_name("index of this run", chosen, names)
        return self.run_folder / "index" / chosen

    def asked(self, sources: tuple[str, ...]) -> str:
        """The modality of the query."""
        if self.source is not None and self.source not in sources:
            raise unknown_name("modality of queries to this index", self.source, sources)
        if self.source is None and len(sources) > 1 and not (self.thing and "text" in sources):
            raise InputError(f"queries may be of {list(sources)}: say which, --from {sources[0]}")
        return self.source or (sources[0] if len(sources) == 1 else "text")

    def queries(self, model: Any, source: str) -> Any:
        """Latents of what is asked for."""
        if self.latents is not None:
            from amodal.latents.places import read_place

            return read_place(source, self.latents).rows
        from amodal.evaluation.raw import RawTranslator
        from amodal.unimodal import load_model

        name = model.models_[source]
        if not name:
            raise InputError(
                f"{self.run_folder} was fitted on plain arrays of {source!r}: no unimodal model is "
                "known that reads a sentence or a picture. Give latents with --latents queries.npy"
            )
        own = load_model(name)
        return RawTranslator(model, {source: own}).encode(self.raw(own, source), source)

    def raw(self, own: Any, source: str) -> Any:
        """The words of the command line as a raw thing."""
        from amodal.data.kinds import kind_of

        if own.reads_files:  # a model by name, whatever the run calls its modality
            words = " ".join(self.thing)
            return [Path(words) if own.modality == "image" else words]
        kind = kind_of(own.name)
        raw = read_thing(kind, source, self.thing, side=getattr(own, "side", None))
        if source == "text" and hasattr(own, "vocabulary"):
            remark_on_sentence(kind, raw[0], own.vocabulary.known_words(raw[0]))
        return raw
