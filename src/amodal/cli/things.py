"""One raw thing as people type it or keep it in a file: read, said, written."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from amodal.data.kinds import Kind
from amodal.errors import InputError, NotFoundError, Notice, unknown_name
from amodal.files import atomic_path
from amodal.typing import UInt8


def read_thing(kind: Kind, modality: str, words: Sequence[str], *, side: int | None = None) -> Any:
    """Words of a command line as one raw thing, in the form that unimodal models take.

    Args:
        kind: of data.
        modality: image, text or attributes.
        words: a file, a sentence, or name=value words.
        side: pixels of the image model's pictures; None for those of the kind.

    Raises:
        InputError, NotFoundError, UnknownNameError: they cannot be read as that.
    """
    expected = _expected(kind, modality)
    if not words or not "".join(words).strip():
        raise InputError(f"nothing was given to translate, expected {expected}")
    if modality == "text":
        return [" ".join(words)]
    if modality == "attributes":
        return read_attributes(kind, " ".join(words).split())
    if len(words) > 1:
        raise InputError(f"expected {expected}, got {len(words)} words: quote the file name")
    return read_picture(Path(words[0]), side=side or kind.side)


def remark_on_sentence(kind: Kind, sentence: str, known_words: Sequence[str]) -> None:
    """Say what of a sentence was not understood, and what it leaves open.

    Args:
        kind: of data.
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
    reading = kind.read_loosely(taken_for)
    silent = [name for name in kind.descriptor_names if getattr(reading, name) is None]
    if silent:
        warnings.warn(
            f"nothing understood about {', '.join(silent)}: the answer's is a guess",
            Notice,
            stacklevel=2,
        )


def read_attributes(kind: Kind, words: Sequence[str]) -> np.ndarray:
    """name=value words as one row of attributes.

    Raises:
        InputError: a value is missing, twice there, or out of range.
        UnknownNameError: an unknown name or class; the nearest is offered.

    Example:
        >>> from amodal.data.kinds import kind_of
        >>> row = "shape=egg x=16 y=7 size=10.5 rotation=90 red=255 green=0 blue=0".split()
        >>> read_attributes(kind_of("shapes"), row).round(2).tolist()
        [[0.0, 1.0, 0.0, 0.0, -1.0, 0.0, -0.0, 1.0, 1.0, -1.0, -1.0]]
    """
    expected, names = _expected(kind, "attributes"), [each.word for each in kind.typed]
    values: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise InputError(f"attribute {word!r}: expected {expected}")
        if name not in names:
            raise unknown_name("attribute", name, names)
        if name in values:
            raise InputError(f"attribute {name!r} is given twice")
        values[name] = value
    missing = [name for name in names if name not in values]
    if missing:
        raise InputError(f"attributes {missing} are missing: expected {expected}")
    # What attributes do not tell, such as the light, is as in a thing that is drawn from them.
    blank = np.zeros((1, len(kind.attribute_names)), np.float32)
    factors = kind.factors_from_attributes(blank).astype(np.float64)
    for each in kind.typed:
        factors[0, kind.factor_names.index(each.name)] = each.read(values[each.word])
    return kind.attributes(factors)


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


def said(kind: Kind, modality: str, answer: Any) -> str:
    """One sentence, or one row of attributes, as people type them.

    Example:
        >>> from amodal.data.kinds import kind_of
        >>> kind = kind_of("shapes")
        >>> print(said(kind, "attributes", read_attributes(kind,
        ...     "shape=egg x=16 y=7 size=10.5 rotation=90 red=255 green=0 blue=0".split())))
        shape=egg x=16.0 y=7.0 size=10.5 rotation=90 red=255 green=0 blue=0
    """
    if modality == "text":
        return answer[0]
    factors = kind.factors_from_attributes(answer)[0].tolist()
    named = dict(zip(kind.factor_names, factors, strict=True))
    return " ".join(each.said(named[each.name]) for each in kind.typed)


def _expected(kind: Kind, modality: str) -> str:
    return {
        "text": "a sentence",
        "image": "the file of a picture",
        "attributes": " ".join(f"{each.word}={each.example}" for each in kind.typed),
    }[modality]
