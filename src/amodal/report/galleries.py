"""Pictures and sentences side by side, for people to judge by eye."""

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from amodal.report.contents import Examples, OwnWords, Search
from amodal.typing import UInt8


def picture(
    pixels: UInt8[np.ndarray, "side side 3"], caption: str, *, kind: str = "", alt: str = ""
) -> str:
    """One picture inside the page, shown enlarged with hard pixels."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<figure class="picture {escape(kind)}">'
        f'<img src="data:image/png;base64,{data}" alt="{escape(alt or caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def pictures_from_sentences(examples: Examples) -> str:
    """Sentence, drawn picture, true picture."""
    rows = zip(
        examples.true["text"],
        examples.translated["text", "image"],
        examples.translated["text", "attributes"],
        examples.true["image"],
        strict=True,
    )
    return _gallery(
        (
            _card(
                quoted(sentence),
                _row(
                    picture(drawn, "drawn", alt=f"drawn from: {sentence}"),
                    picture(named, "as attributes", alt=f"attributes said of: {sentence}"),
                    picture(
                        true, "what it was", alt="the picture that the sentence was written for"
                    ),
                ),
            )
            for sentence, drawn, named, true in rows
        ),
        kind="three",
    )


def own_words(examples: Sequence[OwnWords]) -> str:
    """Sentences that no grammar wrote, with how far to trust the answer."""
    return _gallery(
        _card(
            quoted(each.sentence),
            _row(
                picture(each.picture, "drawn", alt=f"drawn from: {each.sentence}"),
                picture(each.attributes, "as attributes", alt="its attributes, drawn"),
            ),
            f'<p class="quiet">{escape(each.trust)}</p>',
        )
        for each in examples
    )


def sentences_from_pictures(examples: Examples) -> str:
    """A picture, what is said of it, and what was said of it in the data."""
    rows = zip(
        examples.true["image"],
        examples.translated["image", "text"],
        examples.true["text"],
        strict=True,
    )
    return _gallery(
        (
            _card(
                _beside(
                    picture(true, "given", alt="a held-out picture"),
                    f"<p>{escape(said)}</p>",
                    f'<p class="quiet">In the data: {escape(written)}</p>',
                )
            )
            for true, said, written in rows
        ),
        kind="wide",
    )


def drawn_attributes(examples: Examples) -> str:
    """Pictures read as attributes (drawn exactly), and attributes drawn by the image model."""
    rows = zip(
        examples.true["image"],
        examples.translated["image", "attributes"],
        examples.translated["attributes", "image"],
        strict=True,
    )
    return _gallery(
        (
            _card(
                _row(
                    picture(true, "true picture"),
                    picture(read, "picture read as attributes"),
                    picture(drawn, "attributes drawn as picture"),
                )
            )
            for true, read, drawn in rows
        ),
        kind="three",
    )


def round_trips(examples: Examples) -> str:
    """There and back again."""
    images = zip(
        examples.true["image"],
        examples.translated["image", "text"],
        examples.round_trips["image", "text"],
        examples.round_trips["image", "attributes"],
        strict=True,
    )
    cards = [
        _card(
            _row(
                picture(start, "start"),
                picture(by_text, "back by way of text"),
                picture(by_attributes, "back by way of attributes"),
            ),
            f'<p class="quiet">On the way: {escape(said)}</p>',
        )
        for start, said, by_text, by_attributes in images
    ]
    return _gallery(cards, kind="three")


def sentence_round_trips(examples: Examples) -> str:
    """A sentence, the picture drawn from it, and what is said of that picture."""
    rows = zip(
        examples.true["text"],
        examples.translated["text", "image"],
        examples.round_trips["text", "image"],
        strict=True,
    )
    cards = [
        _card(quoted(start), _beside(picture(drawn, "drawn"), f"<p>{escape(back)}</p>"))
        for start, drawn, back in rows
    ]
    return _gallery(cards, kind="three")


def searches(examples: Sequence[Search]) -> str:
    """The nearest pictures of sentences; the right one is marked."""
    return _gallery((_search(each) for each in examples), kind="wide")


def _search(search: Search) -> str:
    places = range(1, len(search.pictures) + 1)
    found = [
        picture(
            pixels,
            f"{place} \u2713" if right else str(place),
            kind="right" if right else "",
            alt=f"answer {place}" + (", the right one" if right else ""),
        )
        for place, pixels, right in zip(places, search.pictures, search.right, strict=True)
    ]
    where = f"The right picture is number {search.rank:,} of {search.pool:,}."
    return _card(quoted(search.sentence), _row(*found), f'<p class="quiet">{where}</p>')


def quoted(sentence: str) -> str:
    """A sentence in quotation marks."""
    return f"<blockquote>{escape(sentence)}</blockquote>"


def _gallery(cards: Iterator[str] | Sequence[str], *, kind: str = "") -> str:
    """Cards side by side, as many as fit; `kind` is "", "three" or "wide", for wider ones."""
    return f'<div class="gallery {kind}">' + "\n".join(cards) + "</div>"


def _card(*parts: str) -> str:
    return '<div class="card">' + "".join(parts) + "</div>"


def _row(*parts: str) -> str:
    return f'<div class="row" style="--columns: {max(len(parts), 2)}">' + "".join(parts) + "</div>"


def _beside(left: str, *right: str) -> str:
    return f'<div class="beside">{left}<div>{"".join(right)}</div></div>'
