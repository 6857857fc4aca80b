"""Reads expressions and the rules of response, template and outcome processing."""

import posixpath
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lxml import etree

from assembly.qti import links, operators, reading_declarations, upgrade, xml
from assembly.qti.errors import Loss, ReadingError, UnsupportedError
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


@dataclass(slots=True)
class Reading:
    """One document being read: how to fetch what it includes, and what had to be read over."""

    resolve: Resolver | None = None
    losses: list[Loss] = field(default_factory=list)
    base: str = ""
    depth: int = 0
    fetched: int = 0

    def href(self, element: etree._Element) -> str:
        """The element's address, as seen from the document where the reading began."""
        found = xml.required(element, "href")
        if not self.base or links.is_external(found) or found.startswith("/"):
            return found
        return posixpath.normpath(posixpath.join(self.base, found))

    def lose(self, element: etree._Element, reason: str, message: str) -> None:
        self.losses.append(Loss(reason, message, xml.line(element)))

    def fetch(self, element: etree._Element, href: str) -> bytes:
        """The bytes of a file of the package; all files of one document have a size together.

        Ten files that include each other ten times would be ten thousand million otherwise.
        """
        if self.resolve is None:
            raise UnsupportedError(f"The file {href[:80]} cannot be followed.", reason="include")
        source = self.resolve(href)
        self.fetched += len(source) + FETCH_COST
        if self.fetched > FETCH_LIMIT:
            raise ReadingError(
                "The document includes too many or too large files.",
                reason="too_large",
                line=xml.line(element),
            )
        return source

    @contextmanager
    def included(self, element: etree._Element) -> Iterator[etree._Element]:
        """The root of another file, in QTI 3's names, and what it refers to as seen from here.

        The files may include each other ten deep.
        """
        href = self.href(element)
        if self.resolve is None or self.depth >= INCLUDE_LIMIT:
            raise UnsupportedError(
                f"The file {href[:80]} cannot be followed from here.",
                reason="include",
                line=xml.line(element),
            )
        root = upgrade.upgrade(xml.parse_xml(self.fetch(element, href)))
        base, self.base = self.base, posixpath.dirname(href)
        self.depth += 1
        yield root
        self.base, self.depth = base, self.depth - 1


_SETTERS = {
    "qti-lookup-outcome-value": Target.LOOKUP,
    "qti-set-correct-response": Target.CORRECT,
    "qti-set-default-value": Target.DEFAULT,
    "qti-set-outcome-value": Target.OUTCOME,
    "qti-set-response-value": Target.RESET,
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
FETCH_LIMIT = 20_000_000
FETCH_COST = 20_000  # of each file beside its bytes, so that a thousand are the most


def read_expression(element: etree._Element, reading: Reading) -> Expression:
    """UnsupportedError for custom operators; an unknown name is a loss and counts as false."""
    name = xml.name(element).removeprefix("qti-")
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    constant = None
    if name == "base-value":
        base_type = reading_declarations.base_type_of(element)
        constant = reading_declarations.value_of(element, base_type)
    expression = Expression(name, attributes, (), constant=constant, line=xml.line(element))
    operators.check(expression)
    if name not in operators.TABLE:
        reading.lose(element, "unknown_expression", f"The expression {name} is not known.")
    if name == "base-value":
        return expression
    children = tuple(read_expression(child, reading) for child in xml.children(element))
    return Expression(name, attributes, children, line=expression.line)


def only_expression(element: etree._Element, reading: Reading) -> Expression:
    """The one expression that a rule, condition or template default holds."""
    found = list(xml.children(element))
    if len(found) != 1:
        raise ReadingError(
            f"{xml.name(element)} needs exactly one expression, but has {len(found)}.",
            reason="wrong_structure",
            line=xml.line(element),
        )
    return read_expression(found[0], reading)


def read_rules(element: etree._Element, reading: Reading) -> Rules:
    return tuple(rule for child in xml.children(element) for rule in _read_rule(child, reading))


def _read_rule(element: etree._Element, reading: Reading) -> Iterator[Rule]:
    name, line = xml.name(element), xml.line(element)
    if name in _SETTERS:
        yield _read_setter(element, reading)
    elif name in _CONDITIONS:
        yield Condition(tuple(_branches(element, reading)), line)
    elif name in _EXITS:
        yield Exit(line)
    elif name == "qti-template-constraint":
        yield Constraint(only_expression(element, reading), line)
    elif name in _FRAGMENTS:
        yield from read_rules(element, reading)
    elif name == "include":
        yield from _included(element, reading)
    else:
        reading.lose(element, "unknown_rule", f"The rule {name} is not known and was left out.")


def _read_setter(element: etree._Element, reading: Reading) -> SetValue:
    identifier = xml.required(element, "identifier")
    target = _SETTERS[xml.name(element)]
    if target is Target.DEFAULT and len(element) == 0:
        default = Expression("default", {"identifier": identifier}, line=xml.line(element))
        return SetValue(Target.RESET, identifier, default, xml.line(element))
    return SetValue(target, identifier, only_expression(element, reading), xml.line(element))


def _branches(element: etree._Element, reading: Reading) -> Iterator[Branch]:
    for child in xml.children(element):
        name = xml.name(child)
        if name.endswith("-else"):
            yield Branch(None, read_rules(child, reading), xml.line(child))
            continue
        inner = list(xml.children(child))
        if not name.endswith(("-if", "-else-if")) or not inner:
            raise ReadingError(
                f"{name or 'This'} is no branch of a condition with an expression of its own.",
                reason="wrong_structure",
                line=xml.line(child),
            )
        rules = tuple(rule for one in inner[1:] for rule in _read_rule(one, reading))
        yield Branch(read_expression(inner[0], reading), rules, xml.line(child))


def _included(element: etree._Element, reading: Reading) -> Iterator[Rule]:
    """The rules of another file, of which the root is a fragment, a processing or one rule."""
    with reading.included(element) as root:
        yield from _read_rule(root, reading)
