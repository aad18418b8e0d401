"""The frontier: the default's own fits, and from where on people can read."""

import json

import numpy as np
from small_study import small_settings

from amodal.data.kinds import kind_of
from amodal.study.base import run_study
from amodal.study.cells import REFERENCE, Cell
from amodal.study.frontier import FEWEST, READ_BACK, readable_from
from amodal.study.frontier import cells as frontier_cells
from amodal.study.measures import ERROR
from amodal.study.preset_fits import DEFAULT, ENSEMBLE, preset_rows
from amodal.study.settings import BUDGETS
from amodal.study.store import RunStore
from amodal.study.studies import STUDIES

SMALL = {"matches": (12, 40), "matchable": 100, "steps": 20, "latents": ("default",)}


def test_the_study_compares_the_default_on_the_same_matches(tmp_path) -> None:
    done = run_study(STUDIES["frontier"], tmp_path, small_settings(**SMALL))
    methods = {row["method"] for row in done.rows}
    assert {DEFAULT, ENSEMBLE, REFERENCE, "ridge", "kernel ridge"} <= methods
    [space] = done.summary["spaces"]
    factors = [f for f in space["factors"] if f["against"] == REFERENCE]
    assert [f["at"] for f in factors] == [12, 40]
    # With few steps a network from nothing learns hardly anything, a closed form much.
    assert all(f["sign"] == ">=" for f in factors)
    assert "readable at every seed: Amodal" in done.folder.joinpath("section.md").read_text()


def test_fits_are_done_once_and_do_not_depend_on_others(tmp_path) -> None:
    settings = small_settings(**SMALL)
    cells = [Cell("image-attributes", method=REFERENCE, matches=40, seed=s) for s in (0, 1)]
    both = preset_rows(RunStore(tmp_path / "both", settings), settings, cells)
    store = RunStore(tmp_path / "one", settings)
    alone = preset_rows(store, settings, cells[1:])
    np.testing.assert_allclose(both[1][ERROR], alone[0][ERROR], rtol=1e-3)
    # What was measured is only read.
    place = tmp_path / "one" / "preset_fits" / "measured.json"
    told = json.loads(place.read_text())
    [key] = told
    told[key][ERROR] = 7.0
    place.write_text(json.dumps(told))
    assert preset_rows(store, settings, cells[1:])[0][ERROR] == 7.0


def read(matches: int, seed: int, place: float, shape: float = 0.99) -> dict:
    way = "image to attributes"
    values = {"shape_accuracy": shape, "place_pixels": place, "rotation_degrees": 3.0}
    values |= {"size_pixels": 0.1, "colour_levels": 5.0}
    figures = {f"{name} {way}": value for name, value in values.items()}
    return {"matches": matches, "seed": seed, "method": DEFAULT} | figures


def test_readable_from_where_no_seed_fails_any_more() -> None:
    rows = [
        *(read(10, s, 0.9) for s in (0, 1)),
        *(read(20, s, 0.4) for s in (0, 1)),
        # One seed, then one shape, is too bad: what came before does not count.
        *(read(50, s, p) for s, p in ((0, 0.3), (1, 0.6))),
        *(read(100, s, 0.3) for s in (0, 1)),
        *(read(200, s, 0.3) for s in (0, 1)),
    ]
    kind, way = kind_of("shapes"), "image to attributes"
    assert readable_from(rows, way, kind) == 100
    assert readable_from([*rows, read(200, 2, 0.3, shape=0.94)], way, kind) is None
    assert readable_from([], way, kind) is None


def test_bars_are_wider_for_what_is_read_back() -> None:
    kind = kind_of("shapes")
    assert all(figure.bar is not None for figure in kind.figures)
    place = next(figure for figure in kind.headline if figure.name == "place_pixels")
    assert not place.readable(0.6)
    assert place.readable(0.6, times=READ_BACK)


def test_the_first_pairing_is_asked_with_very_few_matches_too() -> None:
    laptop = frontier_cells(BUDGETS["laptop"])
    assert FEWEST in {c.matches for c in laptop if c.pairing == "image-attributes"}
    assert {c.pairing for c in laptop} == {"image-attributes", "image-text"}
