"""Points inside areas, on their edges and outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti.shapes import Area, Shape

TRIANGLE = (0, 0, 10, 0, 0, 10)
NOTCHED = (0, 0, 10, 0, 10, 10, 5, 5, 0, 10)


@pytest.mark.parametrize(
    ("shape", "coords", "point", "inside"),
    [
        ("circle", (10, 10, 5), (13, 14), True),
        ("circle", (10, 10, 5), (14, 14), False),
        ("rect", (0, 0, 10, 5), (10, 5), True),
        ("rect", (10, 5, 0, 0), (3, 3), True),
        ("rect", (0, 0, 10, 5), (11, 5), False),
        ("ellipse", (10, 10, 8, 4), (18, 10), True),
        ("ellipse", (10, 10, 8, 4), (10, 15), False),
        ("ellipse", (10, 10, 0, 4), (10, 10), False),
        ("poly", TRIANGLE, (2, 2), True),
        ("poly", TRIANGLE, (5, 5), True),
        ("poly", TRIANGLE, (6, 6), False),
        ("poly", NOTCHED, (5, 4), True),
        ("poly", NOTCHED, (5, 7), False),
        ("default", (), (9999, -1), True),
    ],
)
def test_a_point_is_inside_up_to_the_edge(
    shape: str, coords: tuple[float, ...], point: tuple[float, float], inside: bool
) -> None:
    assert Area(Shape(shape), coords).contains(point) is inside


@given(*[st.integers(-50, 50)] * 6)
def test_a_rectangle_and_its_polygon_hold_the_same_points(
    left: int, top: int, width: int, height: int, x: int, y: int
) -> None:
    right, bottom = left + abs(width) + 1, top + abs(height) + 1
    rect = Area(Shape.RECT, (left, top, right, bottom))
    poly = Area(Shape.POLY, (left, top, right, top, right, bottom, left, bottom))
    assert rect.contains((x, y)) is poly.contains((x, y))


@pytest.mark.parametrize(
    ("shape", "coords"),
    [("circle", (1, 2)), ("rect", (1, 2, 3)), ("poly", (0, 0, 1, 1)), ("poly", (0,) * 7)],
)
def test_a_wrong_count_of_coordinates_is_no_area(shape: str, coords: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="coordinates"):
        Area(Shape(shape), coords)
