"""The studies, at a size of seconds: what they leave, and that they go on."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_study import small_settings

from amodal.errors import UnknownNameError
from amodal.study import everything
from amodal.study import store as store_module
from amodal.study.ablation import PARTS, compared, p_value
from amodal.study.ablation import cells as ablation_cells
from amodal.study.base import run_study
from amodal.study.cells import FULL, REFERENCE, Cell
from amodal.study.cycles import ALONE, SHARED
from amodal.study.everything import run_studies
from amodal.study.markdown import as_html
from amodal.study.network import VARIANTS
from amodal.study.saving import core_cells, summarise
from amodal.study.settings import BUDGETS
from amodal.study.studies import STUDIES

OWN = ("saving", "ablation", "cycles")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """One folder of the small studies, run once."""
    out = tmp_path_factory.mktemp("study")
    for name in OWN:
        run_study(STUDIES[name], out, small_settings())
    return out


@pytest.mark.parametrize("name", OWN)
def test_a_study_leaves_its_tables_figures_and_settings(folder: Path, name: str) -> None:
    place = folder / name
    with open(place / "results.csv") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) >= len(STUDIES[name].cells(small_settings()))
    assert {"pairing", "method", "matches", "seed", "translation_error"} <= set(rows[0])
    config = json.loads((place / "config.json").read_text())
    assert config["settings"]["unmatched"] == 60
    assert json.loads((place / "summary.json").read_text())
    assert (place / "section.md").read_text().count("|") > 20
    for figure in json.loads((place / "figures.json").read_text()):
        assert (place / f"{figure['name']}.svg").read_text().count("<path") > 10
        assert (place / f"{figure['name']}.png").stat().st_size > 5000
        assert "interval" in figure["caption"]


@pytest.mark.parametrize(("numbers", "drawn"), [((5, 9), True), ((9,), False)])
def test_saving_of_any_numbers_of_matches(tmp_path: Path, numbers, drawn: bool) -> None:
    settings = replace(small_settings(), matches=numbers, matches_elsewhere=numbers[:1], seeds=(0,))
    done = run_study(STUDIES["saving"], tmp_path, settings)
    factors = [f for space in done.summary["spaces"] for f in space["factors"]]
    assert {f["at"] for f in factors} <= set(numbers[1:])
    assert any(each.name == "saving-factor" for each in done.drawings) == drawn
    assert "nowhere does it surely need more" not in (done.folder / "section.md").read_text()


def test_an_ablation_of_three_modalities_says_what_its_parts_still_share(folder: Path) -> None:
    told = "Of three modalities each encoder serves two targets"
    assert told not in (folder / "ablation" / "section.md").read_text()
    known = json.loads((folder / "ablation" / "measured.json").read_text())["rows"].values()
    rows = [row | {"pairing": "image-text-attributes"} for row in known]
    summary = STUDIES["ablation"].summarise(rows, small_settings())
    assert told in STUDIES["ablation"].section(rows, summary)


@pytest.mark.parametrize("name", OWN)
def test_a_finished_study_is_neither_trained_nor_measured_again(
    folder: Path, name: str, monkeypatch
) -> None:
    before = (folder / name / "results.csv").read_text()
    monkeypatch.setattr(store_module, "train", lambda *_, **__: pytest.fail("trained again"))
    study = replace(STUDIES[name], measure=lambda *_: pytest.fail("measured again"))
    done = run_study(study, folder, small_settings())
    assert (folder / name / "results.csv").read_text() == before
    assert done.rows


def test_more_seeds_train_only_what_is_new(folder: Path, monkeypatch) -> None:
    trained = []
    usual = store_module.train

    def train(*given, **named):
        trained.extend(run.seed for run in named["runs"])
        return usual(*given, **named)

    monkeypatch.setattr(store_module, "train", train)
    run_study(STUDIES["ablation"], folder, small_settings(seeds=(0, 1, 2)))
    assert set(trained) == {2}


def test_studies_share_their_runs() -> None:
    settings = BUDGETS["laptop"]
    core = set(core_cells(settings))
    shared = [cell for cell in ablation_cells(settings) if cell in core]
    assert len(shared) > len(ablation_cells(settings)) / 3


def known_rows(factor: float, floor: float = 0.0) -> list[dict]:
    """Runs of the reference and of the whole, which needs so many times fewer matches."""
    rng = np.random.default_rng(0)
    rows = []
    for method, times in ((REFERENCE, 1.0), (FULL, factor)):
        for matches in (20, 50, 100, 200, 500, 1000, 3000, 10_000):
            for seed in range(5):
                loss = (times * matches) ** -0.5 * np.exp(0.05 * rng.normal()) + floor
                about = {"pairing": "image-attributes", "latents": "default", "variant": ""}
                about |= {"method": method, "matches": matches, "seed": seed}
                losses = dict.fromkeys(("translation_error", "translation_loss"), loss)
                rows.append(about | losses | {"contrastive_loss": loss})
    return rows


def test_summary_finds_the_factor_that_is_in_the_rows() -> None:
    summary = summarise(known_rows(5.0), BUDGETS["laptop"])
    found = {
        f["at"]: f for f in summary["spaces"][0]["factors"] if f["figure"] == "translation_error"
    }
    assert {at: f["sign"] for at, f in found.items() if at < 100} == {50: ">="}
    for at in (500, 1000, 3000):
        assert found[at]["value"] == pytest.approx(5, rel=0.2)
        assert found[at]["low"] < 5 < found[at]["high"]
    assert "at" in found[500]
    assert found[500]["level"] == pytest.approx(500**-0.5, rel=0.1)


def test_multiples_are_seed_for_seed() -> None:
    full = [{"seed": s, "loss": 1.0 + s} for s in range(4)]
    rows = [{"seed": s, "loss": (1.0 + s) * 2 * np.exp(0.01 * (-1) ** s)} for s in range(4)]
    found = compared(rows, full, "loss")
    assert found["times"] == pytest.approx(2)
    assert found["low"] < 2 < found["high"] < 2.1
    assert found["p"] < 1e-3
    assert compared(rows[:1], full, "loss")["low"] is None
    assert compared([{"seed": 0, "loss": None}], full, "loss")["times"] is None


def test_p_value_is_students() -> None:
    from scipy.stats import ttest_1samp

    differences = np.random.default_rng(1).normal(0.3, 1, 6)
    assert p_value(differences) == pytest.approx(ttest_1samp(differences, 0).pvalue)
    assert p_value(np.zeros(3)) is None


def test_every_named_variant_exists() -> None:
    assert set(SHARED) | set(ALONE) | {part.variant for part in PARTS} <= set(VARIANTS)
    for part in PARTS:
        Cell("image-attributes", method=part.method, variant=part.variant)


def test_report_and_documents(folder: Path, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(everything, "STUDIES", {name: STUDIES[name] for name in OWN})
    lines = run_studies("all", folder, small_settings(), docs=tmp_path / "results")
    page = (folder / "report.html").read_text()
    assert "http" not in page.replace("http://www.w3.org", "").replace(
        "https://www.w3.org", ""
    ) or ("src=" not in page)
    for name in OWN:
        assert STUDIES[name].title in page
        text = (tmp_path / "results" / f"{name}.md").read_text()
        for figure in json.loads((folder / name / "figures.json").read_text()):
            assert f"({figure['name']}.svg)" in text
            assert (tmp_path / "results" / f"{figure['name']}.svg").exists()
    index = (tmp_path / "results" / "README.md").read_text()
    assert "amodal study all" in index
    assert lines[-1] == f"report: {folder / 'report.html'}"


def test_an_unknown_study_offers_the_nearest(tmp_path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'ablation'"):
        run_studies("ablations", tmp_path, small_settings())


def test_markdown_of_sections() -> None:
    text = "**A `b` <c>**\n\n| x | y |\n| --- | ---: |\n| 1 \\| 2 | < 3 |\n\n- one\n  more\n- two"
    html = as_html(text)
    assert "<b>A <code>b</code> &lt;c&gt;</b>" in html
    assert "<td>1 | 2</td><td>&lt; 3</td>" in html
    assert "<li>one more</li><li>two</li>" in html
