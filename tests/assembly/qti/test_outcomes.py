"""Outcome processing of whole tests, pre-conditions, branch rules, feedback, template defaults."""

from dataclasses import replace

import pytest

from assembly.qti import assessment, item_session, outcomes, reading, reading_rules, values, xml
from assembly.qti.declarations import OutcomeDeclaration, ResponseDeclaration
from assembly.qti.errors import ProcessingError
from assembly.qti.item_result import ItemResult
from assembly.qti.outcomes import TestScope
from assembly.qti.values import BaseType, Raw
from tests.assembly.qti.engine import (
    FIXTURES,
    STREAM,
    M,
    evaluate,
    expanded,
    fixture,
    item,
    outcome,
    value,
)

WEATHER = reading.read_test((FIXTURES / "weather_test.xml").read_bytes())
RESPONSE = ResponseDeclaration(identifier="RESPONSE")
A, B = value("A", "identifier"), value("B", "identifier")


def points(maximum: float | None, minimum: float | None = None) -> OutcomeDeclaration:
    return OutcomeDeclaration(
        identifier="SCORE",
        base_type=BaseType.FLOAT,
        normal_maximum=maximum,
        normal_minimum=minimum,
        default=values.real(0.25),
    )


Q01 = ItemResult(
    key="Q01",
    ref="Q01",
    sections=("S1",),
    categories=("easy", "cloud"),
    weights={"W": 2.0},
    variable_mappings={"POINTS": "SCORE"},
    outcomes={"POINTS": values.real(1.0), "duration": value("8", "duration")},
    responses={"RESPONSE": A},
    corrects={"RESPONSE": A},
    response_declarations={"RESPONSE": RESPONSE},
    outcome_declarations={"POINTS": points(2.0)},
    defaults={"RESPONSE": None},
    attempted=True,
)
Q02 = ItemResult(
    key="Q02",
    ref="Q02",
    sections=("S1", "S2"),
    categories=("easy",),
    outcomes={"SCORE": values.real(0.5)},
    responses={"RESPONSE": B},
    corrects={"RESPONSE": A},
    response_declarations={"RESPONSE": RESPONSE},
    outcome_declarations={"SCORE": points(1.0, -1.0)},
    defaults={"RESPONSE": None},
    attempted=True,
)
Q03 = ItemResult(
    key="Q03",
    ref="Q03",
    sections=("S3",),
    categories=("hard",),
    outcomes={"SCORE": None, "TAGS": value(["x"], "identifier", M), "N": values.integer(4)},
    responses={"RESPONSE": None},
    corrects={"RESPONSE": B},
    response_declarations={"RESPONSE": RESPONSE},
    outcome_declarations={"SCORE": points(None)},
)
ESSAY = ItemResult(
    key="Q04.2",
    ref="Q04",
    outcomes={"SCORE": values.integer(3)},
    response_declarations={"RESPONSE": RESPONSE},
    responses={"RESPONSE": A},
    attempted=True,
)
ALL = (Q01, Q02, Q03, ESSAY)
NAME, OUTCOME = "variable-identifier='SCORE'", "outcome-identifier='SCORE'"
SCOPE = TestScope({}, {"TOTAL": values.real(7.0)}, ALL)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("<qti-variable identifier='TOTAL'/>", "7.0"),
        ("<qti-variable identifier='Q01.SCORE'/>", "1.0"),
        ("<qti-variable identifier='Q01.POINTS'/>", "1.0"),
        ("<qti-variable identifier='Q01.SCORE' weight-identifier='W'/>", "2.0"),
        ("<qti-variable identifier='Q02.SCORE' weight-identifier='W'/>", "0.5"),
        ("<qti-variable identifier='Q02.RESPONSE'/>", "B"),
        ("<qti-variable identifier='Q02.RESPONSE' weight-identifier='W'/>", "B"),
        ("<qti-variable identifier='Q04.2.SCORE'/>", "3"),
        ("<qti-variable identifier='Q04.SCORE'/>", "3"),
        ("<qti-variable identifier='Q99.SCORE'/>", None),
        ("<qti-variable identifier='Q01.duration'/>", "8.0"),
        ("<qti-correct identifier='Q02.RESPONSE'/>", "A"),
        ("<qti-correct identifier='Q99.RESPONSE'/>", None),
        ("<qti-default identifier='Q02.SCORE'/>", "0.25"),
        ("<qti-default identifier='Q02.RESPONSE'/>", None),
        ("<qti-default identifier='Q99.SCORE'/>", None),
        ("<qti-test-variables variable-identifier='SCORE'/>", ["1.0", "0.5", "3.0"]),
        ("<qti-test-variables variable-identifier='SCORE' base-type='float'/>", ["1.0", "0.5"]),
        ("<qti-test-variables variable-identifier='SCORE' base-type='integer'/>", ["3"]),
        ("<qti-test-variables variable-identifier='POINTS'/>", None),
        ("<qti-outcome-maximum outcome-identifier='POINTS' section-identifier='S2'/>", None),
        ("<qti-outcome-maximum outcome-identifier='POINTS' include-category='cloud'/>", None),
        ("<qti-test-variables variable-identifier='N'/>", ["4"]),
        ("<qti-test-variables variable-identifier='N' weight-identifier='W'/>", ["4.0"]),
        ("<qti-test-variables variable-identifier='RESPONSE' base-type='identifier'/>",
         ["A", "B", "A"]),
        ("<qti-test-variables variable-identifier='TAGS' base-type='identifier'/>", None),
        ("<qti-test-variables variable-identifier='SCORE' weight-identifier='W'/>",
         ["2.0", "0.5", "3.0"]),
        ("<qti-test-variables variable-identifier='SCORE' section-identifier='S1'/>",
         ["1.0", "0.5"]),
        ("<qti-test-variables variable-identifier='SCORE' section-identifier='S2'/>", ["0.5"]),
        ("<qti-test-variables variable-identifier='SCORE' include-category='easy hard'/>",
         ["1.0", "0.5"]),
        ("<qti-test-variables variable-identifier='SCORE' exclude-category='cloud'/>",
         ["0.5", "3.0"]),
        (f"<qti-test-variables {NAME} include-category='easy' exclude-category='cloud'/>", ["0.5"]),
        ("<qti-outcome-maximum outcome-identifier='SCORE' section-identifier='S1'/>",
         ["2.0", "1.0"]),
        (f"<qti-outcome-maximum {OUTCOME} section-identifier='S1' weight-identifier='W'/>",
         ["4.0", "1.0"]),
        ("<qti-outcome-maximum outcome-identifier='SCORE'/>", None),
        ("<qti-outcome-minimum outcome-identifier='SCORE'/>", ["-1.0"]),
        ("<qti-number-correct/>", "1"),
        ("<qti-number-incorrect/>", "1"),
        ("<qti-number-responded/>", "3"),
        ("<qti-number-presented/>", "3"),
        ("<qti-number-selected/>", "4"),
        ("<qti-number-selected include-category='easy'/>", "2"),
        ("<qti-number-selected section-identifier='S9'/>", "0"),
    ],
)  # fmt: skip
def test_expressions_look_over_the_items(expression: str, result: Raw) -> None:
    assert outcome(expression, SCOPE) == result


