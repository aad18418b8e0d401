"""Simple Shapes: factors, pictures, attributes and captions of coloured shapes on black."""

from amodal.data.shapes.agreement import agreement
from amodal.data.shapes.attributes import (
    ATTRIBUTE_NAMES,
    attributes,
    factors_from_attributes,
)
from amodal.data.shapes.captions import (
    CaptionReading,
    read_caption,
    read_loosely,
    reword,
    write_captions,
)
from amodal.data.shapes.factors import FACTOR_NAMES, SHAPE_NAMES, draw_factors
from amodal.data.shapes.render import render
from amodal.data.shapes.vocabulary import DESCRIPTOR_NAMES

__all__ = [
    "ATTRIBUTE_NAMES",
    "DESCRIPTOR_NAMES",
    "FACTOR_NAMES",
    "SHAPE_NAMES",
    "CaptionReading",
    "agreement",
    "attributes",
    "draw_factors",
    "factors_from_attributes",
    "read_caption",
    "read_loosely",
    "render",
    "reword",
    "write_captions",
]
