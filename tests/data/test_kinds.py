"""Every kind of data keeps its word: what it declares is what its functions give."""

import numpy as np
import pytest

from amodal.cli.things import read_attributes, said
from amodal.data.dataset import named_data
from amodal.data.generation import generate
from amodal.data.kinds import KIND_NAMES, Kind, kind_of
from amodal.errors import InputError, NotFoundError, UnknownNameError
from amodal.unimodal.attributes import Attributes
from bars import known_bars
from drawing import skip_unless_drawn

COUNT = 60


@pytest.fixture(scope="module", params=[*KIND_NAMES, "bars"])
def kind(request):
    if request.param == "factory":
        skip_unless_drawn()
    with known_bars():
        yield kind_of(request.param)


@pytest.fixture(scope="module")
def factors(kind: Kind) -> np.ndarray:
    return kind.draw(COUNT, seed=5)


def test_factors_are_named_and_depend_on_their_number_alone(kind: Kind, factors) -> None:
    assert factors.shape == (COUNT, len(kind.factor_names))
    assert factors.dtype == np.float32
    np.testing.assert_array_equal(kind.draw(10, seed=5, start=20), factors[20:30])


def test_pictures_have_the_side_that_is_asked_for(kind: Kind, factors) -> None:
    pictures = kind.render(factors[:4], side=kind.side)
    assert pictures.shape == (4, kind.side, kind.side, 3)
    assert pictures.dtype == np.uint8
    assert pictures.std() > 0


def test_attributes_are_as_declared_and_their_own_latents(kind: Kind, factors) -> None:
    rows = kind.attributes(factors)
    assert rows.shape == (COUNT, len(kind.attribute_names)) == (COUNT, kind.attribute_blocks.dim)
    model = Attributes(f"{kind.name}/attributes")
    np.testing.assert_allclose(model.decode(model.encode(rows)), rows, atol=1e-6)


def test_attributes_come_back_through_factors(kind: Kind, factors) -> None:
    rows = kind.attributes(factors)
    again = kind.factors_from_attributes(rows)
    assert again.shape == factors.shape
    np.testing.assert_allclose(kind.attributes(again), rows, atol=1e-3)


def test_readable_errors_are_the_declared_figures(kind: Kind, factors) -> None:
    rows = kind.attributes(factors)
    exact, wrong = kind.readable_errors(rows, rows), kind.readable_errors(rows[::-1], rows)
    assert list(exact) == list(wrong) == [figure.name for figure in kind.figures]
    for figure in kind.figures:
        assert exact[figure.name] == pytest.approx(1 if figure.is_share else 0, abs=1e-3)
        assert (wrong[figure.name] > exact[figure.name]) == figure.lower_is_better
    assert {*kind.headline, kind.finest, kind.roughest} <= set(kind.figures)


def test_captions_are_read_as_what_they_are_written_for(kind: Kind, factors) -> None:
    sentences = kind.write(factors, seed=1)
    readings = [kind.read(sentence) for sentence in sentences]
    assert readings == [kind.read_loosely(sentence) for sentence in sentences]
    assert readings == [kind.read(sentence) for sentence in kind.reword(readings, seed=2)]
    right = kind.agreement(readings, factors)
    assert list(right) == list(kind.descriptor_names)
    assert np.mean(list(right.values())) > 0.95
    wrong = kind.agreement(readings, factors[::-1].copy())
    assert np.mean(list(wrong.values())) < 0.8
    for name in (*kind.near_names, *kind.descriptor_names):
        assert hasattr(readings[0], name)
    for sentence in kind.own_words:
        said_there = [getattr(kind.read_loosely(sentence), n) for n in kind.descriptor_names]
        assert any(name is not None for name in said_there), sentence


def test_triplets_name_what_is_shared(kind: Kind) -> None:
    triplets = kind.triplets(kind.draw(3000, seed=1), np.arange(3000), count=100, seed=0)
    assert len(triplets) == 100
    assert triplets[:, 3].max() <= 2
    assert triplets[:, 4].max() < len(kind.shared_names)


def test_the_held_out_region_is_a_part_of_the_whole(kind: Kind) -> None:
    inside = kind.in_heldout_region(kind.draw(1000, seed=1), seed=0)
    assert 0.02 < inside.mean() < 0.5
    assert kind.heldout_words(seed=0)


def test_attributes_are_typed_and_said(kind: Kind) -> None:
    assert {each.name for each in kind.typed} <= set(kind.factor_names)
    words = [f"{each.word}={each.example}" for each in kind.typed]
    row = read_attributes(kind, words)
    again = read_attributes(kind, said(kind, "attributes", row).split())
    np.testing.assert_allclose(again, row, atol=0.02)


def test_what_a_study_or_a_training_is_given_as_data(kind: Kind, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert named_data(kind.name) == (kind, None)
    made = generate(kind.name, 20, tmp_path / kind.name, seed=3)
    assert made.side == kind.side
    assert named_data(kind.name)[1] is not None
    assert named_data(tmp_path / kind.name)[0] is kind
    with pytest.raises(NotFoundError, match="there is no data folder elsewhere"):
        named_data("elsewhere")


def test_typed_numbers_out_of_range_and_unknown_names_are_refused(kind: Kind) -> None:
    for each in kind.typed:
        if each.names:
            with pytest.raises(UnknownNameError):
                each.read("no such name")
        else:
            with pytest.raises(InputError, match=f"expected a number from {each.low:g} to"):
                each.read(str(each.high + 1))


def test_unknown_kinds_offer_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="kind of data 'shape': did you mean 'shapes'"):
        kind_of("shape")


def test_a_folder_that_happens_to_have_a_kinds_name_is_no_data(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shapes").mkdir()
    assert named_data("shapes")[1] is None
    generate("shapes", 20, "made", show_progress=False)
    (tmp_path / "shapes").rmdir()
    (tmp_path / "made").rename(tmp_path / "shapes")
    found = named_data("shapes")[1]
    assert found is not None
    assert len(found) == 20
