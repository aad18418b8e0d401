"""Studies of representations: what they leave, and what their numbers mean."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_study import small_settings

from amodal.data.shapes.heldout import in_heldout_region
from amodal.evaluation.of_population import states
from amodal.study.base import run_study
from amodal.study.cells import FULL, Cell
from amodal.study.choices import cells_near
from amodal.study.classifying import FUSED, STRENGTHS, classifier_settings, population_figures
from amodal.study.comparing import BASELINES, better_by, means, methods_of
from amodal.study.heldout import INSIDE, OUTSIDE, sides, times_worse
from amodal.study.heldout import cells as heldout_cells
from amodal.study.network import architecture_of
from amodal.study.retrieval import retrieval_rows
from amodal.study.saving import core_cells
from amodal.study.settings import StudySettings
from amodal.study.studies import STUDIES
from amodal.study.things import StudyThings, ThingsStore
from amodal.workspace import Population

OWN = ("downstream", "transfer", "retrieval", "heldout")
SETTINGS = small_settings(pool=300, matchable=100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("study")
    for name in OWN:
        run_study(STUDIES[name], out, SETTINGS)
    return out


@pytest.fixture(scope="module")
def things(folder) -> StudyThings:
    return ThingsStore(folder / "latents", SETTINGS).of("image-attributes", "default")


@pytest.mark.parametrize("name", OWN)
def test_a_study_leaves_its_tables_and_figures(folder: Path, name: str) -> None:
    place = folder / name
    with open(place / "results.csv") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) >= len(STUDIES[name].cells(SETTINGS))
    assert json.loads((place / "summary.json").read_text())["means"]
    assert (place / "section.md").read_text().count("|") > 20
    for figure in json.loads((place / "figures.json").read_text()):
        assert (place / f"{figure['name']}.svg").read_text().count("<path") > 10
        assert "interval" in figure["caption"]


@pytest.mark.parametrize("name", OWN)
def test_a_finished_study_is_not_measured_again(folder: Path, name: str) -> None:
    before = (folder / name / "results.csv").read_text()
    study = replace(STUDIES[name], measure=lambda *_: pytest.fail("measured again"))
    if study.beside:
        study = replace(study, beside=lambda *_: pytest.fail("measured again"))
    run_study(study, folder, SETTINGS)
    assert (folder / name / "results.csv").read_text() == before


@pytest.mark.parametrize("name", ["downstream", "transfer", "retrieval"])
def test_no_run_is_trained_for_these_alone(name: str) -> None:
    settings = StudySettings()
    cells = STUDIES[name].cells(settings)
    assert set(cells) <= set(core_cells(settings))
    assert {cell.method for cell in cells} == set(settings.methods)


def test_few_some_and_many_matches_are_looked_at() -> None:
    settings = StudySettings(matches=(20, 50, 100, 500, 2000, 6000, 20_000))
    chosen = cells_near(settings, (50, 500, 5000))
    full = [c for c in chosen if c.method == FULL and c.pairing == "image-attributes"]
    assert {cell.matches for cell in full} == {50, 500, 6000}
    assert {cell.latents for cell in full} == {"default", "vae"}


def test_every_source_is_classified_against_every_other(folder: Path) -> None:
    rows = json.loads((folder / "transfer" / "measured.json").read_text())["rows"]
    sources = ("image", "attributes", FUSED)
    for row in rows.values():
        for trained_on in sources:
            assert 0 <= row[f"own {trained_on}"] <= 1
            for tested_on in sources:
                assert (f"transfer {trained_on} to {tested_on}" in row) == (trained_on != tested_on)
        for strength in STRENGTHS:
            assert f"fused accuracy, image at {strength:g}" in row
        # Without noise, or without the modality, it does not matter which one would have had it.
        assert row["fused accuracy, image at 0"] == row["fused accuracy, attributes at 0"]
        assert row["error image, image at 0"] == row["error image, attributes at 0"]
        assert row["alone accuracy, image at 0"] == row["own image"]
        assert row["fused accuracy, image at 0"] == row[f"own {FUSED}"]


def test_baselines_need_no_matches(folder: Path) -> None:
    with open(folder / "downstream" / "results.csv") as handle:
        rows = list(csv.DictReader(handle))
    for method in BASELINES:
        own = [row for row in rows if row["method"] == method]
        assert {row["seed"] for row in own} == {"0", "1"}
        assert {row["matches"] for row in own} == {"0"}
        assert all(row["accuracy image"] and row["accuracy attributes"] for row in own)


def test_one_modality_given_as_both_transfers_perfectly(things: StudyThings) -> None:
    """Two encoders with the same weights: what one's classifier says, the other's says too."""
    twin = replace(
        things,
        names=("image", "attributes"),
        specs=dict.fromkeys(things.names, things.specs["image"]),
        latents=dict.fromkeys(things.names, things.latents["image"]),
    )
    population = Population.create(architecture_of(Cell("image-attributes"), twin.specs), [0, 1])
    views = population.views()
    for name, weight in views.items():
        if name.startswith("attributes."):
            weight.copy_(views[name.replace("attributes.", "image.")])
    for row in population_figures(population, twin, [5, 5], classifier_settings(SETTINGS)):
        assert row["transfer image to attributes"] == row["accuracy image"]
        assert row["transfer image to fused"] == row["accuracy image"]
    for row in retrieval_rows(population, twin):
        assert row["recall@1 image to attributes among 100"] > 0.99
        assert row["foscttm attributes to image among 100"] < 1e-3
    one, two = (states(population, {name: twin.latents[name]}) for name in twin.names)
    assert torch.equal(one, two)


def test_matches_of_the_region_runs_are_outside_of_it(things: StudyThings) -> None:
    cells = heldout_cells(SETTINGS)
    inside = in_heldout_region(things.matchable_factors)
    for cell in cells:
        chosen = np.concatenate(things.things_of(cell))
        assert not (cell.region and inside[chosen].any())
    assert any(inside[np.concatenate(things.things_of(cell))].any() for cell in cells)
    assert {cell.region for cell in cells} == {False, True}
    measured = sides(things)
    assert in_heldout_region(things.factors[measured[INSIDE]]).all()
    assert not in_heldout_region(things.factors[measured[OUTSIDE]]).any()


def row(method: str, seed: int, value: float, **more) -> dict:
    about = {"pairing": "image-text", "latents": "default", "method": method, "seed": seed}
    return about | {"matches": 50, "region": False, "v": value} | more


def test_times_worse_is_a_ratio_seed_for_seed() -> None:
    rows = [row(FULL, s, v) for s, v in enumerate((1.0, 2.0, 4.0))]
    rows += [row(FULL, s, v, region=True) for s, v in enumerate((2.0, 4.0, 8.0))]
    (found,) = times_worse(rows, "v")
    assert [found[k] for k in ("mean", "low", "high")] == pytest.approx([2.0, 2.0, 2.0])


def test_differences_are_paired_by_seed() -> None:
    rows = [row(FULL, s, v) for s, v in enumerate((0.5, 0.7, 0.9))]
    rows += [row("tr", s, v) for s, v in enumerate((0.4, 0.6, 0.8))]
    rows += [row("no encoder", s, 0.1, matches=0) for s in range(3)]
    found = better_by(rows, "v", than=("tr", "no encoder", "cont"))
    assert [each["against"] for each in found] == ["tr", "no encoder"]
    assert [each["mean"] for each in found] == pytest.approx([0.1, 0.6])
    assert found[0]["high"] - found[0]["low"] < 1e-6
    assert [each["mean"] for each in means(rows, ["v"])] == pytest.approx([0.7, 0.6, 0.1])
    assert methods_of(rows) == ["tr", FULL, "no encoder"]
