"""What documents show is true: docstring examples, Python blocks and command lines are run."""

import doctest
import importlib
import re
import shlex
import warnings
from pathlib import Path

import pytest

from amodal.cli.main import VERBS, main, parse
from drawing import skip_unless_drawn

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "amodal"
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
QUICK = ("doctor", "generate", "show")
"""Verbs whose documented commands are run, and not only parsed."""
LARGEST = 20_000
"""Data of more items than this is not made in a test."""


def skip_without_simulator(name: str) -> None:
    """What draws the factory needs an optional package, and OpenGL; others need theirs."""
    if "factory" in name:
        skip_unless_drawn()
    if "search" in name:
        pytest.importorskip("lancedb")
    if name in ("amodal.cells", "single-cell.md"):
        pytest.importorskip("mudata")


def skip_without_onnx(name: str) -> None:
    """What is exported is run."""
    if "export" in name or name == "sharing.md":
        pytest.importorskip("onnxruntime")


def modules() -> list[str]:
    paths = [p.relative_to(PACKAGE.parent).with_suffix("") for p in PACKAGE.rglob("*.py")]
    return sorted(".".join(p.parts).removesuffix(".__init__") for p in paths)


def blocks(document: Path, *languages: str) -> list[str]:
    """The fenced blocks of some languages, in order."""
    pattern = rf"^```(?:{'|'.join(languages)})\n(.*?)^```"
    return re.findall(pattern, document.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def commands(document: Path) -> list[list[str]]:
    """The words after `amodal` of every command line in a document."""
    found = []
    for block in blocks(document, "bash", "console", "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line.strip().removeprefix("$ "), comments=True)
            if words[:1] == ["amodal"]:
                found.append(words[1:])
    return found


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("name", modules())
def test_docstring_examples(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    skip_without_simulator(name)
    skip_without_onnx(name)
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0, capsys.readouterr().out


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if blocks(d, "python")], ids=named)
def test_python_of_a_document(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without_simulator(document.name)
    skip_without_onnx(document.name)
    monkeypatch.chdir(tmp_path)
    namespace: dict = {"__name__": "document"}
    for number, block in enumerate(blocks(document, "python")):
        code = compile(block, f"{document.name}, block {number}", "exec")
        exec(code, namespace)


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if commands(d)], ids=named)
def test_commands_of_a_document_parse(document: Path) -> None:
    for words in commands(document):
        if words[0].startswith("-") or "--help" in words:
            assert main(words) == 0
        else:
            parse(words)


@pytest.mark.parametrize("document", [d for d in DOCUMENTS if commands(d)], ids=named)
def test_quick_commands_of_a_document_run(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without_simulator(document.name)
    monkeypatch.chdir(tmp_path)
    for words in commands(document):
        if words[0] not in QUICK or getattr(parse(words), "n", 0) > LARGEST:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert main(words) == 0, f"amodal {shlex.join(words)}"


def test_readme_shows_the_main_verbs() -> None:
    shown = {words[0] for words in commands(ROOT / "README.md")}
    assert {"demo", "generate", "encode", "fit", "evaluate", "translate"} <= shown
    assert shown <= {*VERBS, "--help", "--version"}


def test_table_of_losses_is_that_of_the_code() -> None:
    from amodal.losses import LOSSES
    from amodal.model.presets import PRESETS

    text = (ROOT / "docs" / "losses.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\| (matches|all rows) \| ([\d.]+) \|$", text, re.M)
    weights = {name: float(weight) for name, _, weight in rows}
    assert weights == dict.fromkeys(LOSSES, 0.0) | PRESETS["default"].losses
    supervised = {name: place == "matches" for name, place, _ in rows}
    assert supervised == {name: loss.supervised for name, loss in LOSSES.items()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    absent = [
        link
        for link in links
        if "://" not in link and not (document.parent / link).resolve().exists()
    ]
    assert absent == []
