"""Figures by which people judge attributes: what each is about, its unit, which way is better."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One named number of `Kind.readable_errors`, as tables and plots show it.

    Example:
        >>> place = Figure("place_pixels", "place", unit="px", digits=2)
        >>> place.title, place.title_read_back, place.text(0.451)
        ('place, px', 'place read back, px', '0.45 px')
        >>> shape = Figure("shape_accuracy", "shape", digits=1)
        >>> shape.title, shape.text(0.987), shape.lower_is_better
        ('shape right', '98.7 %', False)
    """

    name: str
    """Among the figures: "place_pixels"."""
    what: str
    """What it is about, for people: "place"."""
    unit: str = ""
    """Of the error: "px", "degrees". Without a unit it is the share that is right, of 1."""
    digits: int = 1
    """Decimals that are shown (of per cents, where it is a share)."""
    detail: str = ""
    """More about the number, for whoever asks: "median"."""
    bar: float | None = None
    """From where on people can read it: the largest error, or the smallest share."""

    @property
    def is_share(self) -> bool:
        """Whether it is the share that is right, and no error."""
        return not self.unit

    @property
    def lower_is_better(self) -> bool:
        """Of an error."""
        return not self.is_share

    def readable(self, value: float, *, times: float = 1.0) -> bool:
        """Whether a value meets the bar, or an error so many times as large.

        Example:
            >>> shape = Figure("shape_accuracy", "shape", bar=0.95)
            >>> shape.readable(0.96), shape.readable(0.93), shape.readable(0.93, times=1.5)
            (True, False, True)
        """
        if self.bar is None:
            return True
        if self.is_share:
            return 1 - value <= times * (1 - self.bar) + 1e-9
        return value <= times * self.bar

    @property
    def form(self) -> str:
        """How it is printed: a format specification."""
        return f".{self.digits}{'%' if self.is_share else 'f'}"

    @property
    def title(self) -> str:
        """For the head of a table, with its unit."""
        return f"{self.what} right" if self.is_share else f"{self.what}, {self.unit}"

    @property
    def title_read_back(self) -> str:
        """The same, of what was drawn and then read."""
        if self.is_share:
            return f"{self.what} right, read back"
        return f"{self.what} read back, {self.unit}"

    def text(self, value: float) -> str:
        """A value with its unit, where it stands alone."""
        if self.is_share:
            return f"{100 * value:.{self.digits}f} %" if value < 1 else "100 %"
        unit = "°" if self.unit == "degrees" else f" {self.unit}"
        return format(value, self.form) + unit

    @property
    def in_words(self) -> str:
        """What a value says, where it stands alone: "off in rotation (median)"."""
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.what} right{detail}" if self.is_share else f"off in {self.what}{detail}"
