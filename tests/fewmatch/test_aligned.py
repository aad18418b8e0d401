"""Coordinates that alignments start from, and several alignments as one."""

import numpy as np
import torch

from amodal.fewmatch.aligned import Coordinates, Views, fit_aligned
from amodal.fewmatch.alignment import AlignmentSettings, align
from amodal.fewmatch.alignment_choice import Choice, scaled
from amodal.latents import MatchTable


def draw(seed: int = 0) -> tuple[dict[str, torch.Tensor], MatchTable]:
    generator = np.random.default_rng(seed)
    hidden = generator.normal(size=(300, 4)) * [1.5, 1.2, 1, 1]
    rows = {
        name: torch.from_numpy(hidden @ np.linalg.qr(generator.normal(size=(dim, 4)))[0].T + 0.1)
        for name, dim in (("a", 5), ("b", 6))
    }
    seen = list(range(12))
    return rows, MatchTable.build({"a": seen, "b": seen}, {"a": 300, "b": 300})


def test_columns_in_units_of_their_own_are_standardised_first() -> None:
    rows, _ = draw()
    units = torch.tensor([1e4, 1.0, 1.0, 1e-2, 1.0]).double()
    plain = rows["a"] / rows["a"].std(0, correction=0)
    found = Coordinates.of({"a": rows["a"] * units}, None)
    expected = Coordinates.of({"a": plain}, None)
    torch.testing.assert_close(found.deviations["a"], expected.deviations["a"])
    torch.testing.assert_close(found.standard["a"].abs(), expected.standard["a"].abs())
    given = rows["a"] * units
    torch.testing.assert_close(found.principal["a"].invert(found.standard["a"]), given)


def test_columns_of_like_scale_keep_it() -> None:
    rows, _ = draw()
    once, twice = (Coordinates.of({"a": k * rows["a"]}, None).deviations["a"] for k in (1, 2))
    torch.testing.assert_close(twice, 2 * once)
    variances = torch.linalg.eigvalsh(torch.cov(rows["a"].T, correction=0)).flip(0)
    torch.testing.assert_close(once**2, variances[: len(once)])


def test_likeness_is_the_mean_of_the_views_cosines() -> None:
    rows, table = draw()
    coordinates = Coordinates.of(rows, None)
    several = (AlignmentSettings(), AlignmentSettings(exponent=0.5), AlignmentSettings(share=0.0))
    found = fit_aligned(coordinates, table, Choice(several, (0.1, 0.2, 0.3)))
    vectors = {name: found.directions[name](rows[name][:40]) for name in rows}
    cosines, maps = [], []
    for settings, penalty in zip(several, (0.1, 0.2, 0.3), strict=True):
        alone = fit_aligned(coordinates, table, Choice((settings,), (penalty,)))
        first, second = (alone.directions[name](rows[name][:40]) for name in rows)
        cosines.append(first @ second.T)
        maps.append(alone.maps["a", "b"](rows["a"]))
        own = scaled(coordinates.standard, coordinates.deviations, settings.exponent)
        weights = align(own, table, settings=settings).directions.weights["a"]
        expected = torch.nn.functional.normalize(own["a"][:40] @ weights, dim=1)
        torch.testing.assert_close(first, expected)
    torch.testing.assert_close(vectors["a"] @ vectors["b"].T, torch.stack(cosines).mean(0))
    told = found.maps["a", "b"](rows["a"])
    torch.testing.assert_close(told, torch.stack(maps).mean(0))


def test_vectors_have_length_one_and_a_row_at_the_mean_has_none() -> None:
    views = Views(torch.ones(2), torch.eye(2).repeat(3, 1, 1))
    vectors = views(torch.tensor([[2.0, 0.0], [1.0, 1.0]]))
    torch.testing.assert_close(vectors.norm(dim=1), torch.tensor([1.0, 0.0]))


def test_principal_coordinates_keep_a_dominant_direction() -> None:
    rows, _ = draw()
    given = {"a": rows["a"] * torch.tensor([1e3, 1.0, 1.0, 1.0, 1.0]).double()}
    kept = Coordinates.of(given, None, turned=["a"]).deviations["a"]
    assert kept[0] > 100 * kept[1]


def test_a_column_of_rounding_and_constant_columns_stay_small() -> None:
    rows, _ = draw()
    rounding = 1000 + 1e-4 * torch.randn(300, generator=torch.Generator().manual_seed(0))
    wide = [1e4 * rows["a"][:, :1], rows["a"][:, 1:2], rounding[:, None], torch.ones(300, 1)]
    deviations = Coordinates.of({"a": torch.cat(wide, 1)}, None).deviations["a"]
    assert (deviations > 0.5).tolist()[:2] == [True, True]
    assert (deviations[2:] < 1e-3).all()
    constant = Coordinates.of({"a": torch.full((20, 3), 7.0)}, None)
    assert torch.isfinite(constant.standard["a"]).all()


def test_views_of_unequal_width_are_one_likeness() -> None:
    rows, table = draw()
    narrow = AlignmentSettings(share=0.0, penalty=1e-3)
    few = table.choose(np.arange(3))
    coordinates = Coordinates.of(rows, None)
    both = fit_aligned(coordinates, few, Choice((narrow, AlignmentSettings()), (0.1, 0.1)))
    alone = [
        fit_aligned(coordinates, few, Choice((settings,), (0.1,)))
        for settings in (narrow, AlignmentSettings())
    ]
    widths = {len(each.directions["a"].weight[0, 0]) for each in alone}
    assert len(widths) == 2
    likeness = [
        each.directions["a"](rows["a"]) @ each.directions["b"](rows["b"]).T
        for each in (both, *alone)
    ]
    torch.testing.assert_close(likeness[0], (likeness[1] + likeness[2]) / 2)
