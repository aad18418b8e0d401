"""One raw thing as people type it or keep it in a file: read, said, written."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from amodal.data.shapes import (
    SHAPE_NAMES,
    attributes,
    factors_from_attributes,
    read_loosely,
)
from amodal.errors import InputError, NotFoundError, Notice, unknown_name
from amodal.files import atomic_path
from amodal.typing import UInt8

KINDS = ("image", "text", "attributes")
RANGES = {
    "x": (7, 25),
    "y": (7, 25),
    "size": (7, 14),
    "rotation": (0, 360),
    "red": (0, 255),
    "green": (0, 255),
    "blue": (0, 255),
}
"""Attributes as they are typed: pixels of 32 (y downwards), degrees clockwise from up, 0 to 255."""


def read_thing(kind: str, words: Sequence[str], *, side: int = 32) -> Any:
    """Words of a command line as one raw thing, in the form that unimodal models take.

    Args:
        kind: image, text or attributes.
        words: a file, a sentence, or name=value words.
        side: pixels of the image model's pictures.

    Raises:
        InputError, NotFoundError, UnknownNameError: they cannot be read as that.
    """
    if not words or not "".join(words).strip():
        raise InputError(f"nothing was given to translate, expected {_expected(kind)}")
    if kind == "text":
        return [" ".join(words)]
    if kind == "attributes":
        return read_attributes(" ".join(words).split())
    if len(words) > 1:
        raise InputError(f"expected {_expected(kind)}, got {len(words)} words: quote the file name")
    return read_picture(Path(words[0]), side=side)


def remark_on_sentence(sentence: str, known_words: Sequence[str]) -> None:
    """Say what of a sentence was not understood, and what it leaves open.

    Args:
        sentence: as it was typed.
        known_words: the words that the text model took it for, one for one.
    """
    # Here, because it imports torch, which takes seconds.
    from amodal.unimodal.text_vocabulary import SPECIAL, join_words, split_words

    pairs = zip(split_words(sentence), known_words, strict=True)
    guessed = [
        f"{typed!r} was {'left out' if known in SPECIAL else f'read as {known!r}'}"
        for typed, known in pairs
        if typed != known
    ]
    if guessed:
        warnings.warn(f"not among the known words: {', '.join(guessed)}", Notice, stacklevel=2)
    taken_for = join_words([word for word in known_words if word not in SPECIAL])
    reading = vars(read_loosely(taken_for))
    silent = [name for name, value in reading.items() if value is None]
    if silent:
        warnings.warn(
            f"nothing understood about {', '.join(silent)}: the answer's is a guess",
            Notice,
            stacklevel=2,
        )


def read_attributes(words: Sequence[str]) -> np.ndarray:
    """name=value words as one row of attributes.

    Raises:
        InputError: a value is missing, twice there, or out of range.
        UnknownNameError: an unknown name or shape; the nearest is offered.

    Example:
        >>> row = "shape=egg x=16 y=7 size=10.5 rotation=90 red=255 green=0 blue=0".split()
        >>> read_attributes(row).round(2).tolist()
        [[0.0, 1.0, 0.0, 0.0, -1.0, 0.0, -0.0, 1.0, 1.0, -1.0, -1.0]]
    """
    values: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise InputError(f"attribute {word!r}: expected {_expected('attributes')}")
        if name != "shape" and name not in RANGES:
            raise unknown_name("attribute", name, ["shape", *RANGES])
        if name in values:
            raise InputError(f"attribute {name!r} is given twice")
        values[name] = value
    missing = [name for name in ("shape", *RANGES) if name not in values]
    if missing:
        raise InputError(f"attributes {missing} are missing: expected {_expected('attributes')}")
    if values["shape"] not in SHAPE_NAMES:
        raise unknown_name("shape", values["shape"], SHAPE_NAMES)
    x, y, size, rotation, *colour = (_number(name, values[name]) for name in RANGES)
    shape = SHAPE_NAMES.index(values["shape"])
    turned = math.radians(rotation % 360)
    return attributes(np.array([[shape, x, y, size, turned, *(c / 255 for c in colour)]]))


def read_picture(path: Path, *, side: int) -> UInt8[np.ndarray, "1 side side 3"]:
    """A picture file as one raw image, resized where it has another size.

    Raises:
        NotFoundError: there is no such file.
        InputError: it is no picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
    except FileNotFoundError:
        raise NotFoundError(f"there is no picture {path}") from None
    except (UnidentifiedImageError, OSError) as error:
        raise InputError(f"{path} cannot be read as a picture ({error})") from error
    if picture.size != (side, side):
        width, height = picture.size
        warnings.warn(
            f"{path} has {width} x {height} pixels and is resized to {side} x {side}, what the "
            "image model was trained on",
            Notice,
            stacklevel=2,
        )
        picture = picture.resize((side, side), Image.Resampling.BOX)
    return np.asarray(picture, np.uint8)[None]


def write_picture(path: Path, pixels: UInt8[np.ndarray, "side side 3"]) -> None:
    """Write one picture, atomically; the ending of the path says in which format.

    Raises:
        InputError: pictures are not written in that format.
    """
    from PIL import Image

    kind = Image.registered_extensions().get(path.suffix.lower())
    if kind is None:
        raise InputError(f"--out {path}: expected a picture's ending, .png for example")
    with atomic_path(path) as temporary:
        Image.fromarray(pixels).save(temporary, kind)


def said(kind: str, answer: Any) -> str:
    """One sentence, or one row of attributes, as people type them.

    Example:
        >>> print(said("attributes", read_attributes(
        ...     "shape=egg x=16 y=7 size=10.5 rotation=90 red=255 green=0 blue=0".split())))
        shape=egg x=16.0 y=7.0 size=10.5 rotation=90 red=255 green=0 blue=0
    """
    if kind == "text":
        return answer[0]
    shape, x, y, size, rotation, *colour = factors_from_attributes(answer)[0].tolist()
    levels = [round(255 * level) for level in colour]
    return (
        f"shape={SHAPE_NAMES[int(shape)]} x={x:.1f} y={y:.1f} size={size:.1f} "
        f"rotation={math.degrees(rotation):.0f} "
        f"red={levels[0]} green={levels[1]} blue={levels[2]}"
    )


def _number(name: str, text: str) -> float:
    low, high = RANGES[name]
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"attribute {name}={text!r}: expected a number") from None
    if not low <= value <= high:
        raise InputError(f"attribute {name} is {text}, expected a number from {low} to {high}")
    return value


def _expected(kind: str) -> str:
    return {
        "text": "a sentence",
        "image": "the file of a picture",
        "attributes": "shape=egg x=20 y=12 size=9 rotation=90 red=255 green=0 blue=0",
    }[kind]
