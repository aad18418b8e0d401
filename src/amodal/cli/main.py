"""`amodal`: find the verb, read its arguments, run it, and put every failure in plain words."""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from inspect import cleandoc
from typing import Any, Protocol, runtime_checkable

from amodal import __version__
from amodal.errors import AmodalError, Notice, unknown_name

VERBS: dict[str, str] = {
    "demo": "everything in minutes: make data, fit, evaluate, write report.html",
    "generate": "make pictures with their factors and captions",
    "show": "write a contact sheet of generated data",
    "pretrain": "train a unimodal model and write its weights and card",
    "encode": "turn raw things into latents, in a folder",
    "fit": "fit a workspace on latents and matches",
    "diagnose": "say how far a fitted run can be trusted: PASS, WARN or FAIL",
    "suggest": "say which things to match next",
    "evaluate": "measure a fitted run on held-out things",
    "embed": "write latents' places in the shared space, and translated, into a file",
    "translate": "turn one thing into another modality",
    "export": "write a fitted run as an ONNX file, checked",
    "index": "make one modality's latents searchable",
    "search": "find what is nearest to a sentence, a picture, or latents",
    "study": "train many workspaces to see what each loss and each match is worth",
    "doctor": "what is installed here, what is not, and how to get it",
}
"""Every verb with what it does. Its class is in the file of its name, loaded when it is called."""

INTERRUPTED = 130
"""128 + SIGINT, what shells expect of a command stopped by Ctrl-C."""


@runtime_checkable
class Command(Protocol):
    """A verb with its arguments read."""

    def run(self) -> int | None:
        """Do it; None means success."""
        ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code.

    Args:
        arguments: the words after `amodal`; those of the process when left out.

    Returns:
        0 done, 1 an error that was explained, 2 not understood, 130 interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("--help", "-h"):
        print(overview())
        return 0
    if words[0] == "--version":
        print(f"amodal {__version__}")
        return 0
    if words[0] not in VERBS:
        _complain(unknown_name("command", words[0], VERBS))
        print("amodal --help says what each is for", file=sys.stderr)
        return 2
    # Before torch is loaded: threads that wait by spinning make a busy machine ten times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with _plain_notices():
        return _run_explained(words)


def _run_explained(words: Sequence[str]) -> int:
    """Parse and run; what is expected to go wrong becomes a line and an exit code."""
    try:
        return parse(words).run() or 0
    except AmodalError as error:
        _complain(error)
        return 1
    except KeyboardInterrupt:
        print("interrupted: run the same command again to go on", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, say) has gone; Python would complain once more on closing the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        return 1
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1


def parse(words: Sequence[str]) -> Command:
    """Read a command line: the verb, then its options.

    Raises:
        SystemExit: 0 after --help, 2 where an option is not understood.
        UnknownNameError: there is no such verb.

    Example:
        >>> parse(["generate", "shapes", "--n", "500"]).n
        500
    """
    import tyro

    verb, *rest = words
    kind = verb_class(verb)
    description, example = split_example(kind)
    try:
        return tyro.cli(kind, prog=f"amodal {verb}", args=rest, description=description)
    except SystemExit as stop:
        if stop.code == 0 and example:
            print(f"\nexample: {example}")
        raise


def verb_class(verb: str) -> type[Any]:
    """The dataclass of a verb, from the file of its name.

    Raises:
        UnknownNameError: there is no such verb.
    """
    if verb not in VERBS:
        raise unknown_name("command", verb, VERBS)
    return getattr(import_module(f"amodal.cli.{verb}"), verb.capitalize())


def split_example(kind: type[Any]) -> tuple[str, str]:
    """A verb's docstring without its example, and the example, which ends its help.

    Example:
        >>> from amodal.cli.doctor import Doctor
        >>> split_example(Doctor)[1]
        'amodal doctor'
    """
    description, _, example = cleandoc(kind.__doc__ or "").partition("Example:")
    return description.strip(), " ".join(example.split())


def overview() -> str:
    """What `amodal --help` prints."""
    width = max(map(len, VERBS))
    lines = [f"  {verb:{width}}  {purpose}" for verb, purpose in VERBS.items()]
    return "\n".join(
        [
            "usage: amodal VERB [OPTIONS]",
            "",
            "Align and translate between frozen models from a handful of matched examples.",
            "",
            *lines,
            "",
            "amodal VERB --help lists a verb's options; amodal --version says which this is.",
            "",
            "example: amodal demo --out runs/demo",
        ]
    )


def _complain(error: AmodalError) -> None:
    print(f"error: {error}", file=sys.stderr)


@contextmanager
def _plain_notices() -> Iterator[None]:
    """Notices as one line, without the place in the code that a warning shows."""
    usual = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *rest: Any, **more: Any) -> None:
        if issubclass(category, Notice):
            print(f"notice: {message}", file=sys.stderr)
        else:
            usual(message, category, *rest, **more)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


if __name__ == "__main__":
    sys.exit(main())
