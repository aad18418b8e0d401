"""What the figures say, in plain words: also where a simple map is as good."""

from collections.abc import Sequence

from amodal.data.kinds import Kind
from amodal.evaluation.intervals import Interval, paired_difference
from amodal.evaluation.translation import Figures
from amodal.report.contents import ArmResult, ReportContents
from amodal.report.measures import (
    DRAWN,
    IMAGINED,
    LOSS,
    LOSS_TEXT,
    READ,
    Measure,
    find,
    in_words,
    ratio,
    readable,
)

TILES = 3
"""How many headline figures stand at the top."""
SAME = 1.05
"""Ratios of losses closer to 1 than this are called the same, however sure they are."""
OTHER_LOSSES = "the other losses (contrast, demi-cycles, cycles)"


def headline(contents: ReportContents) -> str:
    """One sentence with the key figure."""
    matches = contents.settings["matches"]
    right = contents.figures["text to image"]["recall@1"]
    pool = contents.settings["test"]
    return (
        f"{matches} matched examples joined frozen models of pictures, sentences and attributes: "
        f"a sentence finds its own picture first among {pool:,} in {right:.0%} of cases"
    ).replace("%", " %")


def key_figures(kind: Kind, figures: Figures) -> list[tuple[str, str]]:
    """The tiles at the top."""
    first, fine = kind.headline[0], kind.finest
    things = in_words(len(kind.descriptor_names))
    return [
        *(
            (each.text(figures[READ][each.name]), f"{each.in_words}, from picture to attributes")
            for each in kind.headline[:TILES]
        ),
        (
            fine.text(figures[DRAWN][fine.name]),
            f"{fine.in_words}, from attributes to drawn picture",
        ),
        (
            _percent(figures["image to text"]["all_right"]),
            f"of sentences said of pictures right in all {things} things",
        ),
        (
            first.text(figures[IMAGINED][first.name]),
            f"{first.in_words}, in pictures drawn from sentences",
        ),
    ]


def findings_of(kind: Kind, results: Sequence[ArmResult], latents: str) -> list[str]:
    """What the comparison shows on one set of latents, sentence by sentence."""
    start, full = find(results, "ridge", latents), find(results, "full", latents)
    found = [
        against_the_start(measure, ratio(measure, full, start))
        for measure in (LOSS, LOSS_TEXT, readable(READ, kind.finest))
    ]
    found.append(in_sentences(full, start))
    matches_only = ratio(LOSS, full, find(results, "translation", latents))
    found.append(of_other_losses("with the start, the network", matches_only))
    plain = ratio(
        LOSS, find(results, "full-plain", latents), find(results, "translation-plain", latents)
    )
    found.append(of_other_losses("a network without the start", plain))
    return [sentence[0].upper() + sentence[1:] for sentence in found]


def between_latents(results: Sequence[ArmResult]) -> str:
    """How much the choice of the frozen image model matters."""
    found = ratio(LOSS, find(results, "ridge", "vae"), find(results, "ridge", "default"))
    if found.mean <= SAME:
        return f"On the VAE's latents the closed-form map loses {_times(found)} as much."
    return (
        f"The latents matter: the closed-form map loses {_times(found)} as much on the VAE's as on "
        f"the symmetry-aware ones ({_plain(LOSS)}). Few matches can read what they hold only from "
        "the latter."
    )


def in_sentences(full: ArmResult, start: ArmResult) -> str:
    """Sentences said of pictures: all losses beside the closed-form start."""
    shares = [
        [figures["image to text"]["all_right"] for figures in result.figures]
        for result in (full, start)
    ]
    found = paired_difference(*shares)
    means = [100 * sum(values) / len(values) for values in shares]
    text = (
        "of sentences said of pictures, everything is right in "
        f"{means[0]:.0f} % after training with all losses, {means[1]:.0f} % with the start alone"
    )
    if found.low is None or found.high is None:
        return text + "."
    return (
        f"{text} (difference {round(100 * found.mean)} points, "
        f"95 %: {round(100 * found.low)} to {round(100 * found.high)})."
    )


def weakest(kind: Kind, figures: Figures, unimodal: Figures) -> str:
    """Where the main model falls short most, said beside what the text model alone can."""
    said = figures["image to text"]
    name = min(kind.descriptor_names, key=lambda thing: said[f"{thing}_right"])
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
        return f"training with all losses beats the closed-form start ({where} the start's)."
    if _sure(found) and found.mean > SAME:
        return (
            f"training with all losses is worse than the closed-form start ({where} the start's)."
        )
    if 1 / SAME <= found.mean <= SAME:
        return (
            "training with all losses is no better than the closed-form start: a simple map, ridge "
            f"regression on the same matches, is as good ({where})."
        )
    return (
        "these few draws do not tell whether training with all losses differs from the "
        f"closed-form start ({where} the start's)."
    )


def of_other_losses(network: str, found: Interval) -> str:
    """Do the losses other than translation help a network?

    Not "do the unmatched things": the contrastive loss learns from the matches, too.

    Args:
        network: which, as the subject of the sentence.
        found: the loss with them, as a multiple of that with translation alone.
    """
    where = f"{_plain(LOSS)}: {_times(found)} that of the translation loss alone"
    if _sure(found) and found.mean < 1 / SAME:
        return f"{network} gains from {OTHER_LOSSES} ({where})."
    if _sure(found) and found.mean > SAME:
        return f"{network} loses by {OTHER_LOSSES} ({where})."
    return f"{network} shows no sure gain from {OTHER_LOSSES} ({where})."


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
