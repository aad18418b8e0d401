"""`amodal translate`: one thing in another modality, and how far to trust the answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from amodal.cli.things import (
    read_thing,
    remark_on_sentence,
    said,
    write_picture,
)
from amodal.data.dataset import MODALITY_NAMES
from amodal.data.kinds import Kind, kind_of
from amodal.errors import ExistsError, InputError, unknown_name


@dataclass(frozen=True)
class Translate:
    """Turn one thing into another modality by a fitted run, and say how far to trust it.

    A sentence is typed as it is, a picture is given by its file, attributes as name=value words
    (of Simple Shapes: shape=egg x=20 y=12 size=9 rotation=90 red=255 green=0 blue=0).

    Example: amodal translate runs/demo --from text --to image "a small red triangle in the top
    left corner" --out out.png
    """

    run_folder: Annotated[tyro.conf.Positional[Path], tyro.conf.arg(metavar="RUN")]
    """A run folder, made by `amodal demo` for example."""
    thing: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="THING")]
    """The sentence, the picture's file, or the attributes."""
    source: Annotated[str, tyro.conf.arg(name="from")]
    """What it is: image, text or attributes."""
    target: Annotated[str, tyro.conf.arg(name="to")]
    """What to make of it: image, text or attributes."""
    out: Path | None = None
    """File to write: a picture (.png) needs one, anything else is also printed."""
    overwrite: bool = False
    """Replace the file at --out if it is there."""

    def __post_init__(self) -> None:
        for name in (self.source, self.target):
            if name not in MODALITY_NAMES:
                raise unknown_name("modality", name, MODALITY_NAMES)
        if self.source == self.target:
            raise InputError(f"--from and --to are both {self.source!r}: nothing to translate")
        if self.target == "image" and self.out is None:
            raise InputError("a picture needs a file: add --out out.png")
        if self.out is not None and self.out.exists() and not self.overwrite:
            raise ExistsError(
                f"{self.out} is already there: choose another --out, or add --overwrite"
            )

    def run(self) -> None:
        """Translate, print and write."""
        # Here, because it imports torch, which takes seconds.
        from amodal.evaluation.raw import RawTranslator

        translator = RawTranslator.load(self.run_folder, modalities=(self.source, self.target))
        model = translator.model_of(self.source)
        translator.model_of(self.target).check_decodes()
        kind = kind_of(translator.model_of(self.target).name)
        if model.reads_files and self.source == "image":
            raw: Any = [Path(" ".join(self.thing))]
        else:
            raw = read_thing(kind, self.source, self.thing, side=getattr(model, "side", None))
        if self.source == "text" and hasattr(translator.model_of("text"), "vocabulary"):
            known = translator.model_of("text").vocabulary.known_words(raw[0])  # pyright: ignore
            remark_on_sentence(kind, raw[0], known)
        answer, trusts = translator.ask(raw, self.source, self.target)
        self._tell(kind, answer)
        unknown = "unknown: the fit held out no matches of the two"
        print(f"trust: {trusts[0].in_words() if trusts else unknown}")

    def _tell(self, kind: Kind, answer: Any) -> None:
        if self.target == "image":
            write_picture(self._file(), answer[0])
            print(f"{self._file()}: {answer.shape[2]} x {answer.shape[1]} pixels")
            return
        text = said(kind, self.target, answer)
        print(text)
        if self.out is not None:
            from amodal.files import atomic_path

            with atomic_path(self.out) as temporary:
                temporary.write_text(text + "\n", "utf-8")

    def _file(self) -> Path:
        if self.out is None:
            raise InputError("a picture needs a file: add --out out.png")
        return self.out
