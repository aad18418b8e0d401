"""The figures that tables and plots show: where they stand, what they are called, their units."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from amodal.data.figures import Figure
from amodal.data.kinds import Kind
from amodal.evaluation.intervals import Interval, mean_interval
from amodal.evaluation.translation import Figures
from amodal.report.contents import ArmResult


@dataclass(frozen=True)
class Measure:
    """One named number of a run."""

    title: str
    """For people, with its unit."""
    of: Callable[[Figures], float]
    """Takes it from a run's figures."""
    form: str
    """How it is printed: a format specification."""
    lower_is_better: bool = True

    def text(self, value: float) -> str:
        """The value as tables print it.

        Example:
            >>> Measure("shape right", lambda figures: 1.0, ".1%").text(0.987)
            '98.7 %'
        """
        return format(value, self.form).replace("%", " %")


def figure(direction: str, name: str) -> Callable[[Figures], float]:
    """Takes one figure of one direction, "image to text"."""
    return lambda figures: figures[direction][name]


def mean_loss(*directions: str) -> Callable[[Figures], float]:
    """Takes the mean translation loss of some directions."""
    return lambda figures: float(np.mean([figures[d]["translation_loss"] for d in directions]))


IMAGE_ATTRIBUTES = ("image to attributes", "attributes to image")
WITH_TEXT = ("image to text", "text to image", "attributes to text", "text to attributes")

LOSS = Measure("translation loss: image and attributes", mean_loss(*IMAGE_ATTRIBUTES), ".4f")
LOSS_TEXT = Measure("translation loss: to and from text", mean_loss(*WITH_TEXT), ".3f")
WORDS = ("no", "one", "two", "three", "four", "five", "six")
WORDS += ("seven", "eight", "nine", "ten", "eleven", "twelve")
READ, DRAWN, IMAGINED = "image to attributes", "attributes to image", "text to image"
FOUND = Measure(
    "text to image: first answer right",
    figure(IMAGINED, "recall@1"),
    ".0%",
    lower_is_better=False,
)


def readable(direction: str, of: Figure) -> Measure:
    """One figure of what people can read in translations.

    Example:
        >>> from amodal.data.kinds import kind_of
        >>> readable("attributes to image", kind_of("shapes").finest).title
        'attributes to image: rotation read back, degrees'
    """
    title = of.title_read_back if direction.endswith("to image") else of.title
    return Measure(
        f"{direction}: {title}",
        figure(direction, of.name),
        of.form,
        lower_is_better=of.lower_is_better,
    )


def all_right(kind: Kind) -> Measure:
    """Sentences said of pictures that are right in everything."""
    return Measure(
        f"image to text: all {in_words(len(kind.descriptor_names))} things right",
        figure("image to text", "all_right"),
        ".0%",
        lower_is_better=False,
    )


def columns_of(kind: Kind) -> list[Measure]:
    """The columns of the comparison."""
    return [
        LOSS,
        LOSS_TEXT,
        *(readable(READ, each) for each in kind.headline),
        readable(DRAWN, kind.finest),
        all_right(kind),
        readable(IMAGINED, kind.roughest),
        FOUND,
    ]


def in_words(number: int) -> str:
    """A small number as a word.

    Example:
        >>> in_words(5), in_words(23)
        ('five', '23')
    """
    return dict(enumerate(WORDS)).get(number, str(number))


def over_draws(measure: Measure, result: ArmResult) -> Interval:
    """The mean over draws of the matches, with its 95 % interval."""
    return mean_interval([measure.of(figures) for figures in result.figures])


def ratio(measure: Measure, first: ArmResult, second: ArmResult) -> Interval:
    """How many times the second's value the first's is, draw by draw: geometric mean, interval."""
    logs = [
        np.log(max(measure.of(a), 1e-12) / max(measure.of(b), 1e-12))
        for a, b in zip(first.figures, second.figures, strict=True)
    ]
    found = mean_interval(logs)
    bounds = [None if b is None else float(np.exp(b)) for b in (found.low, found.high)]
    return Interval(float(np.exp(found.mean)), bounds[0], bounds[1], found.runs)


def find(results: Sequence[ArmResult], arm: str, latents: str) -> ArmResult:
    """One arm's result on one set of latents."""
    return next(r for r in results if r.arm == arm and r.latents == latents)
