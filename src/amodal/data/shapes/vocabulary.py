"""The words of Simple Shapes' captions: the only place to add a wording, an opening or an order."""

from itertools import product

from amodal.data.grammar import Descriptor, Grammar
from amodal.data.reading import Reader
from amodal.data.shapes.colours import COLOUR_NAMES

DESCRIPTOR_NAMES = ("shape", "size", "colour", "place", "orientation")

_SHAPES = {
    "diamond": ("diamond", "kite", "lozenge"),
    "egg": ("egg", "ovoid", "egg shape"),
    "triangle": ("triangle", "isosceles triangle", "wedge"),
}
_SHAPES_UNDERSTOOD = {
    "diamond": ("rhombus", "diamond shape"),
    "egg": ("oval", "ellipse"),
    "triangle": ("arrow", "triangular shape"),
}
_SIZES = {
    "tiny": ("tiny", "very small", "minute"),
    "small": ("small", "little", "smallish"),
    "medium": ("medium-sized", "mid-sized", "average-sized"),
    "large": ("large", "big", "sizeable"),
    "huge": ("huge", "very large", "enormous"),
}
_SIZES_UNDERSTOOD = {
    "medium": ("medium", "medium sized", "average", "normal"),
    "huge": ("giant", "very big", "gigantic"),
}
_COLOUR_SYNONYMS = {"cyan": ("aqua",), "magenta": ("fuchsia",), "navy": ("navy blue",)}

_ROWS = {
    "very top": ("at the very top", "near the top edge"),
    "upper": ("near the top", "in the upper part"),
    "middle": ("halfway down", "at mid height"),
    "lower": ("near the bottom", "in the lower part"),
    "very bottom": ("at the very bottom", "near the bottom edge"),
}
_COLUMNS = {
    "far left": ("on the far left", "near the left edge"),
    "left": ("on the left", "left of centre"),
    "centre": ("in the centre", "in the middle"),
    "right": ("on the right", "right of centre"),
    "far right": ("on the far right", "near the right edge"),
}
_PLACES_WHOLE = {
    "very top far left": ("in the top left corner", "near the top left corner"),
    "very top far right": ("in the top right corner", "near the top right corner"),
    "very bottom far left": ("in the bottom left corner", "near the bottom left corner"),
    "very bottom far right": ("in the bottom right corner", "near the bottom right corner"),
    "upper left": ("in the upper left", "towards the top left"),
    "upper right": ("in the upper right", "towards the top right"),
    "lower left": ("in the lower left", "towards the bottom left"),
    "lower right": ("in the lower right", "towards the bottom right"),
    "middle centre": ("in the very middle", "in the very centre"),
}
_PLACES_UNDERSTOOD = {
    "very top far left": ("top left corner", "at the top left corner"),
    "very top far right": ("top right corner", "at the top right corner"),
    "very bottom far left": ("bottom left corner", "at the bottom left corner"),
    "very bottom far right": ("bottom right corner", "at the bottom right corner"),
    "upper left": ("top left", "in the top left", "at the top left"),
    "upper right": ("top right", "in the top right", "at the top right"),
    "lower left": ("bottom left", "in the bottom left", "at the bottom left"),
    "lower right": ("bottom right", "in the bottom right", "at the bottom right"),
    "upper centre": ("top", "at the top", "top centre"),
    "lower centre": ("bottom", "at the bottom", "bottom centre"),
    "middle left": ("left", "left side", "on the left side"),
    "middle right": ("right", "right side", "on the right side"),
    "middle centre": ("middle", "centre", "at the centre"),
}
_DIRECTIONS = {
    "up": ("up", "upwards", "north"),
    "up, a little right": ("up and slightly right", "north-north-east"),
    "up right": ("to the upper right", "up and to the right", "north-east"),
    "right, a little up": ("right and slightly up", "east-north-east"),
    "right": ("right", "to the right", "east"),
    "right, a little down": ("right and slightly down", "east-south-east"),
    "down right": ("to the lower right", "down and to the right", "south-east"),
    "down, a little right": ("down and slightly right", "south-south-east"),
    "down": ("down", "downwards", "south"),
    "down, a little left": ("down and slightly left", "south-south-west"),
    "down left": ("to the lower left", "down and to the left", "south-west"),
    "left, a little down": ("left and slightly down", "west-south-west"),
    "left": ("left", "to the left", "west"),
    "left, a little up": ("left and slightly up", "west-north-west"),
    "up left": ("to the upper left", "up and to the left", "north-west"),
    "up, a little left": ("up and slightly left", "north-north-west"),
}
_DIRECTIONS_UNDERSTOOD = {
    "up": ("to the top", "straight up"),
    "up right": ("up-right", "to the top right"),
    "down right": ("down-right", "to the bottom right"),
    "down": ("to the bottom", "straight down"),
    "down left": ("down-left", "to the bottom left"),
    "up left": ("up-left", "to the top left"),
}
_VERBS = ("pointing", "facing", "aiming", "turned")
_VERBS_UNDERSTOOD = ("points", "faces", "aims", "heading", "looking", "rotated", "oriented")

