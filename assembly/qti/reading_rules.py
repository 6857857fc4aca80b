"""Reads expressions and the rules of response, template and outcome processing."""

from collections.abc import Callable, Iterator

from lxml import etree

from assembly.qti import operators, reading_declarations, upgrade, xml
from assembly.qti.errors import ReadingError, UnsupportedError
from assembly.qti.expressions import Expression
from assembly.qti.processing import (
    Branch,
    Condition,
    Constraint,
    Exit,
    Rule,
    Rules,
    SetValue,
    Target,
)

Resolver = Callable[[str], bytes]

_SETTERS = {
    "qti-lookup-outcome-value": Target.LOOKUP,
    "qti-set-correct-response": Target.CORRECT,
    "qti-set-default-value": Target.DEFAULT,
    "qti-set-outcome-value": Target.OUTCOME,
    "qti-set-template-value": Target.TEMPLATE,
}
_CONDITIONS = frozenset(
    {"qti-outcome-condition", "qti-response-condition", "qti-template-condition"}
)
_EXITS = frozenset({"qti-exit-response", "qti-exit-template", "qti-exit-test"})
_FRAGMENTS = frozenset(
    {
        "qti-outcome-processing",
        "qti-outcome-processing-fragment",
        "qti-response-processing",
        "qti-response-processing-fragment",
    }
)
INCLUDE_LIMIT = 10


def read_expression(element: etree._Element) -> Expression:
    """Raises UnsupportedError for custom operators and unknown names."""
    name = xml.name(element).removeprefix("qti-")
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    constant = None
    if name == "base-value":
        base_type = reading_declarations.base_type_of(element)
        constant = reading_declarations.value_of(element, base_type)
    expression = Expression(name, attributes, (), constant=constant, line=xml.line(element))
    operators.check(expression)
    if name == "base-value":
        return expression
    children = tuple(read_expression(child) for child in xml.children(element))
    return Expression(name, attributes, children, line=expression.line)


def only_expression(element: etree._Element) -> Expression:
    """The one expression that a rule, condition or template default holds."""
    found = list(xml.children(element))
    if len(found) != 1:
        raise ReadingError(
            f"{xml.name(element)} needs exactly one expression, but has {len(found)}.",
            reason="wrong_structure",
            line=xml.line(element),
        )
    return read_expression(found[0])


def read_rules(element: etree._Element, resolve: Resolver | None = None, depth: int = 0) -> Rules:
    return tuple(
        rule for child in xml.children(element) for rule in _read_rule(child, resolve, depth)
    )


def _read_rule(element: etree._Element, resolve: Resolver | None, depth: int) -> Iterator[Rule]:
    name, line = xml.name(element), xml.line(element)
    if name in _SETTERS:
        identifier = xml.required(element, "identifier")
        yield SetValue(_SETTERS[name], identifier, only_expression(element), line)
    elif name in _CONDITIONS:
        yield Condition(tuple(_branches(element, resolve, depth)), line)
    elif name in _EXITS:
        yield Exit(line)
    elif name == "qti-template-constraint":
        yield Constraint(only_expression(element), line)
    elif name in _FRAGMENTS:
        yield from read_rules(element, resolve, depth)
    elif name == "include":
        yield from _included(element, resolve, depth + 1)
    else:
        raise UnsupportedError(f"The rule {name} is not known.", reason="unknown_rule", line=line)


def _branches(element: etree._Element, resolve: Resolver | None, depth: int) -> Iterator[Branch]:
    for child in xml.children(element):
        name = xml.name(child)
        if name.endswith("-else"):
            yield Branch(None, read_rules(child, resolve, depth), xml.line(child))
            continue
        inner = list(xml.children(child))
        if not name.endswith(("-if", "-else-if")) or not inner:
            raise ReadingError(
                f"{name or 'This'} is no branch of a condition with an expression of its own.",
                reason="wrong_structure",
                line=xml.line(child),
            )
        rules = tuple(rule for one in inner[1:] for rule in _read_rule(one, resolve, depth))
        yield Branch(read_expression(inner[0]), rules, xml.line(child))


def _included(element: etree._Element, resolve: Resolver | None, depth: int) -> Iterator[Rule]:
    """The rules of another file, of which the root is a fragment, a processing or one rule."""
    href = xml.required(element, "href")
    if resolve is None or depth > INCLUDE_LIMIT:
        raise UnsupportedError(
            f"The included file {href[:80]} cannot be followed here.",
            reason="include",
            line=xml.line(element),
        )
    root = upgrade.upgrade(xml.parse_xml(resolve(href)))
    yield from _read_rule(root, resolve, depth)
