"""Simple Shapes, as the rest of the package knows it."""

import math

from amodal.data.figures import Figure
from amodal.data.kinds import Kind
from amodal.data.shapes.agreement import agreement
from amodal.data.shapes.attributes import (
    ATTRIBUTE_BLOCKS,
    ATTRIBUTE_NAMES,
    attributes,
    factors_from_attributes,
)
from amodal.data.shapes.captions import read_caption, read_loosely, reword, write_captions
from amodal.data.shapes.colours import COLOUR_NAMES, COLOUR_VALUES, nearest_colours
from amodal.data.shapes.factors import FACTOR_NAMES, SHAPE_NAMES, draw_factors
from amodal.data.shapes.heldout import heldout_region, in_heldout_region
from amodal.data.shapes.readable import readable_errors
from amodal.data.shapes.render import render
from amodal.data.shapes.triplets import SHARED_NAMES, draw_triplets
from amodal.data.shapes.vocabulary import DESCRIPTOR_NAMES
from amodal.data.typed import TypedFactor

SHAPE = Figure("shape_accuracy", "shape", digits=1, bar=0.95)
PLACE = Figure("place_pixels", "place", unit="px", digits=2, detail="of 32", bar=0.5)
SIZE = Figure("size_pixels", "size", unit="px", digits=2, bar=0.5)
ROTATION = Figure(
    "rotation_degrees", "rotation", unit="degrees", digits=1, detail="median", bar=12.0
)
COLOUR = Figure("colour_levels", "colour", unit="of 255", digits=1, bar=10.0)
_DEGREES = 180 / math.pi

KIND = Kind(
    name="shapes",
    title="Simple Shapes",
    version=2,
    side=32,
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
    figures=(SHAPE, PLACE, SIZE, ROTATION, COLOUR),
    headline=(SHAPE, PLACE, ROTATION, COLOUR),
    finest=ROTATION,
    roughest=PLACE,
    typed=(
        TypedFactor("shape", "egg", names=SHAPE_NAMES),
        TypedFactor("x", "20", low=7, high=25, digits=1),
        TypedFactor("y", "12", low=7, high=25, digits=1),
        TypedFactor("size", "9", low=7, high=14, digits=1),
        TypedFactor("rotation", "90", high=360, per=_DEGREES, circular=True),
        TypedFactor("red", "255", high=255, per=255),
        TypedFactor("green", "0", high=255, per=255),
        TypedFactor("blue", "0", high=255, per=255),
    ),
    descriptor_names=DESCRIPTOR_NAMES,
    write=write_captions,
    read=read_caption,
    read_loosely=read_loosely,
    reword=reword,
    agreement=agreement,
    leniency="The neighbouring size, place or orientation, and a name near the true colour, count "
    "as right",
    own_words=(
        "a small red triangle in the top left corner",
        "a huge blue egg in the very middle, pointing right",
        "There is a large yellow diamond near the bottom on the right, facing up.",
        "a tiny white egg at the bottom",
    ),
    near_names={
        "colour": {
            name: frozenset(COLOUR_NAMES[index] for index in nearest)
            for name, nearest in zip(
                COLOUR_NAMES, nearest_colours(COLOUR_VALUES, count=2), strict=True
            )
        }
    },
)
