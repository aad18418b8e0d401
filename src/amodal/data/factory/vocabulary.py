"""The words of the factory's captions: the only place to add a wording, an opening or an order.

The reader knows no context, so each phrase carries the noun or verb that says what it is about:
"stands on the left" is the robot's place, "placed on the left" the table's.
"""

from collections.abc import Mapping, Sequence
from itertools import product

from amodal.data.factory.colours import COLOUR_NAMES
from amodal.data.grammar import Descriptor, Grammar, with_article
from amodal.data.reading import Reader

DESCRIPTOR_NAMES = (
    *("place", "heading", "arm", "relation"),
    *("colour", "spot", "orientation", "box"),
)
"""The robot's place, heading and arm, where it is from the table; the table's colour, place and
orientation, and the box on it."""

_ROWS = {
    "very back": ("at the very back", "by the back wall"),
    "back": ("towards the back", "in the back part"),
    "middle": ("halfway back", "at mid depth"),
    "front": ("towards the front", "in the front part"),
    "very front": ("at the very front", "by the front edge"),
}
_COLUMNS = {
    "far left": ("on the far left", "by the left wall"),
    "left": ("on the left", "left of centre"),
    "centre": ("in the centre", "in the middle"),
    "right": ("on the right", "right of centre"),
    "far right": ("on the far right", "by the right edge"),
}
_PLACES_WHOLE = {
    "very back far left": ("in the back left corner",),
    "very back far right": ("in the back right corner",),
    "very front far left": ("in the front left corner",),
    "very front far right": ("in the front right corner",),
    "middle centre": ("in the very middle", "in the very centre"),
}
_DIRECTIONS = {
    "right": ("east", "to the right"),
    "right, a little back": ("east-north-east", "right and slightly back"),
    "back right": ("north-east", "to the back right"),
    "back, a little right": ("north-north-east", "back and slightly right"),
    "back": ("north", "to the back", "away from the camera"),
    "back, a little left": ("north-north-west", "back and slightly left"),
    "back left": ("north-west", "to the back left"),
    "left, a little back": ("west-north-west", "left and slightly back"),
    "left": ("west", "to the left"),
    "left, a little front": ("west-south-west", "left and slightly to the front"),
    "front left": ("south-west", "to the front left"),
    "front, a little left": ("south-south-west", "to the front and slightly left"),
    "front": ("south", "to the front", "towards the camera"),
    "front, a little right": ("south-south-east", "to the front and slightly right"),
    "front right": ("south-east", "to the front right"),
    "right, a little front": ("east-south-east", "right and slightly to the front"),
}
_ARMS = {
    "lowered": ("lowered", "hanging low"),
    "level": ("held level", "at mid height"),
    "raised": ("raised", "lifted high"),
}
_BENDS = {"stretched": ("stretched out", "straight"), "bent": ("bent", "bent at the elbow")}
# None begins with a direction: "facing to the front, left of ..." would be read as "front left".
_SIDES = {
    "right": ("on the right side of the table", "at the right of the table"),
    "behind": ("behind the table", "on the far side of the table"),
    "left": ("on the left side of the table", "at the left of the table"),
    "before": ("in front of the table", "on the near side of the table"),
}
_FACING = {
    "facing": ("and facing it", "and turned towards it"),
    "aside": ("but not facing it", "but looking elsewhere"),
}
_COLOUR_SYNONYMS = {"lime": ("lime green",), "turquoise": ("teal",), "pink": ("rose",)}
_TABLES, _BOXES = ("table", "workbench"), ("box", "crate")
NO_BOX = "none"

ROW_NAMES, COLUMN_NAMES = tuple(_ROWS), tuple(_COLUMNS)
"""Rows of places from back to front, columns from left to right."""
HEADING_NAMES = tuple(_DIRECTIONS)
"""The 16 headings of the robot, anticlockwise from the right of the picture, seen from above."""
ORIENTATION_NAMES = HEADING_NAMES[::2]
"""The 8 orientations of the table: where its white end points."""
ARM_NAMES, BEND_NAMES = tuple(_ARMS), tuple(_BENDS)
SIDE_NAMES, FACING_NAMES = tuple(_SIDES), tuple(_FACING)


def _places() -> dict[str, list[str]]:
    result = {}
    for (row, depths), (column, acrosses) in product(_ROWS.items(), _COLUMNS.items()):
        name = f"{row} {column}"
        result[name] = [f"{depth} {across}" for depth, across in product(depths, acrosses)]
        result[name] += _PLACES_WHOLE.get(name, ())
    return result


def _led(
    leads: Sequence[str], meanings: Mapping[str, Sequence[str]], names: Sequence[str] | None = None
) -> dict[str, list[str]]:
    """Every phrase of some meanings behind every lead."""
    return {
        name: [f"{lead} {phrase}" for lead, phrase in product(leads, meanings[name])]
        for name in (meanings if names is None else names)
    }


