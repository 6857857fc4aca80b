"""Explanations: what an author is told about one attempt."""

from assembly.qti import explaining, item_session, values
from assembly.qti.item import AssessmentItem
from assembly.qti.values import RawResponses
from tests.assembly.qti.engine import STREAM, base, fixture, item


def told(of: AssessmentItem, raw: RawResponses) -> list[str]:
    """The steps, indented by their depth."""
    session = item_session.begin(of, STREAM)
    steps = explaining.explain(of, session, raw).steps
    return ["  " * step.depth + step.text for step in steps]


MAPPED = item(
    '<qti-response-declaration identifier="RESPONSE" cardinality="multiple" base-type="identifier">'
    '<qti-mapping upper-bound="1" lower-bound="0" default-value="-2">'
    '<qti-map-entry map-key="A" mapped-value="1"/><qti-map-entry map-key="C" mapped-value="0.5"/>'
    "</qti-mapping></qti-response-declaration>"
    '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
    '<qti-response-processing template="x/map_response"/>'
)


def test_a_mapping_is_told_value_by_value() -> None:
    assert told(MAPPED, {"RESPONSE": ["A", "C", "A"]}) == [
        "If: not true, passed by.",
        "  is-null of [A, C, A] is false",
        "    variable RESPONSE is [A, C, A]",
        "Else: taken.",
        "SCORE becomes 1.0.",
        "  map-response RESPONSE: A → 1, C → 0.5, sum 1.5, upper bound 1",
    ]


def test_the_default_and_the_lower_bound_are_told() -> None:
    assert told(MAPPED, {"RESPONSE": ["X"]})[-1] == (
        "  map-response RESPONSE: X → -2, lower bound 0"
    )


def test_null_takes_the_other_branch() -> None:
    assert told(MAPPED, {}) == [
        "If: true, taken.",
        "  is-null of NULL is true",
        "    variable RESPONSE is NULL",
        "SCORE becomes 0.0.",
        "  0.0",
    ]


def test_areas_are_told_once_each() -> None:
    points = item(
        '<qti-response-declaration identifier="RESPONSE" cardinality="multiple" base-type="point">'
        '<qti-area-mapping default-value="-1"><qti-area-map-entry shape="rect" coords="0,0,9,9"'
        ' mapped-value="2"/></qti-area-mapping></qti-response-declaration>'
        '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
        '<qti-response-processing><qti-set-outcome-value identifier="SCORE">'
        '<qti-map-response-point identifier="RESPONSE"/></qti-set-outcome-value>'
        "</qti-response-processing>"
    )
    assert told(points, {"RESPONSE": ["1 1", "2 2", "20 20", "20 20"]})[-1] == (
        "  map-response-point RESPONSE: 1 1 → 2, 20 20 → -1, sum 1"
    )
    assert told(points, {})[-1] == "  map-response-point RESPONSE: NULL → -1"


def test_an_exit_and_settings_are_told() -> None:
    exits = item(
        '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
        "<qti-response-processing><qti-response-condition><qti-response-if>"
        '<qti-equal tolerance-mode="absolute" tolerance="1">'
        + base("3", "float")
        + base("4", "float")
        + "</qti-equal><qti-exit-response/></qti-response-if></qti-response-condition>"
        "</qti-response-processing>"
    )
    assert told(exits, {}) == [
        "If: true, taken.",
        "  equal tolerance-mode=absolute tolerance=1 of 3.0, 4.0 is true",
        "    3.0",
        "    4.0",
        "Exit: the rules end here.",
    ]


def test_a_rule_that_is_left_out_says_why() -> None:
    slipped = item(
        '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
        '<qti-response-processing><qti-set-outcome-value identifier="SCORE"><qti-sum>'
        + base("a", "string")
        + "</qti-sum></qti-set-outcome-value><qti-set-outcome-value identifier='SCORE'>"
        + base("2", "float")
        + "</qti-set-outcome-value></qti-response-processing>"
    )
    assert told(slipped, {}) == [
        "SCORE was left as it was. Line 1: qti-sum takes numbers only.",
        "SCORE becomes 2.0.",
        "  2.0",
    ]


def test_explaining_changes_nothing() -> None:
    river = fixture("river_adaptive.xml")
    begun = item_session.begin(river, STREAM)
    explained = explaining.explain(river, begun, {"RESPONSE": "MEANDER"}, duration_seconds=4.0)
    plain = item_session.attempt(river, begun, {"RESPONSE": "MEANDER"}, duration_seconds=4.0)
    assert explained.session == plain
    assert values.raw(explained.session.outcomes["SCORE"]) == "6.0"
    assert next(step.line for step in explained.steps if step.depth == 0) == 25
