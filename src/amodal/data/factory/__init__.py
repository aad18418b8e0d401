"""The factory: a robot and a table in a hall, drawn by a simulator, in numbers and in words."""

from amodal.data.factory.agreement import agreement
from amodal.data.factory.attributes import (
    ATTRIBUTE_BLOCKS,
    ATTRIBUTE_NAMES,
    attributes,
    factors_from_attributes,
)
from amodal.data.factory.captions import (
    CaptionReading,
    read_caption,
    read_loosely,
    reword,
    write_captions,
)
from amodal.data.factory.factors import FACTOR_NAMES, draw_factors
from amodal.data.factory.heldout import heldout_region, in_heldout_region
from amodal.data.factory.readable import readable_errors
from amodal.data.factory.render import render
from amodal.data.factory.triplets import SHARED_NAMES, draw_triplets
from amodal.data.factory.vocabulary import DESCRIPTOR_NAMES

__all__ = [
    "ATTRIBUTE_BLOCKS",
    "ATTRIBUTE_NAMES",
    "DESCRIPTOR_NAMES",
    "FACTOR_NAMES",
    "SHARED_NAMES",
    "CaptionReading",
    "agreement",
    "attributes",
    "draw_factors",
    "draw_triplets",
    "factors_from_attributes",
    "heldout_region",
    "in_heldout_region",
    "read_caption",
    "read_loosely",
    "readable_errors",
    "render",
    "reword",
    "write_captions",
]
