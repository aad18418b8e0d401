"""The report's sentences follow the figures, also where a simple map is as good."""

import pytest

from amodal.data.kinds import kind_of
from amodal.evaluation.intervals import Interval
from amodal.report.contents import ArmResult
from amodal.report.measures import LOSS, columns_of, over_draws, ratio
from amodal.report.tables import comparison_table
from amodal.report.verdict import (
    against_the_start,
    between_latents,
    findings_of,
    of_other_losses,
    weakest,
)

SHAPES = kind_of("shapes")


def figures(loss: float, *, accuracy: float = 0.9) -> dict:
    read = {"shape_accuracy": accuracy, "place_pixels": 1.0, "rotation_degrees": 2.0}
    read |= {"colour_levels": 3.0, "translation_loss": loss, "recall@1": 0.5, "all_right": 0.3}
    names = ("image", "text", "attributes")
    return {f"{a} to {b}": dict(read) for a in names for b in names if a != b}


def arm(name: str, latents: str, losses: list[float]) -> ArmResult:
    return ArmResult(name, f"title of {name}", latents, [figures(x) for x in losses], [], [])


ARMS = ("ridge", "translation", "full", "translation-plain", "full-plain")


def results(full: list[float], ridge: list[float]) -> list[ArmResult]:
    own = {"ridge": ridge, "full": full}
    return [
        arm(name, latents, own.get(name, [1.0, 1.1, 1.2]))
        for latents in ("default", "vae")
        for name in ARMS
    ]


def test_ratio_is_paired_and_geometric() -> None:
    found = ratio(LOSS, arm("a", "default", [0.5, 2.0, 5.0]), arm("b", "default", [1, 4, 10.0]))
    assert (found.mean, found.low, found.high) == pytest.approx((0.5, 0.5, 0.5))
    assert found.runs == 3


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (Interval(0.5, 0.4, 0.6, 5), "beats the closed-form start"),
        (Interval(2.0, 1.5, 2.5, 5), "is worse than the closed-form start"),
        (Interval(1.0, 0.9, 1.1, 5), "ridge regression on the same matches, is as good"),
        (Interval(0.98, 0.97, 0.99, 5), "ridge regression on the same matches, is as good"),
        (Interval(0.7, 0.3, 1.4, 5), "these few draws do not tell"),
        (Interval(0.5, None, None, 1), "these few draws do not tell"),
    ],
)
def test_full_against_start(interval: Interval, words: str) -> None:
    assert words in against_the_start(LOSS, interval)


def test_gain_without_start() -> None:
    named = "the other losses (contrast, demi-cycles, cycles)"
    assert f"gains from {named}" in of_other_losses("it", Interval(0.5, 0.4, 0.6, 5))
    assert f"loses by {named}" in of_other_losses("it", Interval(2.0, 1.5, 2.5, 5))
    assert f"no sure gain from {named}" in of_other_losses("it", Interval(0.9, 0.7, 1.2, 5))


def test_findings_of_a_clear_gain_and_of_none() -> None:
    clear = " ".join(findings_of(SHAPES, results([0.5, 0.51, 0.6], [1.0, 1.0, 1.2]), "default"))
    assert clear.startswith("Training with all losses beats the closed-form start")
    none = " ".join(findings_of(SHAPES, results([1.0, 1.0, 1.2], [1.0, 1.0, 1.2]), "vae"))
    assert "beats" not in none
    assert none.count("is as good") == 3
    assert "30 % after training with all losses, 30 % with the start alone" in none


def test_latents_are_compared_by_the_start() -> None:
    made = results([1.0, 1.0], [1.0, 1.0])
    assert "loses 1.00 times" in between_latents(made)
    worse = [r if r.latents == "default" else arm(r.arm, "vae", [3.0, 3.1]) for r in made]
    assert between_latents(worse).startswith("The latents matter: the closed-form map loses 3.05")


def test_the_weakest_part_is_named() -> None:
    said = {f"{name}_right": 0.99 for name in ("shape", "size", "place", "orientation")}
    found = weakest(
        SHAPES, {"image to text": said | {"colour_right": 0.3}}, {"text": {"colour_right": 0.9}}
    )
    assert found.startswith("Weakest: the colour in sentences said of pictures, right in 30 %")


def test_comparison_table_has_means_and_intervals() -> None:
    made = results([0.5, 0.6, 0.7], [1.0, 1.0, 1.2])
    html = comparison_table(SHAPES, made)
    assert html.count("<tr>") == 1 + 2 + len(made)
    found = over_draws(columns_of(SHAPES)[0], made[2])
    assert f"{found.mean:.4f}<small>± " in html
    assert "title of full-plain" in html
