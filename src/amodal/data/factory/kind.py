"""The factory, as the rest of the package knows it."""

import math

from amodal.data.factory.agreement import agreement
from amodal.data.factory.attributes import (
    ATTRIBUTE_BLOCKS,
    ATTRIBUTE_NAMES,
    attributes,
    factors_from_attributes,
)
from amodal.data.factory.captions import read_caption, read_loosely, reword, write_captions
from amodal.data.factory.colours import COLOUR_NAMES
from amodal.data.factory.factors import ELBOW, FACTOR_NAMES, REACH, SHOULDER, draw_factors
from amodal.data.factory.heldout import heldout_region, in_heldout_region
from amodal.data.factory.readable import readable_errors
from amodal.data.factory.render import render
from amodal.data.factory.triplets import SHARED_NAMES, draw_triplets
from amodal.data.factory.vocabulary import DESCRIPTOR_NAMES
from amodal.data.figures import Figure
from amodal.data.kinds import Kind
from amodal.data.typed import TypedFactor

ROBOT_PLACE = Figure("robot_place_percent", "robot's place", unit="% of the hall", bar=5.0)
HEADING = Figure("heading_degrees", "heading", unit="degrees", detail="median", bar=20.0)
SHOULDER_ANGLE = Figure("shoulder_degrees", "shoulder", unit="degrees")
ELBOW_ANGLE = Figure("elbow_degrees", "elbow", unit="degrees")
TABLE_PLACE = Figure("table_place_percent", "table's place", unit="% of the hall", bar=5.0)
ORIENTATION = Figure("table_orientation_degrees", "table's turn", unit="degrees", detail="median")
TABLE_HUE = Figure("table_hue_degrees", "table's hue", unit="degrees", detail="median", bar=20.0)
BOX = Figure("box_accuracy", "box", bar=0.95)
BOX_HUE = Figure("box_hue_degrees", "box's hue", unit="degrees", detail="median")
_DEGREES = 180 / math.pi
_NEIGHBOURS = {
    name: frozenset((COLOUR_NAMES[i - 1], name, COLOUR_NAMES[(i + 1) % len(COLOUR_NAMES)]))
    for i, name in enumerate(COLOUR_NAMES)
}

KIND = Kind(
    name="factory",
    title="the factory",
    version=1,
    side=64,
    factor_names=FACTOR_NAMES,
    draw=draw_factors,
    render=render,
    triplets=draw_triplets,
    shared_names=SHARED_NAMES,
    in_heldout_region=in_heldout_region,
    heldout_words=lambda *, seed=0: heldout_region(seed=seed).describe(),
    attribute_names=ATTRIBUTE_NAMES,
    attribute_blocks=ATTRIBUTE_BLOCKS,
    attributes=attributes,
    factors_from_attributes=factors_from_attributes,
    readable_errors=readable_errors,
    figures=(
        *(ROBOT_PLACE, HEADING, SHOULDER_ANGLE, ELBOW_ANGLE),
        *(TABLE_PLACE, ORIENTATION, TABLE_HUE, BOX, BOX_HUE),
    ),
    headline=(BOX, ROBOT_PLACE, HEADING, TABLE_PLACE, TABLE_HUE),
    finest=HEADING,
    roughest=TABLE_PLACE,
    typed=(
        TypedFactor("robot x", "-1", low=-REACH, high=REACH, digits=2),
        TypedFactor("robot y", "0.5", low=-REACH, high=REACH, digits=2),
        TypedFactor("heading", "90", high=360, per=_DEGREES, circular=True),
        TypedFactor("shoulder", "40", SHOULDER[0] * _DEGREES, SHOULDER[1] * _DEGREES, _DEGREES),
        TypedFactor("elbow", "20", ELBOW[0] * _DEGREES, ELBOW[1] * _DEGREES, _DEGREES),
        TypedFactor("table x", "1.2", low=-REACH, high=REACH, digits=2),
        TypedFactor("table y", "-0.8", low=-REACH, high=REACH, digits=2),
        TypedFactor("orientation", "30", high=360, per=_DEGREES, circular=True),
        TypedFactor("table hue", "240", high=360, per=360, circular=True),
        TypedFactor("box", "yes", names=("no", "yes")),
        TypedFactor("box hue", "0", high=360, per=360, circular=True),
    ),
    descriptor_names=DESCRIPTOR_NAMES,
    write=write_captions,
    read=read_caption,
    read_loosely=read_loosely,
    reword=reword,
    agreement=agreement,
    leniency="The neighbouring place, direction, side of the table or hue, and an arm one step "
    "away, count as right",
    own_words=(
        "a robot stands in the back left corner looking towards the camera, its arm raised and "
        "straight; the red table is set up in the very centre with a blue box on it",
        "A green table placed on the far right at mid depth, nothing on it. The robot waits in the "
        "front part on the left, heading to the right, its arm lowered and bent.",
    ),
    near_names={"colour": _NEIGHBOURS, "box": _NEIGHBOURS},
)
