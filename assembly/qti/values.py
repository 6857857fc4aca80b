"""QTI's runtime values: base types, cardinalities, lexical forms; NULL is None."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assembly.qti.errors import ResponseError

STRING_LIMIT = 100_000
CONTAINER_LIMIT = 10_000


class BaseType(StrEnum):
    IDENTIFIER = "identifier"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    STRING = "string"
    POINT = "point"
    PAIR = "pair"
    DIRECTED_PAIR = "directedPair"
    DURATION = "duration"
    FILE = "file"
    URI = "uri"


class Cardinality(StrEnum):
    SINGLE = "single"
    MULTIPLE = "multiple"
    ORDERED = "ordered"
    RECORD = "record"


NUMERIC = frozenset({BaseType.INTEGER, BaseType.FLOAT})
TEXTUAL = frozenset({BaseType.IDENTIFIER, BaseType.STRING, BaseType.URI})

Scalar = str | bool | int | float | tuple[int, int] | tuple[str, str]
Raw = str | list[str] | None
RawResponses = Mapping[str, Raw]


@dataclass(frozen=True, slots=True)
class Value:
    """Never empty: an empty container is NULL. `fields` and `types` are of a record's scalars."""

    base_type: BaseType | None
    cardinality: Cardinality
    scalars: tuple[Scalar, ...]
    fields: tuple[str, ...] = ()
    types: tuple[BaseType, ...] = ()

    @property
    def scalar(self) -> Scalar:
        return self.scalars[0]

    @property
    def is_container(self) -> bool:
        return self.cardinality is not Cardinality.SINGLE

    def field(self, name: str) -> "Value | None":
        if name not in self.fields:
            return None
        at = self.fields.index(name)
        return single(self.types[at], self.scalars[at])


def single(base_type: BaseType, scalar: Scalar) -> Value | None:
    """An empty string is NULL, as the specification has it."""
    if scalar == "" and base_type in TEXTUAL:
        return None
    return Value(base_type, Cardinality.SINGLE, (scalar,))


def boolean(flag: bool) -> Value:
    return Value(BaseType.BOOLEAN, Cardinality.SINGLE, (flag,))


def integer(number: int) -> Value:
    return Value(BaseType.INTEGER, Cardinality.SINGLE, (number,))


def real(number: float) -> Value:
    return Value(BaseType.FLOAT, Cardinality.SINGLE, (number,))


def identifier(name: str) -> Value:
    return Value(BaseType.IDENTIFIER, Cardinality.SINGLE, (name,))


def container(
    base_type: BaseType | None, cardinality: Cardinality, scalars: Iterable[Scalar]
) -> Value | None:
    kept = tuple(scalars)
    return Value(base_type, cardinality, kept) if kept else None


def record(entries: Sequence[tuple[str, Value | None]]) -> Value | None:
    """NULL fields are left out: asking for them gives NULL again."""
    kept = [(name, value) for name, value in entries if value is not None]
    if not kept:
        return None
    return Value(
        None,
        Cardinality.RECORD,
        tuple(value.scalar for _, value in kept),
        tuple(name for name, _ in kept),
        tuple(value.base_type or BaseType.STRING for _, value in kept),
    )


_INTEGER = re.compile(r"[+-]?[0-9]{1,400}")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NAMED_FLOATS = {"INF": math.inf, "+INF": math.inf, "-INF": -math.inf, "NaN": math.nan}
_IDENTIFIER = re.compile(r"[^\s\x00-\x1f]+")
_ISO_DURATION = re.compile(
    r"P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?"
)
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def _refusal(text: str, wanted: str) -> ResponseError:
    shown = text if len(text) <= 40 else text[:40] + "…"
    return ResponseError(f"“{shown}” is not {wanted}.", reason="wrong_type")


def _parse_identifier(text: str) -> Scalar:
    """White space inside is not QTI's, but is kept: some items call a pair an identifier."""
    words = text.split()
    if not words or not all(map(_IDENTIFIER.fullmatch, words)):
        raise _refusal(text, "an identifier")
    return " ".join(words)


