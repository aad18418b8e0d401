"""Training: the schedule, exact resume, and a tiny run of each kind with its card."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from amodal.data.kinds import kind_of
from amodal.data.shapes import draw_factors, render
from amodal.errors import DamagedError, InputError, NotFoundError, UnknownNameError
from amodal.unimodal import load_model, recipes
from amodal.unimodal.cards import read_figures
from amodal.unimodal.pretraining import Schedule, train
from amodal.unimodal.reader import ReaderTraining, spoilt, train_reader
from amodal.unimodal.recipes import Pictures, Recipe, drawn_pictures, pretrain
from amodal.unimodal.symmetry_training import SymmetryTraining, train_symmetry_autoencoder
from amodal.unimodal.vae import VaeTraining, train_vae
from stopping import stopped_once

SHAPES = kind_of("shapes")
IMAGES = render(draw_factors(60, seed=2))


def test_schedule_refuses_all_bad_settings_at_once() -> None:
    with pytest.raises(InputError, match=r"steps .* got 0; batch .* got -1; learning_rate"):
        Schedule(steps=0, batch=-1, learning_rate=0.0)


@pytest.mark.parametrize("after", [4, 8])
def test_a_resumed_vae_equals_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    # Stopped in its first round, or in its second.
    training = VaeTraining(Schedule(6, 8, 1e-3), again=Schedule(4, 8, 1e-3, seed=1))
    whole = train_vae(IMAGES, training)
    assert train_vae(IMAGES, replace(training, again=None)).fingerprint != whole.fingerprint
    stopped_once(monkeypatch, after=after)
    checkpoint = tmp_path / "run.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train_vae(IMAGES, training, checkpoint=checkpoint)
    resumed = train_vae(IMAGES, training, checkpoint=checkpoint)
    assert resumed.fingerprint == whole.fingerprint
    other = train_vae(IMAGES, replace(training, schedule=Schedule(6, 8, 1e-3, seed=1)))
    assert other.fingerprint != whole.fingerprint


@pytest.mark.parametrize("after", [2, 8])
def test_a_resumed_symmetry_run_equals_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    short = Schedule(3, 16, 1e-3)
    training = SymmetryTraining(short, short, short)
    whole = train_symmetry_autoencoder(IMAGES, training)
    stopped_once(monkeypatch, after=after)
    checkpoint = tmp_path / "run.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train_symmetry_autoencoder(IMAGES, training, checkpoint=checkpoint)
    resumed = train_symmetry_autoencoder(IMAGES, training, checkpoint=checkpoint)
    assert resumed.fingerprint == whole.fingerprint


def test_checkpoints_of_other_runs_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "part"
    model = torch.nn.Linear(1, 1)

    def losses(generator: torch.Generator, done: float) -> dict[str, torch.Tensor]:
        return {"line": model(torch.ones(4, 1)).square().mean()}

    train(model, losses, Schedule(3, 4, 0.1), description="line", checkpoint=path)
    with pytest.raises(InputError, match=r"belongs to a run with other settings .* delete it"):
        train(model, losses, Schedule(4, 4, 0.1), description="line", checkpoint=path)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(DamagedError, match="damaged or foreign: delete it to start again"):
        train(model, losses, Schedule(3, 4, 0.1), description="line", checkpoint=path)


def interrupted(checkpoint: Path, kind: str, images: np.ndarray, monkeypatch) -> None:
    """Begin a short training of a kind, and stop it after its first step."""
    with monkeypatch.context() as patch:
        stopped_once(patch, after=2)
        with pytest.raises(KeyboardInterrupt):
            begin(checkpoint, kind, images)


def begin(checkpoint: Path, kind: str, images: np.ndarray) -> None:
    short = Schedule(3, 8, 1e-3)
    if kind == "image":
        plan = SymmetryTraining(short, short, short)
        train_symmetry_autoencoder(images, plan, checkpoint=checkpoint)
    elif kind == "image-vae":
        train_vae(images, VaeTraining(short), checkpoint=checkpoint)
    else:
        shown = np.zeros((len(images), 11), np.float32)
        shown[:, [0, 6]] = 1
        train_reader(images, shown, ReaderTraining(short), checkpoint=checkpoint)


@pytest.mark.parametrize("kind", ["image", "image-vae", "reader"])
def test_an_interrupted_run_does_not_go_on_with_other_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    checkpoint = tmp_path / "run.checkpoint"
    interrupted(checkpoint, kind, IMAGES, monkeypatch)
    for other in (render(draw_factors(60, seed=3)), IMAGES[:50]):
        with pytest.raises(InputError, match=r"run on other data: delete it .* same data"):
            begin(checkpoint, kind, other)
    begin(checkpoint, kind, IMAGES.copy())


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    def losses(model: torch.nn.Linear):
        return lambda generator, done: {"bias": model.bias.square().sum()}

    path, small, large = tmp_path / "part", torch.nn.Linear(1, 1), torch.nn.Linear(2, 1)
    train(small, losses(small), Schedule(3, 4, 0.1), description="sum", checkpoint=path)
    with pytest.raises(InputError, match="belongs to another model: delete it"):
        train(large, losses(large), Schedule(3, 4, 0.1), description="sum", checkpoint=path)


def test_training_learns(tmp_path: Path) -> None:
    model = torch.nn.Linear(1, 1)

    def losses(generator: torch.Generator, done: float) -> dict[str, torch.Tensor]:
        x = torch.randn(16, 1, generator=generator)
        return {"line": (model(x) - 3 * x - 1).square().mean()}

    train(model, losses, Schedule(300, 16, 0.1), description="line")
    assert model.weight.item() == pytest.approx(3, abs=0.05)
    assert model.bias.item() == pytest.approx(1, abs=0.05)
    assert not model.training


@pytest.mark.parametrize("kind", ["image", "image-vae", "reader"])
def test_a_tiny_run_of_each_kind_writes_weights_and_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    recipe = recipes.recipe_of(kind, SHAPES)
    quick = Recipe(recipe.summary, recipe.train, lambda model: {"rows": 1.5}, recipe.assumed)
    monkeypatch.setitem(recipes.RECIPES, f"shapes/{kind}", quick)
    out = tmp_path / f"{kind}.safetensors"
    figures = pretrain(
        kind, out, pictures=drawn_pictures(SHAPES, 64, seed=5), steps=4, command="typed"
    )
    assert figures == {"rows": 1.5} == read_figures(out)
    assert load_model(str(out)).frozen
    card = out.with_suffix(".md").read_text()
    assert "typed" in card
    assert "64 Simple Shapes" in card
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{kind}.md", out.name]


def test_unknown_kinds_offer_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="'image-vea': did you mean 'image-vae'"):
        pretrain("image-vea", tmp_path / "out.safetensors")


def test_cards_without_figures_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "w.safetensors"
    with pytest.raises(NotFoundError, match="there is no model card"):
        read_figures(weights)
    weights.with_suffix(".md").write_text("# a card\n")
    with pytest.raises(DamagedError, match="no table of figures"):
        read_figures(weights)


def test_spoilt_pictures_are_a_little_spoilt() -> None:
    from amodal.unimodal.images import to_tensor

    pictures = to_tensor(IMAGES)
    result = spoilt(pictures, ReaderTraining(), torch.Generator().manual_seed(0))
    off = (result - pictures).abs().mean((1, 2, 3))
    assert result.min() >= 0
    assert result.max() <= 1
    assert off.max() < 0.03
    # About a quarter get neither blur nor noise.
    assert 5 <= (off < 1e-4).sum() <= 30


def test_pictures_keep_images_and_attributes_together() -> None:
    pictures = drawn_pictures(SHAPES, 10, seed=3)
    assert isinstance(pictures, Pictures)
    assert np.array_equal(pictures.images, render(draw_factors(10, seed=3)))
    assert pictures.attributes.shape == (10, 11)
