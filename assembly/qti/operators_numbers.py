"""Arithmetic, mathematical functions and statistics."""

import math
from collections.abc import Callable, Sequence

from assembly.qti import values
from assembly.qti.expressions import Call
from assembly.qti.values import BaseType, Cardinality, Value

INTEGER_BITS = 1024


def _number(call: Call, number: float) -> Value | None:
    """An integer where all operands were integers; not-a-number is NULL."""
    if not call.all_integers:
        return _real(number)
    if int(number).bit_length() > INTEGER_BITS:
        raise OverflowError
    return values.integer(int(number))


def _real(number: float) -> Value | None:
    return None if math.isnan(number) else values.real(float(number))


def sum_(call: Call) -> Value | None:
    numbers = call.numbers()
    if numbers is None:
        return None
    return _number(call, sum(numbers) if call.all_integers else _fsum(numbers))


def _fsum(numbers: Sequence[float]) -> float:
    """As exact as can be, and infinite without an error."""
    return math.fsum(numbers) if all(map(math.isfinite, numbers)) else sum(numbers)


def product(call: Call) -> Value | None:
    numbers = call.numbers()
    if numbers is None:
        return None
    return _number(call, math.prod(numbers))


def subtract(call: Call) -> Value | None:
    pair = call.pair()
    return None if pair is None else _number(call, pair[0] - pair[1])


def divide(call: Call) -> Value | None:
    """Always a float; NULL when divided by zero or beyond what floats hold."""
    pair = call.pair()
    if pair is None or pair[1] == 0:
        return None
    try:
        return _within(pair, pair[0] / pair[1])
    except OverflowError:
        return None


def power(call: Call) -> Value | None:
    """Always a float; NULL outside the real numbers and beyond what floats hold."""
    pair = call.pair()
    if pair is None:
        return None
    try:
        return _within(pair, math.pow(*pair))
    except (ValueError, OverflowError):
        return None


def _within(operands: tuple[float, float], result: float) -> Value | None:
    """Infinity comes only from infinity."""
    if math.isinf(result) and not any(map(math.isinf, operands)):
        return None
    return _real(result)


def integer_divide(call: Call) -> Value | None:
    """Rounded down (towards minus infinity); NULL when divided by zero."""
    pair = _integers(call)
    if pair is None or pair[1] == 0:
        return None
    return values.integer(pair[0] // pair[1])


def integer_modulus(call: Call) -> Value | None:
    """x - y * integer-divide(x, y)."""
    pair = _integers(call)
    if pair is None or pair[1] == 0:
        return None
    return values.integer(pair[0] % pair[1])


def _integers(call: Call) -> tuple[int, int] | None:
    pair = call.pair()
    if pair is None:
        return None
    if not call.all_integers:
        raise call.error("takes integers only")
    return int(pair[0]), int(pair[1])


def _extreme(pick: Callable[[Sequence[float]], float]) -> Callable[[Call], Value | None]:
    def choose(call: Call) -> Value | None:
        numbers = _numbers_or_null(call)
        if numbers is None or any(math.isnan(number) for number in numbers):
            return None
        return _number(call, pick(numbers))

    return choose


def _numbers_or_null(call: Call) -> list[float] | None:
    """NULL also where an operand is no number: so the specification has it of these operators."""
    numeric = all(value is None or value.base_type in values.NUMERIC for value in call.count(1))
    return call.numbers() if numeric else None


def _of_integers(combine: Callable[..., int]) -> Callable[[Call], Value | None]:
    def fold(call: Call) -> Value | None:
        numbers = _numbers_or_null(call)
        if numbers is None:
            return None
        if not call.all_integers:
            raise call.error("takes integers only")
        return values.integer(combine(*(int(number) for number in numbers)))

    return fold


def math_constant(call: Call) -> Value | None:
    name = call.attribute("name")
    if name not in _CONSTANTS:
        raise call.error(f"does not know the constant {name}", "attribute")
    return values.real(_CONSTANTS[name])


def math_operator(call: Call) -> Value | None:
    """NULL outside the function's domain; signum, floor and ceil give integers."""
    name = call.attribute("name")
    if name not in _FUNCTIONS:
        raise call.error(f"does not know the function {name}", "attribute")
    numbers = call.numbers()
    if numbers is None or any(math.isnan(number) for number in numbers):
        return None
    arity = 2 if name == "atan2" else 1
    if len(numbers) != arity:
        raise call.error(f"gives {name} {len(numbers)} arguments", "operands")
    try:
        result = _FUNCTIONS[name](*numbers)
    except (ValueError, ZeroDivisionError):
        return None
    except OverflowError:
        # floor and ceil of infinity are no integers.
        return None if name in ("floor", "ceil") else values.real(_beyond(name, numbers[0]))
    return values.integer(result) if isinstance(result, int) else _real(result)


def _beyond(name: str, argument: float) -> float:
    """What a function that grows beyond floats comes to, or one over it."""
    if name in ("sech", "csch"):
        return 0.0
    return math.copysign(math.inf, argument) if name == "sinh" else math.inf


def _signum(number: float) -> int:
    return (number > 0) - (number < 0)


_CONSTANTS = {"pi": math.pi, "e": math.e}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "sec": lambda x: 1 / math.cos(x),
    "csc": lambda x: 1 / math.sin(x),
    "cot": lambda x: 1 / math.tan(x),
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "atan2": math.atan2,
    "asec": lambda x: math.acos(1 / x),
    "acsc": lambda x: math.asin(1 / x),
    "acot": lambda x: math.pi / 2 if x == 0 else math.atan(1 / x),
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "sech": lambda x: 1 / math.cosh(x),
    "csch": lambda x: 1 / math.sinh(x),
    "coth": lambda x: 1 / math.tanh(x),
    "log": math.log10,
    "ln": math.log,
    "exp": math.exp,
    "abs": math.fabs,
    "signum": _signum,
    "floor": math.floor,
    "ceil": math.ceil,
    "toDegrees": math.degrees,
    "toRadians": math.radians,
}