def test_of_several_instances_the_last_is_meant_unless_one_is_named() -> None:
    first, last = (
        replace(Q02, key=f"Q02.{at}", outcomes={"SCORE": values.real(float(at))}) for at in (1, 2)
    )
    scope = TestScope({}, {}, [first, last])
    assert outcome("<qti-variable identifier='Q02.SCORE'/>", scope) == "2.0"
    assert outcome("<qti-variable identifier='Q02.1.SCORE'/>", scope) == "1.0"


def test_a_mapping_can_be_asked_of_an_item() -> None:
    mapped = replace(
        Q02,
        response_declarations=fixture("clouds_v2p1.xml").responses,
        responses={"RESPONSE": value("Cirrus", "string")},
    )
    scope = TestScope({}, {}, [mapped])
    assert outcome("<qti-map-response identifier='Q02.RESPONSE'/>", scope) == "2.0"
    with pytest.raises(ProcessingError):
        evaluate("<qti-map-response identifier='Q02.OTHER'/>", scope)


def test_items_are_not_asked_about_in_response_processing() -> None:
    with pytest.raises(ProcessingError, match="outcome processing"):
        evaluate("<qti-number-correct/>")


def test_a_test_is_scored_by_its_rules() -> None:
    scored = assessment.score_test(WEATHER, ALL[:3])
    assert {name: values.raw(found) for name, found in scored.items()} == {
        "SCORE": "2.5",
        "EASY": "0.5",
        "MAX": "5.0",
        "RIGHT": "11",
        "FIRST": "2.0",
        "GRADE": "PASS",
    }


def test_exit_test_ends_outcome_processing() -> None:
    poor = replace(Q01, outcomes={"POINTS": values.real(0.1)})
    scored = assessment.score_test(WEATHER, [poor])
    assert (values.raw(scored["RIGHT"]), values.raw(scored["GRADE"])) == ("1", "FAIL")


def test_outcomes_begin_anew_each_time_and_without_items_a_sum_is_null() -> None:
    scored = assessment.score_test(WEATHER, [])
    assert scored["SCORE"] is None
    assert values.raw(scored["RIGHT"]) == "10"
    assert values.raw(scored["GRADE"]) == "FAIL"


