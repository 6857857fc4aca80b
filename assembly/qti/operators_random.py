"""Draws from the session's keyed stream: random, random-integer, random-float."""

from assembly.qti import values
from assembly.qti.expressions import Call
from assembly.qti.values import Value

# As many steps as a float has between two powers of two.
_STEPS = 2**53


def random(call: Call) -> Value | None:
    """One value of a container, each with the same chance."""
    value = call.count(1, 1)[0]
    if value is None or value.base_type is None:
        return None
    return values.single(value.base_type, value.scalars[call.scope.below(len(value.scalars))])


def random_integer(call: Call) -> Value | None:
    """min + step * n, not above max."""
    low = _bound(call, "min", "0")
    high = _bound(call, "max", None)
    step = _bound(call, "step", "1")
    if low is None or high is None or step is None:
        return None
    if step < 1 or high < low:
        raise call.error("has an empty range", "attribute")
    return values.integer(low + step * call.scope.below((high - low) // step + 1))


def _bound(call: Call, name: str, default: str | None) -> int | None:
    if default is not None and name not in call.expression.attributes:
        return int(default)
    return call.whole(name)


def random_float(call: Call) -> Value | None:
    low = call.number(call.expression.attributes.get("min", "0"))
    high = call.number(call.attribute("max"))
    if low is None or high is None:
        return None
    if high < low:
        raise call.error("has an empty range", "attribute")
    return values.real(low + (high - low) * (call.scope.below(_STEPS) / (_STEPS - 1)))


TABLE = {"random": random, "random-float": random_float, "random-integer": random_integer}
