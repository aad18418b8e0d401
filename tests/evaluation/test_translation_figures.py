"""Losses, cycles and retrieval of a fitted workspace, against hand-computed values."""

import numpy as np
import pytest
import torch

from amodal.evaluation.translation import latent_loss, retrieval_figures, translation_figures
from amodal.model import Workspace
from amodal.specification import Block, LatentSpec

SPEC = LatentSpec((Block("kind", "categorical", 2), Block("place", "continuous", 2)))


def test_latent_loss_by_hand() -> None:
    truth = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0]])
    answers = torch.tensor([[0.5, 0.5, 2.0, 0.0], [0.0, 1.0, 1.0, 1.0]])
    cross_entropy, squared = np.log(2) / 2, 4 / 4
    expected = cross_entropy * 2 / 4 + squared * 2 / 4
    assert latent_loss(answers, truth, SPEC) == pytest.approx(expected, rel=1e-5)


def test_a_sure_mistake_costs_a_bounded_amount() -> None:
    truth, wrong = torch.tensor([[1.0, 0.0, 0, 0]]), torch.tensor([[0.0, 1.0, 0, 0]])
    assert latent_loss(wrong, truth, SPEC) == pytest.approx(-np.log(1e-6) / 2, rel=1e-4)


@pytest.fixture(scope="module")
def linear() -> tuple[Workspace, dict[str, torch.Tensor]]:
    """Two modalities that are turns of one another, fitted by ridge alone."""
    rng = np.random.default_rng(0)
    things = rng.normal(size=(260, 3))
    turns = [np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in range(2)]
    rows = {"sound": things @ turns[0], "touch": things @ turns[1] + 5}
    rows = {name: value.astype(np.float32) for name, value in rows.items()}
    matches = {name: np.arange(40) for name in rows}
    model = Workspace(steps=0, members=1).fit(
        {name: value[:200] for name, value in rows.items()}, matches=matches
    )
    return model, {name: torch.from_numpy(value[200:]) for name, value in rows.items()}


def test_what_is_linear_is_translated_and_found(linear) -> None:
    model, rows = linear
    figures = translation_figures(model, rows)
    assert set(figures) == {
        "sound to sound",
        "touch to touch",
        "sound to touch",
        "touch to sound",
        "sound to touch to sound",
        "touch to sound to touch",
    }
    assert all(value < 1e-2 for values in figures.values() for value in values.values())
    found = retrieval_figures(model, rows)
    assert found["sound to touch"]["recall@1"] == 1
    assert found["touch to sound"]["foscttm"] == 0
    assert found["touch to sound"]["pool"] == 60


def test_wrongly_paired_rows_are_at_chance(linear) -> None:
    model, rows = linear
    mixed = rows | {"touch": rows["touch"].roll(7, 0)}
    loss = translation_figures(model, mixed)["sound to touch"]["translation_loss"]
    assert loss > 0.5
    assert retrieval_figures(model, mixed)["sound to touch"]["foscttm"] == pytest.approx(
        0.5, abs=0.15
    )


def ranks(scores: np.ndarray) -> np.ndarray:
    """Where the right answer of each query stands."""
    return 1 + (scores > scores.diagonal()[:, None]).sum(1)


def naive_scores(model: Workspace, rows: dict[str, torch.Tensor]) -> np.ndarray:
    """The plain mean of the cosines in either modality's latents, all columns alike."""

    def unit(values: torch.Tensor, name: str) -> np.ndarray:
        values = model.normalisation_[name].apply(values)
        return torch.nn.functional.normalize(values, dim=1).double().numpy()

    sound, touch = rows["sound"], rows["touch"]
    there = model.translate(sound, "sound", "touch")
    back = model.translate(touch, "touch", "sound")
    return (
        unit(there, "touch") @ unit(touch, "touch").T + unit(sound, "sound") @ unit(back, "sound").T
    ) / 2


def test_retrieval_ranks_as_the_workspace_does() -> None:
    """Much of either modality says nothing of the other: how columns are weighted matters."""
    rng = np.random.default_rng(0)
    things = rng.normal(size=(400, 3))
    rows = {
        name: np.concatenate([things, rng.normal(size=(400, 12))], 1).astype(np.float32)
        for name in ("sound", "touch")
    }
    model = Workspace(steps=0, members=1).fit(
        {name: value[:300] for name, value in rows.items()},
        matches={name: np.arange(40) for name in rows},
    )
    tested = {name: torch.from_numpy(value[300:]) for name, value in rows.items()}
    found = retrieval_figures(model, tested)
    for source, target in (("sound", "touch"), ("touch", "sound")):
        scores = model.similarity(tested[source], tested[target], source=source, target=target)
        expected = ranks(scores.numpy())
        there = found[f"{source} to {target}"]
        assert there["median_rank"] == np.median(expected)
        assert there["mean_reciprocal_rank"] == pytest.approx((1 / expected).mean(), rel=1e-6)
        assert there["recall@5"] == pytest.approx((expected <= 5).mean())
    naive = (1 / ranks(naive_scores(model, tested))).mean()
    assert abs(found["sound to touch"]["mean_reciprocal_rank"] - naive) > 0.05
