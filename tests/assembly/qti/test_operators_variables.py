"""Expressions that look something up."""

import pytest

from assembly.qti.declarations import MapEntry, Mapping, ResponseDeclaration
from assembly.qti.errors import ProcessingError, UnsupportedError
from assembly.qti.values import Raw
from tests.assembly.qti.engine import SmallScope, evaluate, outcome, parse, value

SCOPE = SmallScope(
    {"R": value("B", "identifier"), "U": value("B", "identifier"), "N": None},
    responses={
        "R": ResponseDeclaration(
            identifier="R",
            default=value("A", "identifier"),
            correct=value("C", "identifier"),
            mapping=Mapping((MapEntry("B", 2.5),)),
        ),
        "U": ResponseDeclaration(identifier="U"),
    },
)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("<qti-variable identifier='R'/>", "B"),
        ("<qti-variable identifier='R' weight-identifier='W'/>", "B"),
        ("<qti-variable identifier='N'/>", None),
        ("<qti-default identifier='R'/>", "A"),
        ("<qti-default identifier='U'/>", None),
        ("<qti-correct identifier='R'/>", "C"),
        ("<qti-correct identifier='U'/>", None),
        ("<qti-map-response identifier='R'/>", "2.5"),
        ("<qti-map-response identifier='U'/>", "0.0"),
        ("<qti-map-response-point identifier='U'/>", "0.0"),
        ("<qti-null/>", None),
        ("<qti-base-value base-type='integer'> 7 </qti-base-value>", "7"),
        ("<qti-base-value base-type='string'> two words </qti-base-value>", " two words "),
        ("<qti-base-value base-type='string'>\n  P\n</qti-base-value>", "P"),
        ("<qti-base-value base-type='directed-pair'>A B</qti-base-value>", "A B"),
    ],
)
def test_looking_up(expression: str, result: Raw) -> None:
    assert outcome(expression, SCOPE) == result


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(ProcessingError, match="No variable"):
        evaluate("<qti-variable identifier='X'/>", SCOPE)


def test_a_custom_operator_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match=r"org\.example\.Trim") as refusal:
        parse("<qti-custom-operator class='org.example.Trim'/>")
    assert refusal.value.reason == "custom_operator"
    assert refusal.value.line == 1


def test_an_unknown_expression_fails_when_it_is_reached() -> None:
    with pytest.raises(ProcessingError, match="qti-perhaps is not an expression"):
        evaluate("<qti-perhaps/>")