def stats_operator(call: Call) -> Value | None:
    """Sample statistics divide by n - 1, and of fewer than two values are NULL."""
    name = call.attribute("name")
    value = call.count(1, 1)[0]
    if name not in _STATISTICS:
        raise call.error(f"does not know the statistic {name}", "attribute")
    if value is None:
        return None
    if value.cardinality not in (Cardinality.MULTIPLE, Cardinality.ORDERED):
        raise call.error("takes a container")
    if value.base_type not in values.NUMERIC:
        return None
    numbers = [float(item) for item in value.scalars if isinstance(item, int | float)]
    if not all(map(math.isfinite, numbers)):
        return None
    return _STATISTICS[name](numbers)


def _mean(numbers: Sequence[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def _spread(numbers: Sequence[float], ddof: int) -> float | None:
    if len(numbers) <= ddof:
        return None
    middle = _mean(numbers)
    return math.fsum((number - middle) ** 2 for number in numbers) / (len(numbers) - ddof)


def _variance(ddof: int, root: bool) -> Callable[[Sequence[float]], Value | None]:
    def measure(numbers: Sequence[float]) -> Value | None:
        spread = _spread(numbers, ddof)
        if spread is None:
            return None
        return values.real(math.sqrt(spread) if root else spread)

    return measure


_STATISTICS: dict[str, Callable[[Sequence[float]], Value | None]] = {
    "mean": lambda numbers: values.real(_mean(numbers)),
    "popSD": _variance(0, root=True),
    "popVariance": _variance(0, root=False),
    "sampleSD": _variance(1, root=True),
    "sampleVariance": _variance(1, root=False),
}


def integer_to_float(call: Call) -> Value | None:
    value = call.count(1, 1)[0]
    if value is None:
        return None
    if value.base_type is not BaseType.INTEGER:
        raise call.error("takes integers only")
    floats = tuple(float(item) for item in value.scalars if isinstance(item, int))
    return Value(BaseType.FLOAT, value.cardinality, floats)


TABLE: dict[str, Callable[[Call], Value | None]] = {
    "divide": divide,
    "gcd": _of_integers(math.gcd),
    "integer-divide": integer_divide,
    "integer-modulus": integer_modulus,
    "integer-to-float": integer_to_float,
    "lcm": _of_integers(math.lcm),
    "math-constant": math_constant,
    "math-operator": math_operator,
    "max": _extreme(max),
    "min": _extreme(min),
    "power": power,
    "product": product,
    "stats-operator": stats_operator,
    "subtract": subtract,
    "sum": sum_,
}
