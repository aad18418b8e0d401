"""The type checker of the tests: beartype, for which whole numbers are numbers too."""

from typing import Any

from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintPep673Exception

_beartype = beartype(conf=BeartypeConf(is_pep484_tower=True))


def check(function: Any) -> Any:
    """Check a function's arguments and result, but for methods that give `Self`."""
    try:
        return _beartype(function)
    except BeartypeDecorHintPep673Exception:
        # Methods are checked one by one, and of a lone method beartype cannot know the class.
        return function
