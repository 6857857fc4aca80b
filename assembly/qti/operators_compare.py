"""Comparisons: match, equal with its tolerances, orders, durations, points inside areas."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from assembly.qti import values
from assembly.qti.expressions import Call
from assembly.qti.shapes import Area, Shape
from assembly.qti.values import BaseType, Value


def match(call: Call) -> Value | None:
    """Both sides need one cardinality; numbers compare as numbers, texts as texts."""
    left, right = call.count(2, 2)
    if left is None or right is None:
        return None
    if left.cardinality is not right.cardinality:
        raise call.error(f"compares a {left.cardinality} value with a {right.cardinality} one")
    if not _comparable(left.base_type, right.base_type):
        raise call.error(f"compares {left.base_type} with {right.base_type}")
    return values.boolean(values.same(left, right))


def _comparable(left: BaseType | None, right: BaseType | None) -> bool:
    return (
        left is right
        or (left in values.NUMERIC and right in values.NUMERIC)
        or (left in values.TEXTUAL and right in values.TEXTUAL)
    )


def equal(call: Call) -> Value | None:
    """Absolute: first - t0 <= second <= first + t1; relative: in percent of it.

    The bounds are reckoned in the decimal digits that a person reads: 0.7 lies within 0.1 of 0.8.
    """
    pair = call.pair()
    if pair is None:
        return None
    first, second = pair
    mode = call.expression.attributes.get("tolerance-mode", "exact").strip()
    if mode == "exact":
        return values.boolean(first == second)
    bounds = _tolerances(call)
    if bounds is None:
        return None
    first, second, below, above = _as_read(first, second, *bounds)
    if mode == "absolute":
        low, high = first - below, first + above
    elif mode == "relative":
        low, high = sorted((first * (1 - below / 100), first * (1 + above / 100)))
    else:
        raise call.error(f"does not know the tolerance mode {mode}", "attribute")
    enough = low < second or (low == second and call.flag("include-lower-bound", True))
    not_more = second < high or (second == high and call.flag("include-upper-bound", True))
    return values.boolean(enough and not_more)


def _as_read(*numbers: float) -> tuple[Any, ...]:
    """Decimals, or the floats themselves where one of them is infinite or no number."""
    if not all(map(math.isfinite, numbers)):
        return numbers
    return tuple(Decimal(str(number)) for number in numbers)


def _tolerances(call: Call) -> tuple[float, float] | None:
    parts = call.attribute("tolerance").split()
    if len(parts) not in (1, 2):
        raise call.error("needs one or two tolerances", "attribute")
    found = [call.number(part) for part in parts]
    below, above = found[0], found[-1]
    if below is None or above is None:
        return None
    if below < 0 or above < 0:
        raise call.error("has a negative tolerance", "attribute")
    return below, above


def _order(holds: Callable[[float, float], bool]) -> Callable[[Call], Value | None]:
    def compare(call: Call) -> Value | None:
        pair = call.pair()
        return None if pair is None else values.boolean(holds(*pair))

    return compare


def inside(call: Call) -> Value | None:
    """True if any point of a container is in the area."""
    value = call.count(1, 1)[0]
    if value is None:
        return None
    if value.base_type is not BaseType.POINT:
        raise call.error("takes points only")
    area = _area(call)
    points = [item for item in value.scalars if isinstance(item, tuple)]
    return values.boolean(any(area.contains((float(x), float(y))) for x, y in points))


def _area(call: Call) -> Area:
    try:
        coords = tuple(
            float(part)
            for part in call.expression.attributes.get("coords", "").replace(",", " ").split()
        )
        return Area(Shape(call.attribute("shape")), coords)
    except ValueError as error:
        raise call.error(f"has no usable area: {error}", "attribute") from error


TABLE: dict[str, Callable[[Call], Value | None]] = {
    "duration-gte": _order(lambda first, second: first >= second),
    "duration-lt": _order(lambda first, second: first < second),
    "equal": equal,
    "gt": _order(lambda first, second: first > second),
    "gte": _order(lambda first, second: first >= second),
    "inside": inside,
    "lt": _order(lambda first, second: first < second),
    "lte": _order(lambda first, second: first <= second),
    "match": match,
}
