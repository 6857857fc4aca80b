"""Helpers of the engine's tests: a small scope, expressions from XML, items from their parts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from assembly.qti import operators, reading, reading_rules, values, xml
from assembly.qti.declarations import ResponseDeclaration
from assembly.qti.expressions import Expression, Scope
from assembly.qti.item import AssessmentItem
from assembly.qti.values import BaseType, Cardinality, Raw, Value
from assembly.selection import Stream

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "qti"
S, M, ORD, R = Cardinality.SINGLE, Cardinality.MULTIPLE, Cardinality.ORDERED, Cardinality.RECORD
STREAM = Stream(bytes(range(32)))


def value(raw: Raw, base_type: str, cardinality: Cardinality = S) -> Value | None:
    return values.parse(raw, BaseType(base_type), cardinality)


class SmallScope(Scope):
    """Variables by name, and draws that a test fixes beforehand."""

    def __init__(
        self,
        variables: Mapping[str, Value | None] | None = None,
        draws: Sequence[int] = (),
        responses: Mapping[str, ResponseDeclaration] | None = None,
    ) -> None:
        self.variables = variables or {}
        self.draws = list(draws)
        self.responses = responses or {}
        self.bounds: list[int] = []

    def variable(self, identifier: str) -> Value | None:
        return self.variables.get(identifier)

    def default(self, identifier: str) -> Value | None:
        return self.responses[identifier].default

    def correct(self, identifier: str) -> Value | None:
        return self.responses[identifier].correct

    def response(self, identifier: str) -> ResponseDeclaration:
        return self.responses[identifier]

    def below(self, n: int) -> int:
        self.bounds.append(n)
        return self.draws.pop(0)


VARIABLES: dict[str, Value | None] = {
    "NULL": None,
    "T": value("true", "boolean"),
    "F": value("false", "boolean"),
    "I2": value("2", "integer"),
    "I3": value("3", "integer"),
    "I-7": value("-7", "integer"),
    "I0": value("0", "integer"),
    "F2.5": value("2.5", "float"),
    "INF": value("INF", "float"),
    "A": value("A", "identifier"),
    "B": value("B", "identifier"),
    "M-AB": value(["A", "B"], "identifier", M),
    "M-AAB": value(["A", "A", "B"], "identifier", M),
    "O-AB": value(["A", "B"], "identifier", ORD),
    "O-BA": value(["B", "A"], "identifier", ORD),
    "O-ABC": value(["A", "B", "C"], "identifier", ORD),
    "M-123": value(["1", "2", "3"], "integer", M),
    "O-123": value(["1", "2", "3"], "integer", ORD),
    "M-F": value(["1.5", "2.5"], "float", M),
    "S-York": value("York", "string"),
    "S-or": value("or", "string"),
    "P-AB": value("A B", "pair"),
    "P-BA": value("B A", "pair"),
    "D-AB": value("A B", "directedPair"),
    "D-BA": value("B A", "directedPair"),
    "PT": value("10 20", "point"),
    "PTS": value(["1 1", "10 20"], "point", M),
    "DUR": value("90.5", "duration"),
    "REC": values.record([("x", value("3", "integer")), ("name", value("Ada", "string"))]),
}


def parse(source: str) -> Expression:
    """`$NAME` stands for a variable; qti- may be left out of no name."""
    root = xml.parse_xml(expanded(source).encode())
    return reading_rules.read_expression(root, reading_rules.Reading())


def expanded(source: str) -> str:
    words = []
    for word in source.split(" "):
        name = word.removeprefix("$")
        words.append(f'<qti-variable identifier="{name}"/>' if name != word else word)
    return " ".join(words)


def evaluate(source: str, scope: Scope | None = None) -> Value | None:
    return operators.evaluate(parse(source), scope or SmallScope(VARIABLES))


def base(lexical: str, base_type: str = "string") -> str:
    return f'<qti-base-value base-type="{base_type}">{lexical}</qti-base-value>'


def outcome(source: str, scope: Scope | None = None) -> Raw:
    """The lexical form of the result: what a table of cases can say shortly."""
    return values.raw(evaluate(source, scope))


def fixture(name: str) -> AssessmentItem:
    return reading.read_item((FIXTURES / name).read_bytes())


def item(inner: str, attributes: str = "") -> AssessmentItem:
    """An item of the given declarations, body and processing."""
    return reading.read_item(item_source(inner, attributes))


def item_source(inner: str, attributes: str = "") -> bytes:
    return (
        '<qti-assessment-item xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0"'
        f' identifier="i" title="An item" {attributes}>{expanded(inner)}</qti-assessment-item>'
    ).encode()
