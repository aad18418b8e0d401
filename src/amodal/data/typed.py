"""How people type attributes: name=value words, in units that they know."""

from dataclasses import dataclass

from amodal.errors import InputError, unknown_name


@dataclass(frozen=True)
class TypedFactor:
    """One factor as a word of a command line: "rotation=90"; spaces of its name are typed as "_".

    Example:
        >>> colour = TypedFactor("red", low=0, high=255, per=255, example="51")
        >>> colour.read("51"), colour.said(0.2)
        (0.2, 'red=51')
        >>> TypedFactor("the shape", names=("diamond", "egg"), example="egg").said(1)
        'the_shape=egg'
    """

    name: str
    """Of the factor."""
    example: str
    """A value as it is typed."""
    low: float = 0
    """The least that may be typed."""
    high: float = 0
    """The most."""
    per: float = 1.0
    """What one unit of the factor is as it is typed: 255 levels, 180 / pi degrees."""
    digits: int = 0
    """Decimals that are printed."""
    circular: bool = False
    """Whether the most is the least again."""
    names: tuple[str, ...] = ()
    """What is typed instead of a number, where the factor is a class."""

    @property
    def word(self) -> str:
        """Its name as it is typed."""
        return self.name.replace(" ", "_")

    def read(self, text: str) -> float:
        """The factor that a typed value stands for.

        Raises:
            InputError: it is no number, or out of range.
            UnknownNameError: it is none of the names; the nearest is offered.
        """
        if self.names:
            if text not in self.names:
                raise unknown_name(self.word, text, self.names)
            return float(self.names.index(text))
        try:
            value = float(text)
        except ValueError:
            raise InputError(f"attribute {self.word}={text!r}: expected a number") from None
        if not self.low <= value <= self.high:
            raise InputError(
                f"attribute {self.word} is {text}, expected a number from {self.low:g} to "
                f"{self.high:g}"
            )
        turned = self.low + (value - self.low) % (self.high - self.low) if self.circular else value
        return turned / self.per

    def said(self, factor: float) -> str:
        """The word for a factor."""
        if self.names:
            return f"{self.word}={self.names[int(factor)]}"
        return f"{self.word}={factor * self.per:.{self.digits}f}"
