"""What the figures say, in plain words: also where a simple map is as good."""

from collections.abc import Sequence

from amodal.evaluation.intervals import Interval
from amodal.evaluation.translation import Figures
from amodal.report.contents import ArmResult, ReportContents
from amodal.report.measures import IMAGE_ATTRIBUTES, LOSS, LOSS_TEXT, Measure, find, ratio

SAID_THINGS = ("shape", "size", "colour", "place", "orientation")
SAME = 1.05
"""Ratios of losses closer to 1 than this are called the same, however sure they are."""


def headline(contents: ReportContents) -> str:
    """One sentence with the key figure."""
    matches = contents.settings["matches"]
    right = contents.figures["text to image"]["recall@1"]
    pool = contents.settings["test"]
    return (
        f"{matches} matched examples joined frozen models of pictures, sentences and attributes: "
        f"a sentence finds its own picture first among {pool:,} in {right:.0%} of cases"
    ).replace("%", " %")


def key_figures(figures: Figures) -> list[tuple[str, str]]:
    """The tiles at the top."""
    read, drawn = (figures[direction] for direction in IMAGE_ATTRIBUTES)
    said, imagined = figures["image to text"], figures["text to image"]
    return [
        (_percent(read["shape_accuracy"]), "shape right, from picture to attributes"),
        (f"{read['place_pixels']:.2f} px", "off in place, of 32, from picture to attributes"),
        (f"{read['rotation_degrees']:.1f}°", "off in rotation (median), picture to attributes"),
        (f"{drawn['rotation_degrees']:.1f}°", "off in rotation, from attributes to drawn picture"),
        (_percent(said["all_right"]), "of sentences said of pictures right in all five things"),
        (_percent(imagined["shape_accuracy"]), "shape right in pictures drawn from sentences"),
    ]


def findings_of(results: Sequence[ArmResult]) -> list[str]:
    """What the comparison shows, sentence by sentence, on both sets of latents."""
    found = []
    for latents, named in (
        ("default", "On the symmetry-aware image latents"),
        ("vae", "On the VAE's image latents"),
    ):
        full, start = find(results, "full", latents), find(results, "ridge", latents)
        for measure in (LOSS, LOSS_TEXT):
            found.append(f"{named}, {against_the_start(measure, ratio(measure, full, start))}")
        plain = ratio(
            LOSS,
            find(results, "full-plain", latents),
            find(results, "translation-plain", latents),
        )
        found.append(f"{named}, {without_the_start(plain)}")
    between = ratio(LOSS, find(results, "ridge", "vae"), find(results, "ridge", "default"))
    if between.mean > SAME:
        found.append(
            f"The latents matter: the closed-form map loses {_times(between)} as much on the "
            f"VAE's as on the symmetry-aware ones ({_plain(LOSS)})."
        )
    return found


def weakest(figures: Figures, unimodal: Figures) -> str:
    """Where the main model falls short most, said beside what the text model alone can."""
    said = figures["image to text"]
    name = min(SAID_THINGS, key=lambda thing: said[f"{thing}_right"])
    alone = unimodal["text"][f"{name}_right"]
    share = said[f"{name}_right"]
    if share > 0.95:
        return (
            "No part of the sentences said of pictures is right less often than in 95 % of cases."
        )
    return (
        f"Weakest: the {name} in sentences said of pictures, right in {100 * share:.0f} % (the "
        f"text model alone, given the true sentence: {100 * alone:.0f} %). What is wrong there is "
        "the translation, not the language."
    )


def against_the_start(measure: Measure, found: Interval) -> str:
    """Is the trained workspace better than ridge on the same matches?

    Example:
        >>> print(against_the_start(LOSS, Interval(1.0, 0.9, 1.1, 3)))
        training with all losses is no better than the closed-form start: a simple map, ridge \
regression on the same matches, is as good (translation loss, image and attributes: \
1.00 times (95 %: 0.90 to 1.10, n = 3)).
    """
    where = f"{_plain(measure)}: {_times(found)}"
    if _sure(found) and found.mean < 1 / SAME:
        return f"training with all losses beats the closed-form start ({where} its loss)."
    if _sure(found) and found.mean > SAME:
        return f"training with all losses is worse than the closed-form start ({where} its loss)."
    if 1 / SAME <= found.mean <= SAME:
        return (
            "training with all losses is no better than the closed-form start: a simple map, ridge "
            f"regression on the same matches, is as good ({where})."
        )
    return (
        "these few draws do not tell whether training with all losses differs from the "
        f"closed-form start ({where} its loss)."
    )


def without_the_start(found: Interval) -> str:
    """Do unmatched things help a network that begins with random weights?"""
    where = f"{_plain(LOSS)}: {_times(found)} that of matches only"
    if _sure(found) and found.mean < 1 / SAME:
        return f"a network without the start gains from the unmatched things ({where})."
    if _sure(found) and found.mean > SAME:
        return f"a network without the start loses by the unmatched things ({where})."
    return f"a network without the start shows no sure gain from the unmatched things ({where})."


def _plain(measure: Measure) -> str:
    return measure.title.replace(": ", ", ")


def _sure(found: Interval) -> bool:
    return found.low is not None and found.high is not None and not found.low <= 1 <= found.high


def _times(found: Interval) -> str:
    if found.low is None or found.high is None:
        return f"{found.mean:.2f} times (one draw, no interval)"
    return f"{found.mean:.2f} times (95 %: {found.low:.2f} to {found.high:.2f}, n = {found.runs})"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 1 else "100 %"