ROW_NAMES, COLUMN_NAMES = tuple(_ROWS), tuple(_COLUMNS)
PLACE_NAMES = tuple(f"{row} {column}" for row, column in product(ROW_NAMES, COLUMN_NAMES))
"""The 25 places, row by row."""
SIZE_NAMES = tuple(_SIZES)
ORIENTATION_NAMES = tuple(_DIRECTIONS)
"""The 16 orientations, clockwise from up."""


def _places() -> Descriptor:
    wordings, understood = {}, {}
    for (row, downs), (column, acrosses) in product(_ROWS.items(), _COLUMNS.items()):
        name = f"{row} {column}"
        pairs = list(product(downs, acrosses))
        wordings[name] = [f"{down} {across}" for down, across in pairs]
        wordings[name] += _PLACES_WHOLE.get(name, ())
        understood[name] = [f"{across} {down}" for down, across in pairs]
        understood[name] += [f"{down} and {across}" for down, across in pairs]
        understood[name] += [name, *_PLACES_UNDERSTOOD.get(name, ())]
        # Half a place is read as the middle of the other half.
        understood[name] += downs if column == "centre" else ()
        understood[name] += acrosses if row == "middle" else ()
    return Descriptor("place", wordings, understood)


def _orientations() -> Descriptor:
    wordings = {
        name: [f"{verb} {phrase}" for verb, phrase in product(_VERBS, phrases)]
        for name, phrases in _DIRECTIONS.items()
    }
    understood = {
        name: [f"{verb} {phrase}" for verb, phrase in product(_VERBS_UNDERSTOOD, phrases)]
        + [
            f"{verb} {phrase}"
            for verb in _VERBS + _VERBS_UNDERSTOOD
            for phrase in (*_DIRECTIONS_UNDERSTOOD.get(name, ()), name)
        ]
        for name, phrases in _DIRECTIONS.items()
    }
    return Descriptor("orientation", wordings, understood)


_FREE = {
    "opening": ("there is", "I see", "this is", "you can see", "here is", "the picture shows"),
    "lies": ("lies", "sits", "is found", "appears"),
}
_TEMPLATES = (
    (3, "{opening} {a size} {colour} {shape} {place}, {orientation}."),
    (3, "{a size} {colour} {shape} {place}, {orientation}."),
    (2, "{a size} {colour} {shape} {lies} {place}, {orientation}."),
    (2, "{a size} {colour} {shape}, {orientation}, {lies} {place}."),
    (2, "{place}, {opening} {a size} {colour} {shape} {orientation}."),
    (2, "{place} {lies} {a size} {colour} {shape}, {orientation}."),
    (2, "{opening} {a colour} {shape} {place}, {orientation}; it is {size}."),
    (2, "{opening} {a shape} {orientation}, {size} and {colour}, {place}."),
    (2, "{orientation}, {a size} {colour} {shape} {lies} {place}."),
    (2, "the {shape} {place} is {size} and {colour}, {orientation}."),
    (2, "the {colour} {shape} is {size}; it {lies} {place}, {orientation}."),
    (1, "{a size} {shape} in {colour} {lies} {place}, {orientation}."),
    (1, "{a size} {colour} {shape} {place} with its tip {orientation}."),
    (1, "{opening} {a shape} that is {size} and {colour}; it {lies} {place}, {orientation}."),
    (1, "its colour is {colour}: {a size} {shape} {place}, {orientation}."),
    (1, "{place}: {a size} {colour} {shape}, {orientation}."),
    (1, "{colour} {shape}, {size}, {place}, {orientation}."),
)
_EMPTY_WORDS = (
    *("the", "is", "it", "its", "of", "in", "on", "at", "to", "and", "with", "there", "please"),
    *("draw", "show", "me", "colour", "coloured", "shape", "picture", "image", "canvas", "one"),
    *("single", "which", "whose", "tip", "that", "side", "corner"),
)
_SPELLINGS = {"gray": "grey", "center": "centre", "color": "colour", "colored": "coloured"}

GRAMMAR = Grammar(
    descriptors=(
        Descriptor("shape", _SHAPES, _SHAPES_UNDERSTOOD),
        Descriptor("size", _SIZES, _SIZES_UNDERSTOOD),
        Descriptor(
            "colour", {name: (name, *_COLOUR_SYNONYMS.get(name, ())) for name in COLOUR_NAMES}
        ),
        _places(),
        _orientations(),
    ),
    free=_FREE,
    templates=_TEMPLATES,
)
READER = Reader(GRAMMAR, empty_words=_EMPTY_WORDS, also=_SPELLINGS)