def _parse_boolean(text: str) -> Scalar:
    flag = _BOOLEANS.get(text.strip())
    if flag is None:
        raise _refusal(text, "true or false")
    return flag


def _parse_integer(text: str) -> Scalar:
    stripped = text.strip()
    if not _INTEGER.fullmatch(stripped):
        raise _refusal(text, "a whole number")
    return int(stripped)


def _parse_float(text: str) -> Scalar:
    stripped = text.strip()
    if stripped in _NAMED_FLOATS:
        return _NAMED_FLOATS[stripped]
    if not _FLOAT.fullmatch(stripped):
        raise _refusal(text, "a number")
    return float(stripped)


def _parse_point(text: str) -> Scalar:
    parts = text.split()
    if len(parts) != 2 or not all(_FLOAT.fullmatch(part) for part in parts):
        raise _refusal(text, "a point of two whole numbers")
    numbers = [float(part) for part in parts]
    if not all(math.isfinite(number) for number in numbers):
        raise _refusal(text, "a point of two whole numbers")
    return (round(numbers[0]), round(numbers[1]))


def _parse_pair(text: str) -> Scalar:
    parts = text.split()
    if len(parts) != 2 or not all(_IDENTIFIER.fullmatch(part) for part in parts):
        raise _refusal(text, "a pair of two identifiers")
    return (parts[0], parts[1])


