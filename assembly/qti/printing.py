"""Variables as a printed variable shows them: formats, bases, powers of ten, fields and lists."""

import math
import re
from collections.abc import Mapping

from assembly.qti import bases, values
from assembly.qti.values import Cardinality, Scalar, Value

_FORMAT = re.compile(r"%%|%([-+ #0]*)(\d{0,3})(?:\.(\d{1,2}))?([diouxXeEfFgGrRs])")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SIGNIFICANT = 12


def printed(value: Value | None, attributes: Mapping[str, str]) -> str:
    """The text of a variable; NULL prints nothing."""
    if value is None:
        return ""
    if value.cardinality is Cardinality.RECORD:
        return _record(value, attributes)
    if value.cardinality is Cardinality.SINGLE:
        return _scalar(value.scalar, attributes)
    index = attributes.get("index", "")
    if value.cardinality is Cardinality.ORDERED and index.isascii() and index.isdigit():
        at = int(index[:6])
        return _scalar(value.scalars[at - 1], attributes) if 0 < at <= len(value.scalars) else ""
    delimiter = attributes.get("delimiter", ";")
    return delimiter.join(_scalar(scalar, attributes) for scalar in value.scalars)


def settled(
    attributes: Mapping[str, str], variables: Mapping[str, Value | None]
) -> Mapping[str, str]:
    """The attributes with a base or index that names a variable as that variable's number."""
    named = {
        name: values.lexical(held.scalar)
        for name in ("base", "index")
        if (held := variables.get(attributes.get(name, "").strip(" {}"))) is not None
    }
    return {**attributes, **named} if named else attributes


def _record(value: Value, attributes: Mapping[str, str]) -> str:
    wanted = attributes.get("field")
    if wanted:
        return printed(value.field(wanted), {**attributes, "field": ""})
    mark = attributes.get("mapping-indicator", "=")
    named = zip(value.fields, value.scalars, strict=True)
    delimiter = attributes.get("delimiter", ";")
    return delimiter.join(f"{name}{mark}{_scalar(scalar, attributes)}" for name, scalar in named)


def _scalar(scalar: Scalar, attributes: Mapping[str, str]) -> str:
    if isinstance(scalar, bool) or not isinstance(scalar, int | float):
        return values.lexical(scalar)
    pattern, base = attributes.get("format", ""), _base(attributes.get("base", "10"))
    if pattern:
        text = _FORMAT.sub(lambda found: _formatted(found, scalar, base), pattern)
    elif isinstance(scalar, int):
        text = bases.written(scalar, base)
    else:
        text = f"{scalar:.{SIGNIFICANT}g}"
    return _power(text) if attributes.get("power-form") == "true" else text


def _formatted(found: re.Match[str], scalar: int | float, base: int) -> str:
    """C's conversions through Python's; ``i`` has QTI's base, ``r`` keeps its trailing zeros."""
    flags, width, precision, kind = found.groups()
    if kind is None:
        return "%"
    spec = f"%{flags}{width}{'' if precision is None else '.' + precision}"
    if kind == "s":
        return (spec + "s") % values.lexical(scalar)
    if kind in "rR":
        return _significant(scalar, flags, width, precision or "6", kind)
    if not math.isfinite(scalar):
        return values.lexical(scalar)
    if kind == "i" and base != bases.DECIMAL:
        return _padded(bases.written(round(scalar), base), flags, width, precision)
    if kind in "dioxXu":
        return (spec + ("d" if kind in "iu" else kind)) % round(scalar)
    return (spec + kind) % scalar


def _significant(scalar: int | float, flags: str, width: str, precision: str, kind: str) -> str:
    """So many significant figures, with the zeros at the end that say so."""
    general = "g" if kind == "r" else "G"
    text = f"%#{flags}.{precision}{general}" % scalar
    mantissa, mark, exponent = text.partition("e" if kind == "r" else "E")
    return _padded(f"{mantissa.removesuffix('.')}{mark}{exponent}", flags, width, None)


def _padded(text: str, flags: str, width: str, precision: str | None) -> str:
    sign = "-" if text.startswith("-") else next((one for one in "+ " if one in flags), "")
    digits = text.lstrip("-+ ").zfill(int(precision or 0))
    room = int(width or 0)
    if "-" in flags:
        return (sign + digits).ljust(room)
    if "0" in flags and precision is None:
        return sign + digits.zfill(room - len(sign))
    return (sign + digits).rjust(room)


def _base(text: str) -> int:
    return bases.known(int(text[:6])) if text.isascii() and text.isdigit() else bases.DECIMAL


def _power(text: str) -> str:
    mantissa, found, exponent = text.lower().partition("e")
    if not found:
        return text
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
