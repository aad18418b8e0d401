"""Evaluating a workspace with its unimodal models, and summing up over runs."""

import numpy as np
import pytest

from amodal.data.kinds import kind_of
from amodal.data.shapes import attributes, draw_factors
from amodal.errors import InputError, UnknownNameError
from amodal.evaluation.evaluate import HeldOutThings, evaluate, summarise, unimodal_figures
from amodal.evaluation.raw import AnswerTrust, RawTranslator
from amodal.latents import Latents
from amodal.model import Workspace
from amodal.unimodal import load_model

MODEL = load_model("shapes/attributes")
FACTORS = draw_factors(150, seed=3)


def encoded(rows: slice) -> Latents:
    latents = MODEL.encode(attributes(FACTORS[rows]))
    return Latents(latents, MODEL.specification, MODEL.fingerprint, MODEL.name)


@pytest.fixture(scope="module")
def translator() -> RawTranslator:
    """Attributes here, attributes there: every translation can be read."""
    matches = {name: np.arange(60) for name in ("attributes", "text")}
    latents = {"attributes": encoded(slice(0, 100)), "text": encoded(slice(0, 100))}
    model = Workspace(steps=0, members=2, folds=2).fit(latents, matches=matches)
    return RawTranslator(model, {"attributes": MODEL, "text": MODEL})


def test_figures_with_and_without_factors(translator: RawTranslator) -> None:
    rows = {name: encoded(slice(100, 150)) for name in ("attributes", "text")}
    bare = evaluate(translator, HeldOutThings(rows))
    assert "shape_accuracy" not in bare["text to attributes"]
    assert bare["text to attributes"]["recall@1"] > 0.9
    only = {"attributes": rows["attributes"]}
    whole = unimodal_figures(
        translator, HeldOutThings(only, kind=kind_of("shapes"), factors=FACTORS[100:])
    )
    assert whole["attributes"]["shape_accuracy"] == 1
    with pytest.raises(InputError, match="factors of these things are not known"):
        unimodal_figures(translator, HeldOutThings(rows))


def test_foreign_latents_are_refused(translator: RawTranslator) -> None:
    good = encoded(slice(100, 150))
    bad = Latents(good.rows, good.spec, "f00d", "other")
    with pytest.raises(InputError, match="another unimodal model"):
        evaluate(translator, HeldOutThings({"attributes": bad, "text": good}))


def test_unequal_rows_are_refused() -> None:
    with pytest.raises(InputError, match="need the same rows"):
        HeldOutThings({"attributes": encoded(slice(0, 5)), "text": encoded(slice(0, 6))})
    with pytest.raises(InputError, match="need both kind and factors to be read, or neither"):
        HeldOutThings({"attributes": encoded(slice(0, 5))}, factors=FACTORS[:5])


def test_raw_translation_and_trust(translator: RawTranslator) -> None:
    raw = attributes(FACTORS[100:110])
    answers, trusts = translator.ask(raw, "attributes", "text")
    assert np.abs(answers - raw).mean() < 0.2
    assert len(trusts) == 10
    assert all(trust.matches == 60 and trust.expected >= 0 for trust in trusts)
    assert np.array_equal(answers, translator.translate(raw, "attributes", "text"))
    with pytest.raises(UnknownNameError, match="did you mean 'text'"):
        translator.model_of("texts")


def test_without_held_out_matches_there_is_no_trust() -> None:
    matches = {name: np.arange(60) for name in ("attributes", "text")}
    latents = {name: encoded(slice(0, 100)) for name in matches}
    model = Workspace(steps=0, members=1, folds=0).fit(latents, matches=matches)
    bare = RawTranslator(model, {"attributes": MODEL, "text": MODEL})
    answers, trusts = bare.ask(attributes(FACTORS[100:105]), "attributes", "text")
    assert (len(answers), trusts) == (5, [])


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        (0.1, "surer than usual"),
        (0.21, "as sure as usual"),
        (0.3, "less sure than usual"),
        (0.5, "much less sure than usual"),
    ],
)
def test_trust_in_words(expected: float, words: str) -> None:
    sentence = AnswerTrust(expected=expected, typical=0.2, matches=50).in_words()
    assert sentence.startswith(words + ":")
    assert "usual error 0.20 (over 50 held-out matches)" in sentence


def test_summary_over_runs() -> None:
    runs = [{"a to b": {"loss": value}} for value in (1.0, 2.0, 3.0)]
    found = summarise(runs)["a to b"]["loss"]
    # Student's quantile for 2 degrees of freedom is 4.303.
    assert found.mean == 2
    assert found.high == pytest.approx(2 + 4.303 / 3**0.5, abs=1e-3)
    with pytest.raises(InputError, match="no runs to summarise"):
        summarise([])
