"""Studies of two kinds of data, side by side."""

import json
import shutil
from pathlib import Path

import pytest
from small_study import small_settings

from amodal.data.generation import generate
from amodal.errors import InputError, NotFoundError
from amodal.study.base import run_study
from amodal.study.cells import FULL, REFERENCE
from amodal.study.everything import run_studies
from amodal.study.measures import ERROR
from amodal.study.plots import figure_of
from amodal.study.side_by_side import drawing, side_by_side
from amodal.study.studies import STUDIES
from bars import known_bars, shipped_bars


@pytest.fixture(scope="module", autouse=True)
def shipped(tmp_path_factory):
    with known_bars(), shipped_bars(tmp_path_factory.mktemp("models")):
        yield


@pytest.fixture(scope="module")
def of_bars(shipped, tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "bars"
    generate("bars", 3000, folder, seed=3)
    return small_settings(pool=150, matchable=100, data=str(folder))


@pytest.fixture(scope="module")
def folders(of_bars, tmp_path_factory) -> list[Path]:
    out = tmp_path_factory.mktemp("studies")
    for name in ("saving", "downstream"):
        run_study(STUDIES[name], out / "shapes", small_settings(matches=(8, 12, 20)))
        run_study(STUDIES[name], out / "bars", of_bars)
    return [out / "shapes", out / "bars"]


def test_shared_figures_stand_in_columns_of_their_kinds(folders: list[Path]) -> None:
    text = side_by_side(folders)
    assert "- Simple Shapes: 2 seeds, 8 to 20 matches." in text
    [line] = [line for line in text.splitlines() if line.startswith("| accuracy fused |")]
    assert line.count("|") == 4
    assert "Simple Shapes" in line
    # Only what both have: 12 matches were given in one of them.
    assert ": 20 matches |" in text
    assert "12 matches |" not in text
    summary = json.loads((folders[1] / "downstream" / "summary.json").read_text())
    [wanted] = [
        row["mean"]
        for row in summary["means"]
        if (row["method"], row["matches"], row["figure"]) == (FULL, 20, "accuracy fused")
    ]
    start = text.index("| accuracy fused |")
    row = next(line for line in text[start:].splitlines() if ": 20 matches |" in line)
    assert f"{wanted:.3g} ±" in row.split("|")[3]


def test_the_report_and_documents_get_the_comparison(
    folders: list[Path], of_bars, tmp_path: Path
) -> None:
    shapes, bars = folders
    run_studies("saving", bars, of_bars, docs=tmp_path, beside=[shapes])
    report = (bars / "report.html").read_text()
    assert "What changes with complexity" in report
    assert report.index("What changes with complexity") < report.index("How many matches does")
    page = (tmp_path / "side-by-side.md").read_text()
    assert page.startswith("# The same studies on several kinds of data")
    listed = (tmp_path / "README.md").read_text()
    assert "[The same studies on several kinds of data](side-by-side.md)" in listed


def test_the_figure_has_a_panel_for_each_pairing_that_all_have(
    folders: list[Path], tmp_path: Path
) -> None:
    factor = {"figure": ERROR, "against": REFERENCE, "method": FULL, "at": 20, "value": 3.0}
    factor |= {"sign": "", "low": 2.0, "high": 4.0, "text": "3 (2 to 4)"}
    spaces = [
        {"pairing": pairing, "latents": "default", "factors": [factor]}
        for pairing in ("image-attributes", "image-text")
    ]
    for folder, held in zip(folders, (spaces, spaces[:1]), strict=True):
        own = tmp_path / folder.name / "saving"
        shutil.copytree(folder / "saving", own)
        (own / "summary.json").write_text(json.dumps({"spaces": held}))
    copies = [tmp_path / folder.name for folder in folders]
    found = drawing(copies)
    assert found is not None
    assert found.panels == 1
    [panel] = figure_of(found).axes
    # Every line once for the kinds, and 1 itself; then markers and bars.
    assert {line.get_label() for line in panel.lines} >= {"Simple Shapes", "Coloured Bars"}
    assert "image and attributes" in panel.get_title()
    (copies[1] / "saving" / "summary.json").unlink()
    assert drawing(copies) is None


def test_what_cannot_be_compared_is_refused(folders: list[Path], of_bars, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"holds no finished study: give the --out of another"):
        run_studies("saving", tmp_path / "out", of_bars, beside=[tmp_path])
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match=r"two of these folders hold Simple Shapes"):
        side_by_side([folders[0], folders[0]])
    alone = tmp_path / "alone"
    run_study(STUDIES["ablation"], alone, small_settings())
    with pytest.raises(InputError, match=r"share no study with equal numbers of matches"):
        side_by_side([alone, folders[1]])
