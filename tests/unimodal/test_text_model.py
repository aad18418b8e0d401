"""The text model on a small scale: made, resumed, frozen, and given bad input."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from amodal.data.kinds import kind_of
from amodal.data.shapes import draw_factors, read_caption
from amodal.errors import DamagedError, InputError
from amodal.unimodal.cards import read_figures
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.text import TextAutoencoder
from amodal.unimodal.text_corpus import scene_texts
from amodal.unimodal.text_network import TextSizes
from amodal.unimodal.text_phrases import GAP
from amodal.unimodal.text_recipe import RECIPES, TextRecipe, pretrain_text
from amodal.unimodal.text_training import SceneTexts, TextTraining, train_text
from stopping import stopped_once

SHAPES = kind_of("shapes")
SMALL = TextTraining(
    decoder=Schedule(steps=6, batch=16, learning_rate=3e-3),
    sizes=TextSizes(dim=16, state=24, spoken=12),
    phrases=150,
)


@pytest.fixture(scope="module")
def texts() -> SceneTexts:
    return scene_texts(SHAPES, draw_factors(400, seed=5), seed=5)


@pytest.fixture(scope="module")
def model(texts: SceneTexts) -> TextAutoencoder:
    return train_text(texts, SMALL)


def test_two_speakers_differ_and_a_rewording_does_not(texts: SceneTexts):
    first, second = ([read_caption(s) for s in part] for part in (texts.first, texts.second))
    assert first == [read_caption(s) for s in texts.reworded]
    assert [r.shape for r in first] == [r.shape for r in second]
    assert 0.2 < np.mean([a.size == b.size for a, b in zip(first, second, strict=True)]) < 0.9
    assert sum(map(len, texts.reworded)) < 0.95 * sum(map(len, texts.first))


def test_columns_spread_alike_around_0(model: TextAutoencoder, texts: SceneTexts):
    latents = model.encode([*texts.first, *texts.second])
    assert latents.mean(0).abs().max() < 0.05
    assert (latents.var(0) - 1).abs().max() < 0.15


def test_latents_hold_meaning_and_not_wording(model: TextAutoencoder, texts: SceneTexts):
    first, again, other = (
        model.encode(part) for part in (texts.first, texts.reworded, texts.first[::-1])
    )
    alike = (first - again).square().sum(1).mean()
    assert alike < 0.4 * (first - other).square().sum(1).mean()


def test_the_result_does_not_depend_on_the_batch(model: TextAutoencoder, texts: SceneTexts):
    some = texts.first[:50]
    latents = model.encode(some)
    assert torch.equal(latents, model.encode(some, batch=7))
    assert model.decode(latents) == model.decode(latents, batch=7)
    assert model.decode(latents) == model.decode(latents)


def test_the_model_is_frozen(model: TextAutoencoder):
    assert not model.train().training
    assert not any(p.requires_grad for p in model.parameters())
    before = model.fingerprint
    latents = model.encode(["a red egg"]).requires_grad_()
    latents.square().sum().backward()
    assert model.fingerprint == before


def test_saved_and_loaded_it_says_the_same(
    model: TextAutoencoder, texts: SceneTexts, tmp_path: Path
):
    model.save(tmp_path / "text.safetensors")
    loaded = TextAutoencoder.load(tmp_path / "text.safetensors")
    assert loaded.fingerprint == model.fingerprint
    assert torch.equal(loaded.encode(texts.first[:20]), model.encode(texts.first[:20]))


def test_the_fingerprint_changes_with_a_phrase_or_a_weight(texts: SceneTexts):
    model = train_text(texts, SMALL)
    before = model.fingerprint
    model.encoder.table[0, 0] += 1
    assert model.fingerprint != before
    settings = model.settings()
    renamed = TextAutoencoder("x", **{**settings, "phrases": ["other", *settings["phrases"][1:]]})
    same = TextAutoencoder("x", **settings)
    same.load_state_dict(model.state_dict())
    renamed.load_state_dict(model.state_dict())
    assert same.fingerprint == model.fingerprint != renamed.fingerprint


def test_a_damaged_file_is_refused(model: TextAutoencoder, tmp_path: Path):
    path = tmp_path / "text.safetensors"
    model.save(path)
    content = bytearray(path.read_bytes())
    content[-3] ^= 64
    path.write_bytes(bytes(content))
    with pytest.raises(DamagedError, match="do not match their fingerprint"):
        TextAutoencoder.load(path)
    path.write_bytes(bytes(content[: len(content) // 2]))
    with pytest.raises(DamagedError, match="is truncated"):
        TextAutoencoder.load(path)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("a red egg", r"expected a list of sentences, got one string: write \['a red egg'\]"),
        (7, "expected a list of sentences, got int"),
        (["a red egg", 3], "text, row 1: expected a string, got int"),
        (["a red egg", ""], "text, row 1: the sentence '' has no words"),
        (["egg " * 90], "text, row 0: the sentence has 90 words"),
        (["qqqq xyxyxy"], "text, row 0: no word of 'qqqq xyxyxy' is known"),
    ],
)
def test_bad_input_is_refused_by_row(model: TextAutoencoder, raw, message: str):
    with pytest.raises(InputError, match=message):
        model.encode(raw)


def test_an_array_of_strings_is_read_like_a_list(model: TextAutoencoder):
    assert torch.equal(model.encode(np.array(["a red egg"])), model.encode(["a red egg"]))


def test_no_rows_give_no_rows(model: TextAutoencoder):
    assert model.encode([]).shape == (0, 16)
    assert model.decode(torch.zeros(0, 16)) == []


def test_latents_of_another_model_are_refused(model: TextAutoencoder):
    with pytest.raises(InputError, match="latents have 12 columns, expected 16"):
        model.decode(torch.zeros(1, 12))


def test_an_interrupted_training_ends_in_the_same_weights(
    model: TextAutoencoder, texts: SceneTexts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    checkpoint = tmp_path / "checkpoint"
    stopped_once(monkeypatch, after=4)
    with pytest.raises(KeyboardInterrupt):
        train_text(texts, SMALL, checkpoint=checkpoint)
    assert checkpoint.is_file()
    assert train_text(texts, SMALL, checkpoint=checkpoint).fingerprint == model.fingerprint


def test_an_interrupted_training_does_not_go_on_with_other_sentences(
    texts: SceneTexts, tmp_path: Path
):
    checkpoint = tmp_path / "checkpoint"
    train_text(texts, SMALL, checkpoint=checkpoint)
    others = scene_texts(SHAPES, draw_factors(400, seed=6), seed=6)
    with pytest.raises(InputError, match="belongs to a run on other data: delete it"):
        train_text(others, SMALL, checkpoint=checkpoint)
    other_words = SceneTexts(
        *([s.replace("triangle", "wedgelet") for s in part]
          for part in (texts.first, texts.reworded, texts.second))
    )  # fmt: skip
    with pytest.raises(InputError, match="belongs to a run on other data: delete it"):
        train_text(other_words, SMALL, checkpoint=checkpoint)


def test_the_seed_decides(model: TextAutoencoder, texts: SceneTexts):
    other = TextTraining(
        decoder=Schedule(steps=6, batch=16, learning_rate=3e-3, seed=1),
        sizes=SMALL.sizes,
        phrases=SMALL.phrases,
    )
    assert train_text(texts, SMALL).fingerprint == model.fingerprint
    assert train_text(texts, other).fingerprint != model.fingerprint


def test_speaking_is_learnt(texts: SceneTexts):
    brief = SceneTexts(*(part[:64] for part in (texts.first, texts.reworded, texts.second)))
    few = TextTraining(
        decoder=Schedule(steps=150, batch=64, learning_rate=1e-2),
        sizes=TextSizes(dim=32, state=64, spoken=32),
        phrases=100,
        noise=0.0,
    )
    made = train_text(brief, few)
    said = made.decode(made.encode(brief.first))
    shapes = [
        word
        for words in ("diamond kite lozenge", "egg ovoid", "triangle wedge")
        for word in words.split()
    ]
    assert np.mean([any(word in sentence for word in shapes) for sentence in said]) > 0.9


def test_phrases_with_gaps_are_kept_with_the_model(texts: SceneTexts, tmp_path: Path):
    made = train_text(texts, replace(SMALL, longest=2, reach=5))
    assert made.settings()["reach"] == 5
    assert any(GAP in phrase for phrase in made.encoder.phrases.phrases)
    made.save(tmp_path / "text.safetensors")
    loaded = TextAutoencoder.load(tmp_path / "text.safetensors")
    assert loaded.fingerprint == made.fingerprint
    assert torch.equal(loaded.encode(texts.first[:9]), made.encode(texts.first[:9]))


def test_settings_without_gaps_are_those_of_before(model: TextAutoencoder):
    assert set(model.settings()) == {"words", "length", "phrases", "sizes"}
    assert RECIPES.get("shapes", TextRecipe()) == TextRecipe(150_000, 4, TextTraining())


def test_of_more_wordings_a_briefer_one_is_kept():
    factors = draw_factors(50, seed=5)
    few, many = (scene_texts(SHAPES, factors, seed=5, wordings=count) for count in (1, 16))
    assert many.first == few.first
    words = [sum(s.count(" ") for s in texts.reworded) for texts in (few, many)]
    assert words[1] < 0.9 * words[0]


def test_a_recipe_writes_weights_and_a_card(tmp_path: Path):
    out = tmp_path / "text.safetensors"
    figures = pretrain_text(
        SHAPES,
        out,
        factors=draw_factors(200, seed=9),
        steps=2,
        command="amodal pretrain text",
        training=SMALL,
        measure=lambda model: {"dim": float(model.specification.dim)},
    )
    assert figures == read_figures(out) == {"dim": 16.0}
    card = out.with_suffix(".md").read_text("utf-8")
    assert "two speakers" in card
    assert "| 200, two captions" in card
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.md", "text.safetensors"]


def test_bad_settings_are_listed():
    with pytest.raises(
        InputError, match=r"phrases is 8, expected at least 32.*reach is -2.*noise is -1"
    ):
        TextTraining(phrases=8, reach=-2, noise=-1)
    with pytest.raises(InputError, match="state is 0, expected a whole number"):
        TextSizes(state=0)
    with pytest.raises(InputError, match=r"hold \[1, 2, 1\] rows, expected equal numbers"):
        SceneTexts(["a"], ["a", "b"], ["a"])
    with pytest.raises(InputError, match="there are no scenes to learn from"):
        pretrain_text(SHAPES, "text.safetensors", factors=np.zeros((0, 8), np.float32))
