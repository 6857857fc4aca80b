"""Containers: making them, measuring them, looking into them; an empty one is NULL."""

from collections import Counter
from collections.abc import Callable

from assembly.qti import values
from assembly.qti.expressions import Call
from assembly.qti.values import BaseType, Cardinality, Scalar, Value


def _gather(
    cardinality: Cardinality, kinds: frozenset[Cardinality]
) -> Callable[[Call], Value | None]:
    """NULL operands are ignored, containers are poured out."""

    def gather(call: Call) -> Value | None:
        given = [value for value in call.operands if value is not None]
        if any(value.cardinality not in kinds for value in given):
            raise call.error("was given a value of the wrong cardinality")
        return _poured(call, given, cardinality)

    return gather


def _poured(call: Call, given: list[Value], cardinality: Cardinality) -> Value | None:
    types = {value.base_type for value in given}
    base_type = _common(call, types)
    if sum(len(value.scalars) for value in given) > values.CONTAINER_LIMIT:
        raise call.error(f"makes more than {values.CONTAINER_LIMIT} values", "too_large")
    scalars: list[Scalar] = [item for value in given for item in value.scalars]
    if base_type is BaseType.FLOAT and BaseType.INTEGER in types:
        scalars = [float(item) for item in scalars if isinstance(item, int | float)]
    return values.container(base_type, cardinality, scalars)


def _common(call: Call, types: set[BaseType | None]) -> BaseType | None:
    if not types:
        return None
    if len(types) == 1:
        return next(iter(types))
    if types == {BaseType.INTEGER, BaseType.FLOAT}:
        return BaseType.FLOAT
    if types <= values.TEXTUAL:
        return BaseType.STRING
    raise call.error("mixes values of different base types")


def container_size(call: Call) -> Value | None:
    """Zero for NULL."""
    value = call.count(1, 1)[0]
    return values.integer(0 if value is None else len(value.scalars))


def index(call: Call) -> Value | None:
    """The first value has index 1; NULL beyond the last."""
    value = call.count(1, 1)[0]
    place = call.whole("n")
    if place is None or value is None:
        return None
    if value.cardinality is not Cardinality.ORDERED:
        raise call.error("takes an ordered container")
    if place < 1:
        raise call.error("counts from 1", "attribute")
    if place > len(value.scalars) or value.base_type is None:
        return None
    return values.single(value.base_type, value.scalars[place - 1])


def field_value(call: Call) -> Value | None:
    value = call.count(1, 1)[0]
    name = call.attribute("field-identifier")
    if value is None:
        return None
    if value.cardinality is not Cardinality.RECORD:
        raise call.error("takes a record")
    return value.field(name)


def member(call: Call) -> Value | None:
    one, many = call.count(2, 2)
    if one is None or many is None:
        return None
    return values.boolean(_key(_only(call, one), one) in _keys(_among(call, one, many)))


def delete(call: Call) -> Value | None:
    """All instances of the first are taken out of the second."""
    one, many = call.count(2, 2)
    if one is None or many is None:
        return None
    _among(call, one, many)
    unwanted = _key(_only(call, one), one)
    kept = (item for item in many.scalars if _key(item, many) != unwanted)
    return values.container(many.base_type, many.cardinality, kept)


def contains(call: Call) -> Value | None:
    """Ordered: the second is a run in the first. Multiple: no value more often than there."""
    whole, part = call.count(2, 2)
    if whole is None or part is None:
        return None
    if whole.is_container and part.is_container and whole.cardinality is not part.cardinality:
        raise call.error("takes two containers of one cardinality")
    _among(call, part, whole)
    if whole.cardinality is Cardinality.ORDERED:
        return values.boolean(_has_run(_keys(whole), _keys(part)))
    return values.boolean(Counter(_keys(part)) <= Counter(_keys(whole)))


def _has_run(whole: list[Scalar], part: list[Scalar]) -> bool:
    size = len(part)
    return any(whole[at : at + size] == part for at in range(len(whole) - size + 1))


def _only(call: Call, value: Value) -> Scalar:
    if value.is_container:
        raise call.error("looks for a single value")
    return value.scalar


def _among(call: Call, one: Value, many: Value) -> Value:
    """A single value is looked into as if alone in a container: many items rely on that."""
    if many.cardinality is Cardinality.RECORD:
        raise call.error("looks into a container")
    _common(call, {one.base_type, many.base_type})
    return many


def _key(scalar: Scalar, value: Value) -> Scalar:
    return values.comparable(scalar, value.base_type)


def _keys(value: Value) -> list[Scalar]:
    return [_key(item, value) for item in value.scalars]


def repeat(call: Call) -> Value | None:
    """The sub-expressions are evaluated anew each time, so that each round draws afresh."""
    times = call.whole("number-repeats")
    if times is None or times < 1:
        return None
    call.scope.repeats_left -= times * max(1, len(call.expression.children))
    if call.scope.repeats_left < 0:
        raise call.error("repeats too often", "too_large")
    found: list[Value] = []
    for _ in range(times):
        for child in call.expression.children:
            value = call.evaluate(child, call.scope)
            if value is not None:
                found.append(value)
    if any(value.cardinality not in _LISTABLE for value in found):
        raise call.error("takes single or ordered values")
    return _poured(call, found, Cardinality.ORDERED)


_LISTABLE = frozenset({Cardinality.SINGLE, Cardinality.ORDERED})

TABLE: dict[str, Callable[[Call], Value | None]] = {
    "container-size": container_size,
    "contains": contains,
    "delete": delete,
    "field-value": field_value,
    "index": index,
    "member": member,
    "multiple": _gather(
        Cardinality.MULTIPLE, frozenset({Cardinality.SINGLE, Cardinality.MULTIPLE})
    ),
    "ordered": _gather(Cardinality.ORDERED, _LISTABLE),
    "repeat": repeat,
}
