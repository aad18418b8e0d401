"""The scene's autoencoder: its blocks, its drawing, its training in short."""

from pathlib import Path

import numpy as np
import pytest
import torch

from amodal.unimodal import load_model
from amodal.unimodal.pretraining import Schedule
from amodal.unimodal.scene import SceneAutoencoder, without_hues
from amodal.unimodal.scene_training import SceneTraining, train_scene_autoencoder
from stopping import stopped_once

SHORT = Schedule(2, 8, 1e-3)
TRAINING = SceneTraining(SHORT, SHORT, SHORT, images=24)


def pictures(n: int = 24) -> np.ndarray:
    """Grey halls with a coloured rectangle and a black square, each somewhere else."""
    generator = np.random.default_rng(0)
    images = np.full((n, 64, 64, 3), 128, np.uint8)
    for image in images:
        row, column, other = generator.integers(8, 50, 3)
        image[row : row + 7, column : column + 11] = generator.permutation([20, 120, 240])
        image[other : other + 8, (column + 25) % 52 : (column + 25) % 52 + 8] = 10
    return images


@pytest.fixture(scope="module")
def trained() -> SceneAutoencoder:
    return train_scene_autoencoder(pictures(), TRAINING, name="factory/mine")


def test_blocks_fill_at_most_24_numbers(trained: SceneAutoencoder) -> None:
    assert trained.specification.dim <= 24
    circular = {b.name for b in trained.specification.blocks if b.kind == "circular"}
    assert circular == {"table direction", "table hue", "robot direction"}
    latents = trained.encode(pictures())
    for name in circular:
        lengths = latents[:, trained.specification.columns(name)].norm(dim=1)
        assert torch.allclose(lengths, torch.ones(24), atol=1e-4)


def test_latents_do_not_depend_on_the_batch(trained: SceneAutoencoder) -> None:
    images = pictures()
    assert torch.allclose(trained.encode(images, batch=5), trained.encode(images), atol=1e-4)


def test_turning_all_hues_turns_the_hues_only(trained: SceneAutoencoder) -> None:
    images = pictures()
    before, after = trained.encode(images), trained.encode(np.roll(images, 1, axis=3))
    columns = trained.specification.columns("table hue")
    third = 2 * np.pi / 3
    turning = torch.tensor([[np.cos(third), np.sin(third)], [-np.sin(third), np.cos(third)]])
    assert torch.allclose(after[:, columns], before[:, columns] @ turning.float(), atol=1e-3)
    moved = {columns.start, columns.start + 1}
    moved |= set(range(columns.stop, columns.stop + 2))
    others = [i for i in range(trained.specification.dim) if i not in moved]
    assert torch.allclose(after[:, others], before[:, others], atol=1e-3)


def test_it_draws_pictures_of_its_side(trained: SceneAutoencoder) -> None:
    drawn = trained.decode(trained.encode(pictures()))
    assert drawn.shape == (24, 64, 64, 3)
    wild = torch.randn(3, trained.specification.dim, generator=torch.Generator().manual_seed(0))
    assert trained.decode(30 * wild).dtype == np.uint8
    assert torch.isfinite(trained.draw(30 * wild)).all()


def test_things_are_drawn_where_their_place_says(trained: SceneAutoencoder) -> None:
    latents = trained.encode(pictures())[:1].repeat(2, 1)
    place = trained.specification.columns("robot place")
    latents[1, place] += 0.5
    floor = trained.camera.floor_of_pixels(64, height=0.4)
    first, second = trained.draw(latents)
    far = torch.stack(
        [
            (floor - (row[place] * trained.scale[place] + trained.centre[place])).abs().amax(-1)
            for row in latents
        ]
    )
    untouched = (far > 2).all(0)
    assert torch.allclose(first[:, untouched], second[:, untouched], atol=1e-5)


def test_it_survives_the_disk(trained: SceneAutoencoder, tmp_path: Path) -> None:
    trained.save(tmp_path / "mine.safetensors")
    again = load_model(str(tmp_path / "mine.safetensors"))
    assert again.fingerprint == trained.fingerprint
    assert torch.equal(again.encode(pictures()), trained.encode(pictures()))


def test_hues_are_kept_from_what_reads_directions() -> None:
    crop = torch.rand(2, 4, 24, 24, generator=torch.Generator().manual_seed(0))
    other = torch.cat([1 - crop[:, :2], crop[:, 2:]], 1)
    assert torch.equal(without_hues(crop), without_hues(other))


@pytest.mark.parametrize("after", [2, 6, 10])
def test_a_resumed_run_equals_an_uninterrupted_one(
    trained: SceneAutoencoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    stopped_once(monkeypatch, after)
    checkpoint = tmp_path / "run.checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train_scene_autoencoder(pictures(), TRAINING, name="factory/mine", checkpoint=checkpoint)
    resumed = train_scene_autoencoder(
        pictures(), TRAINING, name="factory/mine", checkpoint=checkpoint
    )
    assert resumed.fingerprint == trained.fingerprint
