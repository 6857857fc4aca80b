"""Areas of an image, and which points are inside."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    CIRCLE = "circle"
    DEFAULT = "default"
    ELLIPSE = "ellipse"
    POLY = "poly"
    RECT = "rect"


@dataclass(frozen=True, slots=True)
class Area:
    """Pixels of the image at its declared size; raises ValueError for a wrong count."""

    shape: Shape
    coords: tuple[float, ...]

    def __post_init__(self) -> None:
        count = len(self.coords)
        fits = {
            Shape.CIRCLE: count == 3,
            Shape.DEFAULT: True,
            Shape.ELLIPSE: count == 4,
            Shape.POLY: count >= 6 and count % 2 == 0,
            Shape.RECT: count == 4,
        }
        if not fits[self.shape]:
            raise ValueError(f"{count} coordinates do not make a {self.shape.value}.")

    def contains(self, point: tuple[float, float]) -> bool:
        return _TESTS[self.shape](self.coords, point)


def _in_circle(coords: tuple[float, ...], point: tuple[float, float]) -> bool:
    x, y, radius = coords
    return math.hypot(point[0] - x, point[1] - y) <= radius


def _in_ellipse(coords: tuple[float, ...], point: tuple[float, float]) -> bool:
    x, y, horizontal, vertical = coords
    if horizontal <= 0 or vertical <= 0:
        return False
    across, down = (point[0] - x) / horizontal, (point[1] - y) / vertical
    return across * across + down * down <= 1


def _in_rect(coords: tuple[float, ...], point: tuple[float, float]) -> bool:
    left, top, right, bottom = coords
    return min(left, right) <= point[0] <= max(left, right) and min(top, bottom) <= point[1] <= max(
        top, bottom
    )


def _in_poly(coords: tuple[float, ...], point: tuple[float, float]) -> bool:
    """Even-odd rule; a point on an edge is inside."""
    corners = list(zip(coords[::2], coords[1::2], strict=True))
    inside = False
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        if _on_edge((ax, ay), (bx, by), point):
            return True
        if (ay > point[1]) != (by > point[1]):
            crossing = ax + (point[1] - ay) * (bx - ax) / (by - ay)
            inside ^= point[0] < crossing
    return inside


def _on_edge(
    start: tuple[float, float], end: tuple[float, float], point: tuple[float, float]
) -> bool:
    cross = (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (
        point[0] - start[0]
    )
    if cross != 0:
        return False
    return min(start[0], end[0]) <= point[0] <= max(start[0], end[0]) and min(
        start[1], end[1]
    ) <= point[1] <= max(start[1], end[1])


def _anywhere(coords: tuple[float, ...], point: tuple[float, float]) -> bool:
    return True


_TESTS: dict[Shape, Callable[[tuple[float, ...], tuple[float, float]], bool]] = {
    Shape.CIRCLE: _in_circle,
    Shape.DEFAULT: _anywhere,
    Shape.ELLIPSE: _in_ellipse,
    Shape.POLY: _in_poly,
    Shape.RECT: _in_rect,
}
