"""Pictures to point at: the image with its numbered areas as one scalable drawing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from assembly.qti.interactions import AssociableHotspot, HotspotChoice, Image
from assembly.qti.shapes import Area, Shape
from assembly.rendering.nodes import Writer

Hotspot = HotspotChoice | AssociableHotspot
MARGIN = 8.0
SMALL = 400
MARKER_SHARE = 0.032


@dataclass(frozen=True, slots=True)
class Picture:
    """``known`` is false where the document gives no size: a script then asks the image."""

    address: str
    alt: str
    width: float
    height: float
    known: bool

    @property
    def view_box(self) -> str:
        return f"0 0 {self.width:g} {self.height:g}"

    @property
    def shown_width(self) -> str:
        return _number(self.width * self._scale)

    @property
    def shown_height(self) -> str:
        return _number(self.height * self._scale)

    @property
    def _scale(self) -> float:
        """Small pictures are shown larger, so that their areas can be hit."""
        return 1.5 if self.width < SMALL else 1.0


@dataclass(frozen=True, slots=True)
class Spot:
    identifier: str
    number: str
    label: str
    outline: SafeString
    x: str
    y: str
    marker_x: str
    marker_y: str
    radius: str
    text_size: str


def picture(writer: Writer, image: Image, hotspots: Iterable[Hotspot] = ()) -> Picture:
    width, height = extent(hotspots)
    return Picture(
        address=writer.address(image.source) or "",
        alt=image.alt or gettext("Picture"),
        width=float(image.width or width or 640),
        height=float(image.height or height or 480),
        known=bool(image.width and image.height),
    )


def extent(hotspots: Iterable[Hotspot]) -> tuple[float, float]:
    """The smallest size that shows every area; 0 where there is none."""
    corners = [_bounds(spot.area) for spot in hotspots if _is_part(spot.area)]
    if not corners:
        return 0.0, 0.0
    return max(c[2] for c in corners) + MARGIN, max(c[3] for c in corners) + MARGIN


def _is_part(area: Area) -> bool:
    """The default shape is the whole picture, whatever its coordinates say."""
    return area.shape is not Shape.DEFAULT


def _bounds(area: Area) -> tuple[float, float, float, float]:
    c = area.coords
    if area.shape is Shape.CIRCLE:
        return c[0] - c[2], c[1] - c[2], c[0] + c[2], c[1] + c[2]
    if area.shape is Shape.ELLIPSE:
        return c[0] - c[2], c[1] - c[3], c[0] + c[2], c[1] + c[3]
    return min(c[::2]), min(c[1::2]), max(c[::2]), max(c[1::2])


def spots(
    hotspots: Iterable[Hotspot], drawn: Picture, numbered: Callable[[int], str] = str
) -> list[Spot]:
    """Numbered in document order, which is also the order of their controls."""
    return [_spot(numbered(at), spot, drawn) for at, spot in enumerate(hotspots, 1)]


def _spot(number: str, hotspot: Hotspot, drawn: Picture) -> Spot:
    """The number stands at a corner of its area, so that it covers nothing to be looked at."""
    area = hotspot.area
    left, top, right, bottom = (
        _bounds(area) if _is_part(area) else (0, 0, drawn.width, drawn.height)
    )
    radius = max(drawn.width * MARKER_SHARE, 6.0)
    inset = (right - left) * 0.15 if area.shape in (Shape.CIRCLE, Shape.ELLIPSE) else 0.0
    marker_x = min(max(left + inset, radius), drawn.width - radius)
    marker_y = min(max(top + inset, radius), drawn.height - radius)
    return Spot(
        identifier=hotspot.identifier,
        number=number,
        label=hotspot.label or gettext("Area %(number)s") % {"number": number},
        outline=_outline(area, drawn),
        x=_number((left + right) / 2),
        y=_number((top + bottom) / 2),
        marker_x=_number(marker_x),
        marker_y=_number(marker_y),
        radius=_number(radius),
        text_size=_number(radius * 1.25),
    )


def _outline(area: Area, drawn: Picture) -> SafeString:
    c = area.coords
    if area.shape is Shape.CIRCLE:
        return format_html('<circle cx="{}" cy="{}" r="{}"/>', *map(_number, c))
    if area.shape is Shape.ELLIPSE:
        return format_html('<ellipse cx="{}" cy="{}" rx="{}" ry="{}"/>', *map(_number, c))
    if area.shape is Shape.POLY:
        corners = format_html_join(
            " ", "{},{}", ((_number(x), _number(y)) for x, y in zip(c[::2], c[1::2], strict=True))
        )
        return format_html('<polygon points="{}"/>', corners)
    left, top, right, bottom = (
        _bounds(area) if _is_part(area) else (0.0, 0.0, drawn.width, drawn.height)
    )
    size = (left, top, right - left, bottom - top)
    return format_html('<rect x="{}" y="{}" width="{}" height="{}"/>', *map(_number, size))


def _number(value: float) -> str:
    return f"{value:g}"
