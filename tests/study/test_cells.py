"""Cells, settings and the names in them."""

import pytest

from amodal.errors import InputError, UnknownNameError
from amodal.losses import find_loss
from amodal.study.cells import METHODS, Cell, grid, unique
from amodal.study.network import CANDIDATES, VARIANTS, find_variant
from amodal.study.settings import BUDGETS, StudySettings, study_settings


def test_methods_are_those_of_the_paper_with_known_losses() -> None:
    assert len(METHODS) == 8
    short = {"tr": "translation", "cont": "contrastive", "dcy": "demi_cycle", "cy": "cycle"}
    for name, losses in METHODS.items():
        assert [short[part] for part in name.split("+")] == list(losses)
        for loss in losses:
            find_loss(loss)


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'tr\+cont'"):
        Cell("image-attributes", method="tr+con")
    with pytest.raises(UnknownNameError, match="did you mean 'image-text'"):
        Cell("imagetext")
    with pytest.raises(UnknownNameError, match="unknown budget 'laptip': did you mean 'laptop'"):
        study_settings("laptip")
    with pytest.raises(UnknownNameError, match="unknown variant 'state-9'"):
        find_variant("state-9")
    with pytest.raises(InputError, match="at least 4 matches, 2 of them held out, got 3"):
        Cell("image-text", matches=3)
    with pytest.raises(InputError, match="seeds is empty, expected at least one"):
        StudySettings(seeds=())


def test_cells_survive_json_and_are_unique() -> None:
    cells = grid(pairing="image-text", method="tr", matches=[20, 20, 50], seed=range(2))
    assert len(unique(cells)) == 4
    assert [Cell.from_json(cell.to_json()) for cell in cells] == cells


def test_settings_survive_json() -> None:
    for settings in BUDGETS.values():
        assert StudySettings.from_json(settings.to_json()) == settings


def test_what_is_asked_for_replaces_the_budget() -> None:
    settings = study_settings("smoke", pairing="text-attributes", matches=(600, 8), seeds=1)
    assert (settings.pairings, settings.matches, settings.seeds, settings.matchable) == (
        ("text-attributes",),
        (8, 600),
        (0,),
        600,
    )
    assert settings.nearest(100) == 600
    assert StudySettings(matches=(20, 50, 100)).spread(2, most=60) == (20, 50)


def test_all_methods_try_the_same_candidates_and_a_strong_decay_is_among_them() -> None:
    decays = [candidate.weight_decay for candidate in CANDIDATES]
    assert min(decays) <= 0.05
    assert max(decays) >= 0.3
    assert VARIANTS[""].title
