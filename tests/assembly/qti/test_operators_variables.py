"""Expressions that look something up."""

import pytest

from assembly.qti import item_session, values
from assembly.qti.declarations import MapEntry, Mapping, ResponseDeclaration
from assembly.qti.errors import ProcessingError, UnsupportedError
from assembly.qti.outcomes import TestScope
from assembly.qti.values import Raw
from tests.assembly.qti.engine import STREAM, SmallScope, evaluate, item, outcome, parse, value

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


SOME_RULE = (
    '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
    "<qti-item-body><p>Without more.</p></qti-item-body><qti-response-processing>"
    '<qti-set-outcome-value identifier="SCORE"><qti-{} identifier="NOWHERE"/>'
    "</qti-set-outcome-value></qti-response-processing>"
)
SOME = item(
    '<qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="string"/>'
    '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
    '<qti-outcome-declaration identifier="EMPTY" cardinality="single" base-type="boolean"/>'
    "<qti-item-body><p>Without more.</p></qti-item-body><qti-response-processing>"
    '<qti-set-outcome-value identifier="EMPTY"><qti-is-null> $NOWHERE </qti-is-null>'
    "</qti-set-outcome-value><qti-response-condition><qti-response-if><qti-or>"
    "<qti-match> $NOWHERE $RESPONSE </qti-match><qti-is-null> $RESPONSE </qti-is-null></qti-or>"
    '<qti-set-outcome-value identifier="SCORE"><qti-base-value base-type="float">1</qti-base-value>'
    "</qti-set-outcome-value></qti-response-if></qti-response-condition></qti-response-processing>"
)


def test_a_variable_that_is_not_declared_is_null_and_noted() -> None:
    session = item_session.begin(SOME, STREAM)
    session = item_session.attempt(SOME, session, {}, duration_seconds=0.0)
    assert values.raw(session.outcomes["EMPTY"]) == "true"
    assert values.raw(session.outcomes["SCORE"]) == "1.0"
    assert session.notes == ("NOWHERE is not declared and counts as NULL.",)


def test_a_variable_that_a_test_does_not_declare_is_null() -> None:
    scope = TestScope({}, {}, [])
    for expression in ("<qti-variable identifier='X'/>", "<qti-default identifier='X'/>"):
        assert outcome(expression, scope) is None


def test_a_response_that_is_not_declared_has_no_mapping_and_no_correct_value() -> None:
    for name in ("correct", "map-response", "map-response-point"):
        source = SOME_RULE.format(name)
        broken = item(source)
        session = item_session.begin(broken, STREAM)
        session = item_session.attempt(broken, session, {}, duration_seconds=0.0)
        assert values.raw(session.outcomes["SCORE"]) == "0.0"
        assert session.notes == ("SCORE was left as it was. No variable is called NOWHERE.",)


def test_a_custom_operator_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match=r"org\.example\.Trim") as refusal:
        parse("<qti-custom-operator class='org.example.Trim'/>")
    assert refusal.value.reason == "custom_operator"
    assert refusal.value.line == 1


def test_an_unknown_expression_fails_when_it_is_reached() -> None:
    with pytest.raises(ProcessingError, match="qti-perhaps is not an expression"):
        evaluate("<qti-perhaps/>")
