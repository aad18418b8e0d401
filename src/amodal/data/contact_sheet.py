"""One picture that shows many, each with its caption under it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from amodal.errors import InputError
from amodal.files import atomic_path
from amodal.typing import UInt8

_PICTURE = 192
_GAP = 20
_MARGIN = 28
_TEXT = 15
_LINE = 20
_TITLE = 22
_PAPER, _INK, _GREY = (250, 249, 246), (34, 34, 34), (110, 110, 110)


def contact_sheet(
    images: UInt8[np.ndarray, "n side side 3"],
    captions: Sequence[str],
    *,
    columns: int = 6,
    title: str = "",
    note: str = "",
) -> Image.Image:
    """Lay pictures out in rows, each with its caption wrapped under it.

    Args:
        images: channels last. Small ones are enlarged by whole factors, so that pixels stay square.
        captions: one for each picture.
        columns: pictures a row, at most.
        title: a heading for the sheet.
        note: a smaller line under the heading.

    Raises:
        InputError: no pictures, or another number of captions.

    Example:
        >>> sheet = contact_sheet(np.zeros((2, 32, 32, 3), np.uint8), ["A dark egg.", "Nothing."])
        >>> sheet.size[0]
        460
    """
    if not len(images) or len(images) != len(captions) or columns < 1:
        raise InputError(
            f"got {len(images)} pictures, {len(captions)} captions and {columns} columns: expected "
            "at least one picture, one caption for each, and at least one column"
        )
    columns = min(columns, len(images))
    font, heading = ImageFont.load_default(_TEXT), ImageFont.load_default(_TITLE)
    texts = [_wrapped(caption, font) for caption in captions]
    rows = [texts[start : start + columns] for start in range(0, len(texts), columns)]
    heights = [_PICTURE + 8 + _LINE * max(map(len, row)) + _GAP for row in rows]
    top = _MARGIN + (_TITLE + 14 if title else 0) + (_LINE + 10 if note else 0)
    width = 2 * _MARGIN + columns * _PICTURE + (columns - 1) * _GAP
    sheet = Image.new("RGB", (width, top + sum(heights) + _MARGIN - _GAP), _PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.text((_MARGIN, _MARGIN - 6), title, _INK, heading)
    pen.text((_MARGIN, top - _LINE - 10), note, _GREY, font)
    for index, (image, lines) in enumerate(zip(images, texts, strict=True)):
        left = _MARGIN + index % columns * (_PICTURE + _GAP)
        upper = top + sum(heights[: index // columns])
        sheet.paste(_enlarged(image), (left, upper))
        for number, line in enumerate(lines):
            pen.text((left, upper + _PICTURE + 8 + number * _LINE), line, _INK, font)
    return sheet


def write_contact_sheet(path: str | Path, sheet: Image.Image) -> None:
    """Write a sheet as PNG, atomically."""
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG", optimize=True)


def _enlarged(image: UInt8[np.ndarray, "side side 3"]) -> Image.Image:
    side = len(image)
    whole = max(1, _PICTURE // side) * side
    picture = Image.fromarray(image).resize((whole, whole), Image.Resampling.NEAREST)
    if whole > _PICTURE or _PICTURE - whole > _PICTURE // 8:
        return picture.resize((_PICTURE, _PICTURE), Image.Resampling.LANCZOS)
    framed = Image.new("RGB", (_PICTURE, _PICTURE))
    framed.paste(picture, ((_PICTURE - whole) // 2, (_PICTURE - whole) // 2))
    return framed


def _wrapped(caption: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> list[str]:
    """The caption in lines that are no wider than a picture."""
    lines = [""]
    for word in caption.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > _PICTURE:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