def _descriptors() -> tuple[Descriptor, ...]:
    arms = {
        f"{arm} {bend}": [f"its arm {how} and {form}" for how, form in product(hows, forms)]
        for (arm, hows), (bend, forms) in product(_ARMS.items(), _BENDS.items())
    }
    relations = {
        f"{side} {facing}": [f"{where} {how}" for where, how in product(wheres, hows)]
        for (side, wheres), (facing, hows) in product(_SIDES.items(), _FACING.items())
    }
    shades = {name: (name, *_COLOUR_SYNONYMS.get(name, ())) for name in COLOUR_NAMES}
    places, ends = _places(), ("its white end pointing", "its white end turned")
    return (
        Descriptor(
            "place",
            _led(("stands", "waits", "is parked"), places),
            _led(("robot", "robot is", "standing"), places),
        ),
        Descriptor(
            "heading",
            _led(("heading", "facing", "looking"), _DIRECTIONS),
            _led(("heads", "faces", "looks"), _DIRECTIONS),
        ),
        Descriptor("arm", arms),
        Descriptor("relation", relations),
        Descriptor(
            "colour",
            {n: [f"{shade} {noun}" for shade in s for noun in _TABLES] for n, s in shades.items()},
            _led(("table is", "its colour is"), shades),
        ),
        Descriptor(
            "spot",
            _led(("placed", "set up"), places),
            _led(("table", "table is", "table stands"), places),
        ),
        Descriptor("orientation", _led(ends, _DIRECTIONS, ORIENTATION_NAMES)),
        Descriptor("box", *_boxes(shades)),
    )


def _boxes(shades: Mapping[str, Sequence[str]]) -> tuple[dict, dict]:
    wordings: dict = {NO_BOX: ("with nothing on it", "with an empty top", "with no box on it")}
    understood: dict = {NO_BOX: ("no box", "nothing on it", "nothing on the table", "empty")}
    for name, words in shades.items():
        boxes = [f"{shade} {noun}" for shade, noun in product(words, _BOXES)]
        wordings[name] = [f"with {with_article(box)} on it" for box in boxes]
        wordings[name] += [f"carrying {with_article(box)}" for box in boxes]
        understood[name] = [*boxes, *(f"box is {shade}" for shade in words)]
    return wordings, understood


_FREE = {
    "opening": ("there is", "I see", "you can see", "here is", "the picture shows"),
    "robot": ("robot", "mobile robot"),
}
_TEMPLATES = (
    (
        3,
        "a {robot} {place}, {heading}, {arm}; "
        "it is {relation}: {a colour} {spot}, {orientation}, {box}.",
    ),
    (
        3,
        "the {robot} {place}, {relation}, {heading}, {arm}; "
        "the {colour} is {spot}, {orientation}, {box}.",
    ),
    (
        2,
        "{opening} a {robot} that {place}, {heading}, {arm}, and {a colour} {box}, "
        "{spot}, {orientation}; the robot is {relation}.",
    ),
    (
        2,
        "{opening} {a colour} {spot}, {orientation}, {box}; "
        "a {robot} {place}, {heading}, {arm}, {relation}.",
    ),
    (
        2,
        "{heading}, {arm}, a {robot} {place}, {relation}; "
        "the {colour} {box} is {spot}, {orientation}.",
    ),
    (
        2,
        "{a colour} {box} is {spot}, {orientation}; "
        "the {robot} {place}, {heading}, {arm}, and it is {relation}.",
    ),
    (
        2,
        "{relation}, a {robot} {place}, {arm}, {heading}; "
        "{opening} {a colour} {spot}, {box}, {orientation}.",
    ),
    (
        1,
        "{spot}, {orientation}, {opening} {a colour} {box}; "
        "{relation}, the {robot} {place}, {heading}, {arm}.",
    ),
    (
        1,
        "a {robot}, {arm}, {place}, {heading}; "
        "it is {relation}; {opening} {a colour}, {box}, {spot}, {orientation}.",
    ),
    (
        1,
        "{arm} and {heading}, the {robot} {place}, {relation}; "
        "{a colour} is {spot} {box}, {orientation}.",
    ),
)
_EMPTY_WORDS = (
    *("the", "is", "it", "its", "of", "in", "on", "at", "to", "and", "with", "there", "please"),
    *("draw", "show", "me", "colour", "picture", "image", "hall", "factory", "one", "robot"),
    *("table", "workbench", "box", "crate", "arm", "that", "which", "while", "stands", "end"),
    *("has", "have", "having", "standing"),
)
_SPELLINGS = {"center": "centre", "color": "colour", "workbench's": "workbench"}

GRAMMAR = Grammar(descriptors=_descriptors(), free=_FREE, templates=_TEMPLATES)
READER = Reader(GRAMMAR, empty_words=_EMPTY_WORDS, also=_SPELLINGS)
