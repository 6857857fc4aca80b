"""Expressions of outcome processing that look over the items of a test."""

from collections.abc import Callable, Iterator

from assembly.qti import item_result, values
from assembly.qti.declarations import OutcomeDeclaration
from assembly.qti.expressions import Call
from assembly.qti.item_result import ItemResult
from assembly.qti.values import BaseType, Cardinality, Scalar, Value


def _subset(call: Call) -> list[ItemResult]:
    attributes = call.expression.attributes
    return item_result.subset(
        call.scope.results(),
        section=attributes.get("section-identifier"),
        include=attributes.get("include-category", "").split(),
        exclude=attributes.get("exclude-category", "").split(),
    )


def _named(call: Call, identifier: str) -> Iterator[tuple[ItemResult, str]]:
    """The items, each with its own name of a variable, but for those that call it otherwise."""
    for result in _subset(call):
        own_name = result.mapped(identifier)
        if own_name != identifier or identifier not in result.variable_mappings:
            yield result, own_name


def test_variables(call: Call) -> Value | None:
    """Single values that are not NULL; weighted ones, and mixed numbers, become floats."""
    name = call.attribute("variable-identifier")
    weight = call.expression.attributes.get("weight-identifier")
    wanted = call.expression.attributes.get("base-type")
    found: list[tuple[Value, float]] = []
    for result, own_name in _named(call, name):
        value = result.variable(own_name)
        if value is not None and not value.is_container and _fits(value, wanted):
            found.append((value, result.weight(weight)))
    return _together(call, found, weight is not None)


def _fits(value: Value, wanted: str | None) -> bool:
    """Without a base type, numbers of both kinds are meant; with it, that one only."""
    if wanted is None:
        return value.base_type in values.NUMERIC
    return value.base_type == wanted


def _together(call: Call, found: list[tuple[Value, float]], weighted: bool) -> Value | None:
    types = {value.base_type for value, _ in found}
    floats = weighted or len(types) > 1
    if not (types <= values.NUMERIC and floats):
        return values.container(
            next(iter(types), None), Cardinality.MULTIPLE, (value.scalar for value, _ in found)
        )
    scalars: list[Scalar] = [float(_number(value)) * weight for value, weight in found]
    return values.container(BaseType.FLOAT, Cardinality.MULTIPLE, scalars)


def _number(value: Value) -> float:
    scalar = value.scalar
    assert isinstance(scalar, int | float)
    return scalar


def outcome_maximum(call: Call) -> Value | None:
    """NULL if one of the items declares no maximum."""
    limits = _limits(call, lambda declaration: declaration.normal_maximum)
    if None in limits:
        return None
    return values.container(
        BaseType.FLOAT, Cardinality.MULTIPLE, (limit for limit in limits if limit is not None)
    )


def outcome_minimum(call: Call) -> Value | None:
    """Items that declare no minimum are left out."""
    limits = _limits(call, lambda declaration: declaration.normal_minimum)
    return values.container(
        BaseType.FLOAT, Cardinality.MULTIPLE, (limit for limit in limits if limit is not None)
    )


def _limits(call: Call, pick: Callable[[OutcomeDeclaration], float | None]) -> list[float | None]:
    name = call.attribute("outcome-identifier")
    weight = call.expression.attributes.get("weight-identifier")
    found: list[float | None] = []
    for result, own_name in _named(call, name):
        declaration = result.outcome_declarations.get(own_name)
        limit = None if declaration is None else pick(declaration)
        found.append(None if limit is None else limit * result.weight(weight))
    return found


def _counted(holds: Callable[[ItemResult], bool]) -> Callable[[Call], Value | None]:
    def count(call: Call) -> Value | None:
        return values.integer(sum(1 for result in _subset(call) if holds(result)))

    return count


TABLE: dict[str, Callable[[Call], Value | None]] = {
    "number-correct": _counted(lambda result: result.correct is True),
    "number-incorrect": _counted(lambda result: result.attempted and result.correct is False),
    "number-presented": _counted(lambda result: result.attempted),
    "number-responded": _counted(lambda result: result.responded),
    "number-selected": _counted(lambda result: True),
    "outcome-maximum": outcome_maximum,
    "outcome-minimum": outcome_minimum,
    "test-variables": test_variables,
}
