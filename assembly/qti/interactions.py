"""Every interaction by name, gathered from the modules that define them."""

from assembly.qti.body import Interaction, Problem, ShuffleGroup
from assembly.qti.interactions_base import AssociableChoice, SimpleChoice
from assembly.qti.interactions_choice import Choice, Hottext, InlineChoice, Order
from assembly.qti.interactions_graphic import (
    GraphicOrder,
    Hotspot,
    HotspotChoice,
    Image,
    PositionObject,
    SelectPoint,
)
from assembly.qti.interactions_other import Drawing, EndAttempt, Media, Upload
from assembly.qti.interactions_pair import (
    AssociableHotspot,
    Associate,
    Gap,
    GapMatch,
    GraphicAssociate,
    GraphicGapMatch,
    Match,
)
from assembly.qti.interactions_portable import ModuleFile, PortableCustom
from assembly.qti.interactions_text import ExtendedText, Slider, TextEntry

__all__ = [
    "AssociableChoice",
    "AssociableHotspot",
    "Associate",
    "Choice",
    "Drawing",
    "EndAttempt",
    "ExtendedText",
    "Gap",
    "GapMatch",
    "GraphicAssociate",
    "GraphicGapMatch",
    "GraphicOrder",
    "Hotspot",
    "HotspotChoice",
    "Hottext",
    "Image",
    "InlineChoice",
    "Interaction",
    "Match",
    "Media",
    "ModuleFile",
    "Order",
    "PortableCustom",
    "PositionObject",
    "Problem",
    "SelectPoint",
    "ShuffleGroup",
    "SimpleChoice",
    "Slider",
    "TextEntry",
    "Upload",
]