def _parse_duration(text: str) -> Scalar:
    """Seconds; PT1H30M, as some items write it, is turned into seconds."""
    iso = _ISO_DURATION.fullmatch(text.strip())
    if iso is not None and any(iso.groups()):
        days, hours, minutes, seconds = (float(part or 0) for part in iso.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    number = _parse_float(text)
    if not isinstance(number, float) or not math.isfinite(number) or number < 0:
        raise _refusal(text, "a duration in seconds")
    return number


def _parse_string(text: str) -> Scalar:
    return text


_PARSERS: dict[BaseType, Callable[[str], Scalar]] = {
    BaseType.IDENTIFIER: _parse_identifier,
    BaseType.BOOLEAN: _parse_boolean,
    BaseType.INTEGER: _parse_integer,
    BaseType.FLOAT: _parse_float,
    BaseType.STRING: _parse_string,
    BaseType.POINT: _parse_point,
    BaseType.PAIR: _parse_pair,
    BaseType.DIRECTED_PAIR: _parse_pair,
    BaseType.DURATION: _parse_duration,
    BaseType.FILE: _parse_string,
    BaseType.URI: str.strip,
}


def parse_scalar(text: str, base_type: BaseType) -> Scalar:
    if len(text) > STRING_LIMIT or _bytes(text) > STRING_LIMIT:
        raise ResponseError("The response is longer than 100,000 bytes.", reason="too_large")
    return _PARSERS[base_type](text)


def _bytes(text: str) -> int:
    """NUL and lone surrogates cannot be stored as text anywhere, so they end here."""
    if text.isascii() and "\x00" not in text:
        return len(text)
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = b"\x00"
    if b"\x00" in encoded:
        raise ResponseError(
            "The response contains characters that are not text.", reason="wrong_type"
        )
    return len(encoded)


def parse(raw: Raw, base_type: BaseType | None, cardinality: Cardinality) -> Value | None:
    """A record is a list of "field baseType value" entries, or the text of a number as typed."""
    if raw is None or raw == "" or raw == []:
        return None
    if cardinality is Cardinality.RECORD:
        return _parse_record(raw)
    if base_type is None:
        raise ResponseError("Only records may go without a base type.", reason="wrong_type")
    if cardinality is Cardinality.SINGLE:
        if not isinstance(raw, str):
            raise ResponseError("One value was expected, not a list.", reason="wrong_cardinality")
        return (
            None
            if not raw.strip() and base_type is not BaseType.STRING
            else single(base_type, parse_scalar(raw, base_type))
        )
    return _parse_container([raw] if isinstance(raw, str) else raw, base_type, cardinality)


def _parse_container(
    raws: Sequence[str], base_type: BaseType, cardinality: Cardinality
) -> Value | None:
    if len(raws) > CONTAINER_LIMIT:
        raise ResponseError("The response has more than 10,000 values.", reason="too_large")
    if not all(isinstance(text, str) for text in raws):
        raise ResponseError("Each value of a list must be text.", reason="wrong_type")
    if sum(map(len, raws)) > STRING_LIMIT:
        raise ResponseError("The response is longer than 100,000 bytes.", reason="too_large")
    return container(base_type, cardinality, (parse_scalar(text, base_type) for text in raws))


def _parse_record(raw: str | list[str]) -> Value | None:
    if isinstance(raw, str):
        return number_record(raw)
    entries: list[tuple[str, Value | None]] = []
    for text in raw:
        name, _, rest = text.partition(" ")
        type_name, _, lexical = rest.partition(" ")
        if not name or type_name not in BaseType.__members__.values():
            raise _refusal(text, "a record field written as “name baseType value”")
        base_type = BaseType(type_name)
        entries.append((name, single(base_type, parse_scalar(lexical, base_type))))
    return record(entries)


def number_record(text: str) -> Value | None:
    """The record that a text entry makes of a typed number: its text, value and digits."""
    typed = parse_scalar(text, BaseType.STRING)
    stripped = str(typed).strip()
    fields: list[tuple[str, Value | None]] = [("stringValue", single(BaseType.STRING, typed))]
    if not _FLOAT.fullmatch(stripped):
        return record(fields)
    mantissa, _, exponent = stripped.lower().partition("e")
    left, _, right = mantissa.lstrip("+-").partition(".")
    significant = (left + right).lstrip("0")
    fields.append(("floatValue", real(float(stripped))))
    if _INTEGER.fullmatch(stripped):
        fields.append(("integerValue", integer(int(stripped))))
    fields += [
        ("leftDigits", integer(len(left))),
        ("rightDigits", integer(len(right))),
        ("ndp", integer(len(right))),
        ("nsf", integer(len(significant))),
        ("exponent", integer(int(exponent)) if exponent else None),
    ]
    return record(fields)


def lexical(scalar: Scalar) -> str:
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    if isinstance(scalar, tuple):
        return f"{scalar[0]} {scalar[1]}"
    if isinstance(scalar, float):
        if math.isnan(scalar):
            return "NaN"
        return repr(scalar) if math.isfinite(scalar) else ("INF" if scalar > 0 else "-INF")
    return str(scalar)


def raw(value: Value | None) -> Raw:
    if value is None:
        return None
    if value.cardinality is Cardinality.SINGLE:
        return lexical(value.scalar)
    if value.cardinality is Cardinality.RECORD:
        named = zip(value.fields, value.types, value.scalars, strict=True)
        return [f"{name} {base_type.value} {lexical(item)}" for name, base_type, item in named]
    return [lexical(item) for item in value.scalars]


def comparable(scalar: Scalar, base_type: BaseType | None) -> Scalar:
    """The form in which two scalars are equal exactly when QTI says so: a pair has no direction."""
    if base_type is BaseType.PAIR and isinstance(scalar, tuple):
        first, second = str(scalar[0]), str(scalar[1])
        return (first, second) if first <= second else (second, first)
    return scalar


def same(left: Value, right: Value) -> bool:
    """QTI's match: order counts only in ordered containers, repetitions always."""
    if left.cardinality is not right.cardinality or len(left.scalars) != len(right.scalars):
        return False
    if left.cardinality is Cardinality.RECORD:
        return dict(zip(left.fields, left.scalars, strict=True)) == dict(
            zip(right.fields, right.scalars, strict=True)
        )
    ours = [comparable(item, left.base_type) for item in left.scalars]
    theirs = [comparable(item, right.base_type) for item in right.scalars]
    if left.cardinality is Cardinality.MULTIPLE:
        return Counter(ours) == Counter(theirs)
    return ours == theirs
