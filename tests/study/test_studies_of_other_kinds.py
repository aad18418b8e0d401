"""Studies of a kind of data of which nothing here knows more than its `Kind`."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_study import small_settings

from amodal.data.generation import generate
from amodal.latents import encoding
from amodal.study.base import run_study
from amodal.study.settings import StudySettings
from amodal.study.studies import STUDIES
from amodal.study.things import ThingsStore
from bars import BARS, known_bars, shipped_bars

STUDIED = ("saving", "downstream", "heldout")


@pytest.fixture(scope="module", autouse=True)
def shipped(tmp_path_factory):
    with known_bars(), shipped_bars(tmp_path_factory.mktemp("models")):
        yield


@pytest.fixture(scope="module")
def settings(shipped, tmp_path_factory) -> StudySettings:
    folder = tmp_path_factory.mktemp("data") / "bars"
    generate("bars", 3000, folder, seed=3)
    return small_settings(pool=150, matchable=100, data=str(folder))


@pytest.fixture(scope="module")
def studied(settings, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("study")
    for name in STUDIED:
        run_study(STUDIES[name], out, settings)
    return out


@pytest.mark.parametrize("name", STUDIED)
def test_a_study_of_a_folder_is_of_its_kind(studied: Path, name: str) -> None:
    place = studied / name
    assert len((place / "section.md").read_text()) > 300
    shapes = "".join(path.read_text() for path in place.glob("*.md"))
    assert "shape" not in shapes
    assert "rotation" not in shapes


def test_studies_give_the_figures_of_the_kind(studied: Path) -> None:
    def columns(name: str) -> set[str]:
        with open(studied / name / "results.csv") as handle:
            return set(next(csv.reader(handle)))

    assert {"hue_degrees image to attributes", "x_percent attributes to image"} <= columns("saving")
    assert {"accuracy image, width", "probe fused, width_accuracy"} <= columns("downstream")
    assert "inside x_percent image to attributes" in columns("heldout")
    summary = json.loads((studied / "heldout" / "summary.json").read_text())
    assert (summary["kind"], summary["region"]) == ("bars", "wide bars in the left half")
    table = (studied / "downstream" / "section.md").read_text()
    assert "| width right | place, % of the width | hue, degrees |" in table


def test_things_are_drawn_or_from_a_folder(settings, tmp_path) -> None:
    drawn = ThingsStore(tmp_path, replace(settings, data="bars")).of("image-attributes", "default")
    stored = ThingsStore(tmp_path, settings).of("image-attributes", "default")
    for things in (drawn, stored):
        assert things.kind is BARS
        shared = len(things.factors)
        rows = things.normalisations["attributes"].invert(things.latents["attributes"][:shared])
        np.testing.assert_allclose(rows.numpy(), BARS.attributes(things.factors), atol=1e-4)
    assert not np.array_equal(drawn.factors, stored.factors)


def test_encoding_that_was_stopped_goes_on(settings, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(encoding, "BLOCK", 100)
    whole = ThingsStore(tmp_path / "whole", settings).encoded("image", "bars/image")[1]
    store, asked = ThingsStore(tmp_path / "stopped", settings), []
    raw, most = store._source.raw, 3

    def counted(modality: str, start: int, stop: int):
        if len(asked) == most:
            raise KeyboardInterrupt
        asked.append((start, stop))
        return raw(modality, start, stop)

    monkeypatch.setattr(store._source, "raw", counted)
    with pytest.raises(KeyboardInterrupt):
        store.encoded("image", "bars/image")
    most = 10
    np.testing.assert_array_equal(store.encoded("image", "bars/image")[1], whole)
    # A first look at one thing, two blocks; and after it was stopped, from the third on.
    assert asked == [(0, 1), (0, 100), (100, 200), (200, 300), (300, 310)]
