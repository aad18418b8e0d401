"""The command line as a whole: verbs, help, exit codes, and failures in plain words."""

import signal
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import pytest

import amodal
from amodal.cli import main as module
from amodal.cli.main import VERBS, main, parse, split_example, verb_class
from amodal.errors import InputError, Notice, UnknownNameError


def test_help_lists_every_verb_with_its_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == main([]) == 0
    text = capsys.readouterr().out
    for verb, purpose in VERBS.items():
        assert f"  {verb} " in text
        assert purpose in text
    assert text.rstrip().splitlines()[-1].startswith("example: amodal ")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"amodal {amodal.__version__}\n"


def test_wrong_verb_offers_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trnaslate", "x"]) == 2
    error = capsys.readouterr().err
    assert "error: unknown command 'trnaslate': did you mean 'translate'?" in error
    assert "amodal --help" in error
    with pytest.raises(UnknownNameError, match="did you mean 'encode'"):
        parse(["encod"])


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_ends_with_an_example_that_parses(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"usage: amodal {verb}" in text
    example = split_example(verb_class(verb))[1]
    assert text.rstrip().splitlines()[-1] == f"example: {example}"
    assert example.startswith(f"amodal {verb}")


def test_unknown_option_and_wrong_value_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "shapes", "--nn", "3"]) == 2
    assert "--nn" in capsys.readouterr().err
    assert main(["generate", "shapes", "--n", "many"]) == 2
    assert "--n" in capsys.readouterr().err


@dataclass(frozen=True)
class Doctor:
    """Stands in for the real verb."""

    problem: str = ""
    """What to raise."""

    def run(self) -> int | None:
        problems = {
            "input": InputError("expected three numbers, got two: add one"),
            "interrupt": KeyboardInterrupt(),
            "pipe": BrokenPipeError(),
            "locked": PermissionError(13, "Permission denied", "latents.npy"),
            "bug": ZeroDivisionError("not expected"),
        }
        if self.problem in problems:
            raise problems[self.problem]
        if self.problem == "notice":
            warnings.warn("two matches were given twice", Notice, stacklevel=1)
        return 3 if self.problem == "code" else None


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "verb_class", lambda verb: Doctor)


@pytest.mark.usefixtures("staged")
@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        ("", 0, ""),
        ("code", 3, ""),
        ("input", 1, "error: expected three numbers, got two: add one\n"),
        ("locked", 1, "error: latents.npy: Permission denied\n"),
        ("interrupt", 130, "interrupted: run the same command again to go on\n"),
    ],
)
def test_outcome_becomes_words_and_an_exit_code(
    problem: str, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--problem", problem]) == code
    assert capsys.readouterr().err == said


@pytest.mark.usefixtures("staged")
def test_notices_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    usual = warnings.showwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["doctor", "--problem", "notice"]) == 0
    assert capsys.readouterr().err == "notice: two matches were given twice\n"
    assert warnings.showwarning is usual


@pytest.mark.usefixtures("staged")
def test_a_fault_of_ours_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        main(["doctor", "--problem", "bug"])


def test_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m amodal.cli.main generate --help | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("usage: amodal generate")
    assert done.stderr == ""


@pytest.mark.slow
def test_ctrl_c_on_a_real_command_is_130_and_the_same_command_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "shapes"
    words = ["generate", "shapes", "--n", "300000", "--workers", "1", "--out", str(out)]
    command = [sys.executable, "-m", "amodal.cli.main", *words]
    # Whoever starts the tests in the background may have told them to ignore the signal.
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    progress = tmp_path / "shapes.part" / "done.txt"
    while not (progress.exists() and progress.stat().st_size):
        assert process.poll() is None, "it ended before it could be interrupted"
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert "run the same command again to go on" in error
    assert "Traceback" not in error
    assert not out.exists()
    assert main(["generate", "shapes", "--n", "300000", "--out", str(out)]) == 0
    assert (out / "manifest.json").exists()


def test_the_package_is_the_command_line_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "amodal", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, amodal.__version__ in done.stdout) == (0, True)
