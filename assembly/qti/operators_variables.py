"""Expressions that look up: variables, defaults, correct responses, mappings, constants."""

from assembly.qti import values
from assembly.qti.expressions import Call
from assembly.qti.values import Value


def base_value(call: Call) -> Value | None:
    """An empty string is NULL; any other base value was made a constant when it was read."""
    return call.expression.constant


def null(call: Call) -> Value | None:
    return None


def variable(call: Call) -> Value | None:
    identifier = call.attribute("identifier")
    weight = call.expression.attributes.get("weight-identifier")
    if weight is not None:
        return call.scope.weighted(identifier, weight)
    return call.scope.variable(identifier)


def default(call: Call) -> Value | None:
    return call.scope.default(call.attribute("identifier"))


def correct(call: Call) -> Value | None:
    return call.scope.correct(call.attribute("identifier"))


def map_response(call: Call) -> Value | None:
    """NULL maps to the mapping's default; a declaration without a mapping gives 0."""
    identifier = call.attribute("identifier")
    mapping = call.scope.response(identifier).mapping
    value = call.scope.variable(identifier)
    return values.real(0.0 if mapping is None else mapping.total(value))


def map_response_point(call: Call) -> Value | None:
    identifier = call.attribute("identifier")
    mapping = call.scope.response(identifier).area_mapping
    value = call.scope.variable(identifier)
    return values.real(0.0 if mapping is None else mapping.total(value))


TABLE = {
    "base-value": base_value,
    "correct": correct,
    "default": default,
    "map-response": map_response,
    "map-response-point": map_response_point,
    "null": null,
    "variable": variable,
}
