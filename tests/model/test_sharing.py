"""Sharing a fitted workspace: the model card, folders, and the Hub behind a stubbed transport."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from plain_data import draw_plain, fitted, quick, same_rows

import amodal
from amodal import Workspace
from amodal.errors import (
    DamagedError,
    ExistsError,
    InputError,
    MissingExtraError,
    NotFittedError,
    NotFoundError,
    UnknownNameError,
)
from amodal.model import hub as hub_calls

NAME = "someone/sound-smell"


@pytest.fixture(scope="module")
def model() -> Workspace:
    return fitted(40)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """An empty Hub, and a cache of its own."""
    library = pytest.importorskip("huggingface_hub")
    if not hasattr(library, "set_client_factory"):
        pytest.skip("this huggingface_hub has no transport that can be replaced")
    from stub_hub import Hub, http

    stub, package = Hub(), http()
    monkeypatch.setattr(library.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(library.constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    transport = package.MockTransport(stub.answer)
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between tries to connect
    library.set_client_factory(lambda: package.Client(transport=transport))
    yield stub
    library.set_client_factory(sys.modules["huggingface_hub.utils._http"].default_client_factory)


def answer(model: Workspace) -> np.ndarray:
    return model.translate(draw_plain()["sound"], "sound", "smell")


def head(card: str) -> dict:
    return pytest.importorskip("yaml").safe_load(card.split("---\n")[1])


def test_the_card_says_what_was_fitted(model, tmp_path) -> None:
    model.save(tmp_path / "saved")
    card = (tmp_path / "saved" / "README.md").read_text("utf-8")
    assert head(card)["library_name"] == "amodal"
    assert "license" not in head(card)
    assert "# license: choose one" in card
    assert "| sound | 120 | 5 | latent: 5 continuous | not named | none: plain arrays |" in card
    assert "40 matches (things known in two or more" in card
    assert "| seed | 0 |" in card
    assert '| losses | {"translation": 1.0' in card
    told = model.held_out_errors_["smell", "sound"]
    simple = min(v for k, v in told.items() if k not in ("blended", "trained members"))
    row = next(line for line in card.splitlines() if line.startswith("| smell | sound | 40 |"))
    assert f"| {told['blended']:.3g} |" in row
    assert f"| {simple:.3g} |" in row
    assert "Plain arrays were given for sound, smell" in card


def test_the_card_says_whether_the_folder_holds_latents(tmp_path) -> None:
    holder = fitted(40, align=False)
    assert holder.ensemble_.kernels
    holder.save(tmp_path / "with")
    assert "do not share it where those must stay private" in text(tmp_path / "with")
    fitted(kernel=False).save(tmp_path / "without")
    assert "no data but statistics of it" in text(tmp_path / "without")


def text(folder: Path) -> str:
    return (folder / "README.md").read_text("utf-8")


def test_a_fit_with_a_folder_writes_the_card(tmp_path) -> None:
    quick(steps=0, members=2).fit(draw_plain(), matches=same_rows(3), folder=tmp_path / "run")
    card = text(tmp_path / "run")
    assert "No matches were held out: nothing here says how good the answers are." in card
    assert "| members | 2 |" in card
    assert "3 matches" in card


def test_the_card_is_not_read_back(model, tmp_path) -> None:
    model.save(tmp_path / "saved", licence="cc-by-4.0")
    assert head(text(tmp_path / "saved"))["license"] == "cc-by-4.0"
    (tmp_path / "saved" / "README.md").write_bytes(b"\xff\xfe")
    np.testing.assert_array_equal(answer(amodal.load(tmp_path / "saved")), answer(model))


@pytest.mark.parametrize("name", ["a|b", "`x`", "two\nlines", "<b>", "---", "[link](x)", "émoi"])
def test_no_name_breaks_the_card(tmp_path, name: str) -> None:
    data = draw_plain()
    rows = {name: data["sound"], "smell": data["smell"]}
    spec = amodal.LatentSpec.continuous(5)
    rows[name] = amodal.Latents(data["sound"], spec, fingerprint="f" * 64, model="m|n\nx")
    model = quick(steps=0).fit(rows, matches=same_rows(20, name, "smell"))
    model.save(tmp_path / "saved", licence='odd: "licence"\n---')
    card = text(tmp_path / "saved")
    assert head(card)["license"] == 'odd: "licence"\n---'
    table = card.split("## Data\n\n")[1].split("\n\n")[0].splitlines()
    assert len(table) == 4
    assert all(line.replace("\\|", "").count("|") == 7 for line in table)
    assert amodal.load(tmp_path / "saved").architecture_.names == (name, "smell")


def test_save_pretrained_and_from_pretrained_of_a_folder(model, tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)  # a folder needs no Hub
    model.save_pretrained(tmp_path / "mine")
    for place in (tmp_path / "mine", str(tmp_path / "mine")):
        np.testing.assert_array_equal(answer(Workspace.from_pretrained(place)), answer(model))
    with pytest.raises(ExistsError, match="already exists: choose another folder"):
        model.save_pretrained(tmp_path / "mine")
    with pytest.raises(InputError, match="is a folder, which has no revisions: leave revision"):
        Workspace.from_pretrained(tmp_path / "mine", revision="main")


def test_without_the_extra_it_is_said(model, monkeypatch) -> None:
    hub_calls._on_hub.cache_clear()
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for call in (lambda: model.push_to_hub(NAME), lambda: Workspace.from_pretrained(NAME)):
        with pytest.raises(MissingExtraError, match=r'pip install "amodal\[hub\]"'):
            call()
    hub_calls._on_hub.cache_clear()


def test_pushed_and_fetched_it_is_the_same(model, hub) -> None:
    address = model.push_to_hub(NAME, licence="apache-2.0", private=True)
    assert address.startswith(f"https://huggingface.co/{NAME}/commit/")
    files = hub.repositories[NAME]["main"]
    expected = ["README.md", "config.json", "environment.json", "model.safetensors"]
    assert sorted(files) == expected
    assert head(files["README.md"].decode())["license"] == "apache-2.0"
    assert json.loads(files["config.json"])["format"] == "amodal-workspace"
    fetched = Workspace.from_pretrained(NAME)
    np.testing.assert_array_equal(answer(fetched), answer(model))
    assert fetched.get_params() == model.get_params()
    # What is in the cache needs no connection.
    hub.reached = False
    np.testing.assert_array_equal(answer(Workspace.from_pretrained(NAME)), answer(model))


def test_revisions(model, hub) -> None:
    model.push_to_hub(NAME)
    first = next(name for name in hub.repositories[NAME] if name != "main")
    fitted(10, steps=0).push_to_hub(NAME)
    assert Workspace.from_pretrained(NAME).matches_ == 10
    assert Workspace.from_pretrained(NAME, revision=first).matches_ == 40
    with pytest.raises(NotFoundError, match="has no such revision: give a branch, tag or commit"):
        Workspace.from_pretrained(NAME, revision="v9")


def test_pushing_again_does_not_keep_what_was_there(model, hub) -> None:
    model.push_to_hub(NAME, branch="main", commit_message="first")
    model.push_to_hub(NAME)
    assert Workspace.from_pretrained(NAME).matches_ == 40


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[1]", "holds no workspace that can be read"),
        (b"{", "holds no workspace that can be read"),
        (b"\xff", "holds no workspace that can be read"),
        (b'{"model_type": "bert", "licence": 3}', "is not of a fitted workspace"),
    ],
)
def test_foreign_repositories(hub, content: bytes, words: str) -> None:
    hub.repositories[NAME] = {"main": {"config.json": content}}
    with pytest.raises(DamagedError, match=words):
        Workspace.from_pretrained(NAME)


def test_a_repository_without_a_workspace(hub) -> None:
    hub.repositories[NAME] = {"main": {"README.md": b"hello"}}
    with pytest.raises(NotFoundError, match="holds no fitted model"):
        Workspace.from_pretrained(NAME)


def test_damage_on_the_way_is_said(model, hub) -> None:
    model.push_to_hub(NAME)
    files = hub.repositories[NAME]["main"]
    content = files["model.safetensors"]
    files["model.safetensors"] = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(DamagedError, match="truncated or changed"):
        Workspace.from_pretrained(NAME)


@pytest.mark.parametrize("name", ["someone/nothing", "no such folder", "a/b/c"])
def test_names_that_lead_nowhere(hub, name: str) -> None:
    with pytest.raises(NotFoundError, match=r"there is no folder .*and no repository of that name"):
        Workspace.from_pretrained(name)


def test_refusals_of_the_hub_are_said(model, hub) -> None:
    hub.allowed = False
    with pytest.raises(InputError, match=r"the Hub refuses someone/sound-smell: .*hf auth login"):
        model.push_to_hub(NAME)
    hub.reached = False
    with pytest.raises(NotFoundError, match="cannot be reached"):
        model.push_to_hub(NAME)
    with pytest.raises(NotFoundError, match="cannot be reached"):
        Workspace.from_pretrained(NAME)


def test_wrong_calls_are_refused_before_the_hub_is_asked(model, hub) -> None:
    with pytest.raises(NotFittedError, match="call fit first"):
        quick().push_to_hub(NAME)
    with pytest.raises(UnknownNameError, match="of pushing 'privat': did you mean 'private'"):
        model.push_to_hub(NAME, privat=True)
    with pytest.raises(UnknownNameError, match="option of fetching 'revison'"):
        Workspace.from_pretrained(NAME, revison="main")
    assert hub.asked == []