def test_pre_conditions_and_branch_rules_hold_or_not() -> None:
    second = assessment.item_ref(WEATHER, "Q02")
    (condition,) = second.pre_conditions
    (rule,) = second.branch_rules
    assert assessment.holds(WEATHER, condition, [Q01])
    assert not assessment.holds(WEATHER, condition, [])
    assert not assessment.holds(WEATHER, rule.expression, [Q01, Q02])
    full = replace(Q02, outcomes={"SCORE": values.real(1.0)})
    assert assessment.holds(WEATHER, rule.expression, [Q01, full])


def test_a_condition_that_cannot_be_evaluated_does_not_hold() -> None:
    source = expanded("<qti-and> <qti-base-value base-type='integer'>1</qti-base-value> </qti-and>")
    root = xml.parse_xml(source.encode())
    expression = reading_rules.read_expression(root, reading_rules.Reading())
    assert not assessment.holds(WEATHER, expression, ALL)


@pytest.mark.parametrize(
    ("grade", "access", "titles"),
    [
        ("GOOD", "atEnd", ["Well done"]),
        ("PASS", "atEnd", []),
        ("PASS", "during", [""]),
        ("FAIL", "during", []),
    ],
)
def test_test_feedback_follows_its_outcome(grade: str, access: str, titles: list[str]) -> None:
    shown = assessment.visible_feedback(
        WEATHER.feedback, {"GRADE": value(grade, "identifier")}, access
    )
    assert [one.title for one in shown] == titles


def test_template_defaults_reach_the_item() -> None:
    first = assessment.item_ref(WEATHER, "Q01")
    given = assessment.template_defaults(WEATHER, first, [])
    assert given == {"X": values.integer(8)}
    assert assessment.template_defaults(WEATHER, assessment.item_ref(WEATHER, "Q02"), []) == {}


def test_a_template_default_that_cannot_be_evaluated_is_left_out() -> None:
    broken = reading.read_test(
        (FIXTURES / "weather_test.xml")
        .read_bytes()
        .replace(b'<qti-base-value base-type="integer">8</qti-base-value>', b"<qti-sum/>")
    )
    assert assessment.template_defaults(broken, assessment.item_ref(broken, "Q01"), []) == {}


def test_a_result_is_made_of_an_item_session() -> None:
    template = fixture("sum_template.xml")
    session = item_session.begin(template, STREAM)
    right = values.raw(item_session.correct_responses(template, session)["RESPONSE"])
    session = item_session.attempt(template, session, {"RESPONSE": right}, duration_seconds=16.0)
    result = outcomes.result_of(template, session, key="Q.1", ref="Q", weights={"W": 0.5})
    scope = TestScope({}, {}, [result])
    assert result.correct is True
    assert outcome("<qti-variable identifier='Q.1.SCORE' weight-identifier='W'/>", scope) == "0.5"
    assert outcome("<qti-variable identifier='Q.numAttempts'/>", scope) == "1"
    assert outcome("<qti-variable identifier='Q.duration'/>", scope) == "16.0"
    assert outcome("<qti-variable identifier='Q.completionStatus'/>", scope) == "completed"
    assert outcome("<qti-outcome-maximum outcome-identifier='SCORE'/>", scope) == ["1.0"]
    drawn = values.raw(session.templates["X"])
    assert outcome("<qti-variable identifier='Q.X'/>", scope) == drawn
    every = "<qti-test-variables variable-identifier='X' base-type='integer'/>"
    assert outcome(every, scope) == [drawn]


def test_the_time_spent_in_the_test_its_parts_and_its_sections_can_be_asked_for() -> None:
    spent = {"": 32.0, "P1": 16.0, "S1": 8.0}
    scope = TestScope({}, {}, [Q01], durations=spent)
    for name, seconds in (("duration", "32.0"), ("P1.duration", "16.0"), ("S1.duration", "8.0")):
        assert outcome(f"<qti-variable identifier='{name}'/>", scope) == seconds
    assert outcome("<qti-variable identifier='Q01.duration'/>", scope) == "8.0"
    assert outcome("<qti-variable identifier='S9.duration'/>", scope) is None
    assert outcome("<qti-variable identifier='duration'/>", TestScope({}, {}, [])) is None


def test_an_item_without_correct_values_is_neither_right_nor_wrong() -> None:
    assert ESSAY.correct is None
    assert ItemResult(key="x", ref="x").correct is None
    assert not Q03.responded
    plain = item('<qti-outcome-declaration identifier="SCORE" base-type="float"/>')
    begun = outcomes.result_of(plain, item_session.begin(plain, STREAM), key="p", ref="p")
    assert (begun.attempted, begun.responded, begun.correct) == (False, False, None)
