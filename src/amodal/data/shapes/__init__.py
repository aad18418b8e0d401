"""Simple Shapes: factors, pictures, attributes and captions of coloured shapes on black."""

from amodal.data.shapes.attributes import (
    ATTRIBUTE_NAMES,
    attributes,
    factors_from_attributes,
)
from amodal.data.shapes.factors import FACTOR_NAMES, SHAPE_NAMES, draw_factors
from amodal.data.shapes.render import render

__all__ = [
    "ATTRIBUTE_NAMES",
    "FACTOR_NAMES",
    "SHAPE_NAMES",
    "attributes",
    "draw_factors",
    "factors_from_attributes",
    "render",
]
