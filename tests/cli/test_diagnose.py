"""`amodal diagnose` and `amodal suggest`: from files to a page, and to a file to fill in."""

import json
from pathlib import Path

import numpy as np
import pytest

from amodal.cli.main import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two views of 200 things, 24 of them matched, and a run fitted on them."""
    folder = tmp_path_factory.mktemp("files")
    generator = np.random.default_rng(0)
    things = generator.normal(size=(200, 3))
    np.save(folder / "sound.npy", things @ generator.normal(size=(3, 5)))
    np.save(folder / "touch.npy", things @ generator.normal(size=(3, 4)))
    lines = "".join(f"{row},{row}\n" for row in range(24))
    (folder / "matches.csv").write_text(f"sound,touch\n{lines}")
    words = ["fit", *latents(folder), "--matches", str(folder / "matches.csv")]
    words += ["--out", str(folder / "run"), "--steps", "0", "--members", "1"]
    assert main(words) == 0
    return folder


def latents(folder: Path) -> list[str]:
    return ["--latents", *(f"{name}={folder / name}.npy" for name in ("sound", "touch"))]


def test_a_run_is_diagnosed_without_its_data(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "diagnosis.json"
    words = ["diagnose", str(folder / "run"), "--json", str(figures)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("PASS all directions: sound to touch, touch to sound")
    assert "variance explained             100%" in said
    assert "of 177 unmatched rows" in said
    assert json.loads(figures.read_text())["verdict"]["level"] == "PASS"
    assert main(words) == 1
    assert "already exists" in capsys.readouterr().err


def test_what_is_no_run_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diagnose", str(tmp_path / "nowhere")]) == 1
    assert "there is no folder" in capsys.readouterr().err


def test_suggestions_become_matches(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "to-label.csv"
    known = ["--matches", str(folder / "matches.csv"), "--modality", "touch"]
    words = ["suggest", *latents(folder), *known, "--n", "9", "--out", str(out)]
    assert main(words) == 0
    assert "9 items of touch out of 176 unmatched ones" in capsys.readouterr().out
    header, *lines = out.read_text().splitlines()
    assert header == "sound,touch"
    rows = [int(line.removeprefix(",")) for line in lines]
    assert len(set(rows)) == 9
    assert min(rows) >= 24
    out.write_text("\n".join([header, *(f"{row},{row}" for row in rows)]))
    fit = ["fit", *latents(folder), "--matches", str(out), "--out", str(tmp_path / "run")]
    assert main([*fit, "--steps", "0", "--members", "1"]) == 0
    assert main(words) == 1
    assert "already exists" in capsys.readouterr().err


def test_named_items_are_suggested_by_name(folder: Path, tmp_path: Path) -> None:
    rows = np.load(folder / "touch.npy")
    # Whole numbers: in a file of matches, each is the name of another row than its number says.
    np.savez(tmp_path / "touch.npz", latents=rows, ids=[str(199 - row) for row in range(200)])
    out, sound = tmp_path / "to-label.csv", f"sound={folder / 'sound.npy'}"
    places = ["--latents", sound, f"touch={tmp_path / 'touch.npz'}"]
    words = ["suggest", *places, "--modality", "touch", "--n", "5", "--out"]
    assert main([*words, str(out)]) == 0
    names = [line.removeprefix(",") for line in out.read_text().splitlines()[1:]]
    numbered = tmp_path / "numbered.csv"
    words[2:4] = latents(folder)[1:]
    assert main([*words, str(numbered)]) == 0
    numbers = [line.removeprefix(",") for line in numbered.read_text().splitlines()[1:]]
    assert names == [str(199 - int(number)) for number in numbers]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--n", "0"], "--n is 0, expected at least 1"),
        (["--n", "500"], "500 suggestions were asked for, expected 1 to 200"),
        (["--modality", "tuoch"], "did you mean 'touch'"),
    ],
)
def test_wrong_arguments_are_explained(
    folder: Path,
    tmp_path: Path,
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "to-label.csv"
    assert main(["suggest", *latents(folder), "--out", str(out), *words]) == 1
    assert message in capsys.readouterr().err
    assert not out.exists()
