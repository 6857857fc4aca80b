"""Variable declarations of items and tests, with their mappings and lookup tables."""

import math
from collections import abc
from dataclasses import dataclass, field

from assembly.qti import values
from assembly.qti.errors import ProcessingError
from assembly.qti.shapes import Area
from assembly.qti.values import BaseType, Cardinality, Scalar, Value


@dataclass(frozen=True, slots=True)
class MapEntry:
    key: Scalar
    mapped: float
    case_sensitive: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    lower: float | None = None
    upper: float | None = None

    def apply(self, total: float) -> float:
        if self.lower is not None and total < self.lower:
            return self.lower
        if self.upper is not None and total > self.upper:
            return self.upper
        return total


@dataclass(frozen=True, slots=True)
class Mapping:
    """An exact key wins over one that differs in case: "York" and "york" may both stand."""

    entries: tuple[MapEntry, ...]
    default: float = 0.0
    bounds: Bounds = field(default_factory=Bounds)

    def of(self, scalar: Scalar, base_type: BaseType | None) -> float:
        wanted = values.comparable(scalar, base_type)
        for entry in self.entries:
            if values.comparable(entry.key, base_type) == wanted:
                return entry.mapped
        if not isinstance(wanted, str):
            return self.default
        folded = wanted.casefold()
        for entry in self.entries:
            if not entry.case_sensitive and str(entry.key).casefold() == folded:
                return entry.mapped
        return self.default

    def total(self, value: Value | None) -> float:
        """The default for NULL; in a container each different value counts once."""
        if value is None:
            return self.bounds.apply(self.default)
        if value.cardinality is Cardinality.RECORD:
            raise ProcessingError("A record has no mapping.", reason="wrong_cardinality")
        distinct = {values.comparable(item, value.base_type) for item in value.scalars}
        return self.bounds.apply(math.fsum(self.of(item, value.base_type) for item in distinct))


@dataclass(frozen=True, slots=True)
class AreaMapEntry:
    area: Area
    mapped: float


@dataclass(frozen=True, slots=True)
class AreaMapping:
    entries: tuple[AreaMapEntry, ...]
    default: float = 0.0
    bounds: Bounds = field(default_factory=Bounds)

    def total(self, value: Value | None) -> float:
        """Each area counts once; each different point outside all areas adds the default."""
        if value is None:
            return self.bounds.apply(self.default)
        if value.base_type is not BaseType.POINT:
            raise ProcessingError("Only points have an area mapping.", reason="wrong_type")
        hit: set[int] = set()
        missed = 0
        for point in set(value.scalars):
            index = self.area_of(point)
            if index is None:
                missed += 1
            else:
                hit.add(index)
        total = math.fsum(self.entries[index].mapped for index in hit) + missed * self.default
        return self.bounds.apply(total)

    def area_of(self, point: Scalar) -> int | None:
        """The place of the first area that holds the point."""
        if not isinstance(point, tuple):
            return None
        place = (float(point[0]), float(point[1]))
        matching = (at for at, entry in enumerate(self.entries) if entry.area.contains(place))
        return next(matching, None)


@dataclass(frozen=True, slots=True)
class TableEntry:
    """`source` is the value in a match table, the lowest value in an interpolation table."""

    source: float
    target: Value | None
    include_boundary: bool = True


@dataclass(frozen=True, slots=True)
class LookupTable:
    entries: tuple[TableEntry, ...]
    default: Value | None
    interpolates: bool

    def of(self, source: float) -> Value | None:
        for entry in self.entries:
            if self._fits(entry, source):
                return entry.target
        return self.default

    def _fits(self, entry: TableEntry, source: float) -> bool:
        if source == entry.source:
            return entry.include_boundary
        return self.interpolates and source > entry.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What all item variables have; a base type is missing only for records."""

    identifier: str
    cardinality: Cardinality = Cardinality.SINGLE
    base_type: BaseType | None = BaseType.IDENTIFIER
    default: Value | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDeclaration(Declaration):
    correct: Value | None = None
    mapping: Mapping | None = None
    area_mapping: AreaMapping | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeDeclaration(Declaration):
    view: tuple[str, ...] = ()
    interpretation: str = ""
    long_interpretation: str = ""
    normal_minimum: float | None = None
    normal_maximum: float | None = None
    mastery_value: float | None = None
    external_scored: str | None = None
    variable_identifier_ref: str | None = None
    table: LookupTable | None = None

    @property
    def initial(self) -> Value | None:
        """The declared default, else zero for a single number, else NULL."""
        if self.default is not None or self.cardinality is not Cardinality.SINGLE:
            return self.default
        if self.base_type is BaseType.INTEGER:
            return values.integer(0)
        return values.real(0.0) if self.base_type is BaseType.FLOAT else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateDeclaration(Declaration):
    math_variable: bool = False
    param_variable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextDeclaration(Declaration):
    pass


def fit(value: Value | None, declaration: Declaration) -> Value | None:
    """The value as the variable stores it; raises ProcessingError where the types differ.

    The only number of a container stands for a single one. An integer becomes a float where a float
    is wanted, a whole float an integer, and the textual types (identifier, string, uri) pass into
    each other: authors mix them and the meaning is never in doubt.
    """
    if value is None:
        return None
    if _is_one_number(value) and declaration.cardinality is Cardinality.SINGLE:
        value = Value(value.base_type, Cardinality.SINGLE, value.scalars)
    if value.cardinality is not declaration.cardinality:
        raise ProcessingError(
            f"{declaration.identifier} holds {declaration.cardinality} values,"
            f" but was given a {value.cardinality} one.",
            reason="wrong_cardinality",
        )
    if value.base_type is declaration.base_type or declaration.cardinality is Cardinality.RECORD:
        return value
    return _converted(value, declaration)


def _is_one_number(value: Value) -> bool:
    return (
        value.base_type in values.NUMERIC
        and value.cardinality in (Cardinality.MULTIPLE, Cardinality.ORDERED)
        and len(value.scalars) == 1
    )


_ALIKE = (
    values.TEXTUAL,
    frozenset({BaseType.FLOAT, BaseType.DURATION}),
    frozenset({BaseType.PAIR, BaseType.DIRECTED_PAIR}),
)


def _converted(value: Value, declaration: Declaration) -> Value:
    given, wanted = value.base_type, declaration.base_type
    scalars: tuple[Scalar, ...]
    if any(given in family and wanted in family for family in _ALIKE):
        scalars = value.scalars
    elif given is BaseType.INTEGER and wanted in (BaseType.FLOAT, BaseType.DURATION):
        scalars = tuple(float(_number(item)) for item in value.scalars)
    elif given is BaseType.FLOAT and wanted is BaseType.INTEGER:
        scalars = tuple(_whole(_number(item), declaration.identifier) for item in value.scalars)
    else:
        raise ProcessingError(
            f"{declaration.identifier} holds {wanted} values, but was given {given}.",
            reason="wrong_type",
        )
    return Value(wanted, value.cardinality, scalars)


def _number(scalar: Scalar) -> float:
    assert isinstance(scalar, int | float)
    return scalar


def _whole(number: float, identifier: str) -> int:
    if not math.isfinite(number) or number != int(number):
        raise ProcessingError(
            f"{identifier} holds integers, but was given {number}.", reason="wrong_type"
        )
    return int(number)


Responses = abc.Mapping[str, ResponseDeclaration]
Outcomes = abc.Mapping[str, OutcomeDeclaration]
Templates = abc.Mapping[str, TemplateDeclaration]
