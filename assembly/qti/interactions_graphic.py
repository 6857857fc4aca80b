"""Interactions on an image: hotspot, graphic order, select point, position object."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from assembly.qti import interactions_base as base
from assembly.qti import interactions_choice
from assembly.qti.body import Interaction, Problem
from assembly.qti.interactions_base import SimpleChoice
from assembly.qti.shapes import Area
from assembly.qti.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture to point at; sizes are in the image's own pixels and may be unknown."""

    source: str
    alt: str = ""
    width: int | None = None
    height: int | None = None
    media_type: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotChoice(SimpleChoice):
    area: Area
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotspot(Interaction):
    name: ClassVar[str] = "hotspot_interaction"
    image: Image
    choices: tuple[HotspotChoice, ...]
    min_choices: int = 0
    max_choices: int = 1

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        picked = base.lexical(value)
        limits = (self.min_choices, self.max_choices)
        return (
            *base.unknown(picked, (choice.identifier for choice in self.choices)),
            *base.repeated(picked),
            *base.count_problems(len(picked), *limits, "area", self.attributes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphicOrder(Interaction):
    name: ClassVar[str] = "graphic_order_interaction"
    image: Image
    choices: tuple[HotspotChoice, ...]
    min_choices: int = 0
    max_choices: int = 0

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        limits = (self.min_choices, self.max_choices)
        return interactions_choice.order_problems(value, self.choices, limits, self.attributes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Points(Interaction):
    image: Image
    min_choices: int = 0
    max_choices: int = 0

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        points = base.lexical(value)
        limits = (self.min_choices, self.max_choices)
        outside = any(not self._inside(point) for point in points)
        message = base._("A point lies outside the image.")
        return (
            *([Problem("out_of_bounds", message)] if outside else []),
            *base.count_problems(len(points), *limits, "point", self.attributes),
        )

    def _inside(self, point: str) -> bool:
        x, y = (int(part) for part in point.split())
        width = math.inf if self.image.width is None else self.image.width
        height = math.inf if self.image.height is None else self.image.height
        return 0 <= x <= width and 0 <= y <= height


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectPoint(_Points):
    name: ClassVar[str] = "select_point_interaction"


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionObject(_Points):
    """An object placed on a stage; the stage's image is ``image``."""

    name: ClassVar[str] = "position_object_interaction"
    movable: Image
    center_point: tuple[int, int] | None = None
    max_choices: int = 1
