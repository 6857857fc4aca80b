"""Rounding: round, truncate, round-to, equal-rounded; exact by decimal arithmetic."""

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal

from assembly.qti import values
from assembly.qti.expressions import Call
from assembly.qti.values import Value

# Enough for any float written out, from 1.8e308 down to the smallest one.
_EXACT = Context(prec=1100, rounding=ROUND_HALF_UP)
FIGURES_LIMIT = 400


def round_(call: Call) -> Value | None:
    """The nearest integer; a half goes up (6.5 to 7, -6.5 to -6)."""
    return _whole(call, lambda number: math.floor(Decimal(number) + Decimal("0.5")))


def truncate(call: Call) -> Value | None:
    return _whole(call, math.trunc)


def _whole(call: Call, convert: Callable[[float], int]) -> Value | None:
    """Infinity stays, as the specification has it, and not-a-number is NULL."""
    number = call.one()
    if number is None or math.isnan(number):
        return None
    return values.real(number) if math.isinf(number) else values.integer(convert(number))


def round_to(call: Call) -> Value | None:
    """Infinity stays, not-a-number is NULL."""
    number = call.one()
    if number is None or math.isnan(number):
        return None
    rounded = _rounded(call, number, "significantFigures")
    return None if rounded is None else values.real(float(rounded))


def equal_rounded(call: Call) -> Value | None:
    pair = call.pair()
    if pair is None or any(math.isnan(number) for number in pair):
        return None
    first, second = (_rounded(call, number, "significantFigures") for number in pair)
    return None if first is None or second is None else values.boolean(first == second)


def _rounded(call: Call, number: float, default_mode: str) -> Decimal | None:
    """By the decimal digits that a person reads: 1.005 to two places is 1.01, -1.005 is -1.01."""
    figures = call.whole("figures")
    mode = call.expression.attributes.get("rounding-mode", default_mode).strip()
    if figures is None:
        return None
    if mode not in ("significantFigures", "decimalPlaces"):
        raise call.error(f"does not know the rounding mode {mode}", "attribute")
    if not (1 if mode == "significantFigures" else 0) <= figures <= FIGURES_LIMIT:
        raise call.error(f"cannot round to {figures} figures", "attribute")
    exact = Decimal(str(number))
    if not exact.is_finite() or exact == 0:
        return exact
    place = -figures if mode == "decimalPlaces" else exact.adjusted() - figures + 1
    return exact.quantize(Decimal(1).scaleb(place), context=_EXACT)


TABLE: dict[str, Callable[[Call], Value | None]] = {
    "equal-rounded": equal_rounded,
    "round": round_,
    "round-to": round_to,
    "truncate": truncate,
}
