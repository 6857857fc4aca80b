"""Buttons of an item that do not count as an attempt: what they process and what stays."""

from assembly.qti import item_session, outcomes, values
from assembly.qti.item import AssessmentItem
from assembly.qti.item_session import ItemSession
from assembly.qti.outcomes import TestScope
from assembly.qti.values import Raw, RawResponses
from tests.assembly.qti.engine import STREAM, item, outcome

ANSWERED = (
    '<qti-match><qti-variable identifier="RESPONSE"/>'
    '<qti-base-value base-type="string">York</qti-base-value></qti-match>'
)
INNER = (
    '<qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="string"/>'
    '<qti-response-declaration identifier="HINT" cardinality="single" base-type="boolean"/>'
    '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
    '<qti-outcome-declaration identifier="TOLD" cardinality="single" base-type="boolean"/>'
    '<qti-outcome-declaration identifier="TRIES" cardinality="single" base-type="integer"/>'
    '<qti-item-body><p><qti-text-entry-interaction response-identifier="RESPONSE"/>'
    '<qti-end-attempt-interaction response-identifier="HINT" title="Hint"'
    ' count-attempt="{counts}"/>'
    "</p></qti-item-body><qti-response-processing>"
    '<qti-set-outcome-value identifier="TRIES"><qti-variable identifier="numAttempts"/>'
    "</qti-set-outcome-value>"
    '<qti-response-condition><qti-response-if><qti-variable identifier="HINT"/>'
    '<qti-set-outcome-value identifier="TOLD"><qti-variable identifier="HINT"/>'
    "</qti-set-outcome-value></qti-response-if>"
    f"<qti-response-else-if>{ANSWERED}"
    '<qti-set-outcome-value identifier="SCORE"><qti-base-value base-type="float">1</qti-base-value>'
    "</qti-set-outcome-value></qti-response-else-if></qti-response-condition>"
    "</qti-response-processing>"
)
PLAIN = item(INNER.format(counts="false"))
ADAPTIVE = item(INNER.format(counts="false"), 'adaptive="true"')
COUNTING = item(INNER.format(counts="true"), 'adaptive="true"')
SCORES = '<qti-test-variables variable-identifier="SCORE" base-type="float"/>'
PRESSED: RawResponses = {"RESPONSE": "York", "HINT": "true"}
GIVEN: RawResponses = {"RESPONSE": "York"}
HULL: RawResponses = {"RESPONSE": "Hull"}


def attempted(of: AssessmentItem, *raws: RawResponses) -> ItemSession:
    session = item_session.begin(of, STREAM)
    for raw in raws:
        session = item_session.attempt(of, session, raw, duration_seconds=1.0)
    return session


def told(session: ItemSession, *names: str) -> tuple[Raw, ...]:
    return tuple(values.raw(session.outcomes[name]) for name in names)


def test_a_button_counts_as_an_attempt_unless_it_says_otherwise() -> None:
    assert attempted(COUNTING, PRESSED).num_attempts == 1
    assert attempted(ADAPTIVE, PRESSED).num_attempts == 0
    assert attempted(ADAPTIVE, PRESSED, GIVEN).num_attempts == 1


def test_a_button_that_does_not_count_has_its_answer_processed_and_shown() -> None:
    session = attempted(PLAIN, PRESSED)
    seen = item_session.shown(session)
    assert told(seen, "TOLD", "TRIES") == ("true", "0")
    assert (values.raw(seen.responses["RESPONSE"]), values.raw(seen.responses["HINT"])) == (
        "York",
        "true",
    )
    assert (session.completion_status, session.duration_seconds) == ("unknown", 1.0)
    assert item_session.is_processed(session)
    assert not item_session.is_processed(item_session.begin(PLAIN, STREAM))


def test_the_attempt_goes_on_so_that_nothing_is_committed() -> None:
    session = attempted(PLAIN, PRESSED)
    assert told(session, "SCORE", "TOLD", "TRIES") == ("0.0", None, "0")
    assert set(session.responses.values()) == {None}
    assert not item_session.is_committed(PLAIN, session, GIVEN)
    session = item_session.attempt(PLAIN, session, GIVEN, duration_seconds=2.0)
    assert told(session, "SCORE", "TOLD", "TRIES") == ("1.0", None, "1")
    assert values.raw(session.responses["HINT"]) == "false"
    assert item_session.is_committed(PLAIN, session, GIVEN)


def test_after_a_button_an_adaptive_item_keeps_the_attempt_made_before() -> None:
    session = attempted(ADAPTIVE, GIVEN, PRESSED)
    assert told(session, "SCORE", "TOLD", "TRIES") == ("1.0", "true", "1")
    assert item_session.is_committed(ADAPTIVE, session, GIVEN)
    assert not item_session.is_committed(ADAPTIVE, session, {"RESPONSE": "Hull"})


def test_after_a_button_an_item_that_begins_anew_keeps_the_attempt_made_before() -> None:
    for last in (PRESSED, {"RESPONSE": "Hull", "HINT": "true"}):
        session = attempted(PLAIN, GIVEN, last, last)
        assert (session.num_attempts, session.completion_status) == (1, "completed")
        assert told(session, "SCORE", "TOLD", "TRIES") == ("1.0", None, "1")
        assert told(item_session.shown(session), "SCORE", "TOLD", "TRIES") == ("0.0", "true", "1")
        assert values.raw(session.responses["RESPONSE"]) == "York"
        assert item_session.is_committed(PLAIN, session, GIVEN)
        assert not item_session.is_committed(PLAIN, session, {"RESPONSE": "Hull"})


def test_what_a_button_showed_ends_with_the_next_attempt() -> None:
    for of in (PLAIN, ADAPTIVE):
        session = attempted(of, GIVEN, PRESSED, {"RESPONSE": "Hull"})
        assert item_session.shown(session) == session
        assert session.num_attempts == 2


def test_a_button_that_completes_an_adaptive_item_leaves_no_attempt_open() -> None:
    rule = '<qti-set-outcome-value identifier="TOLD">'
    done = rule.replace("TOLD", "completionStatus") + (
        '<qti-base-value base-type="identifier">completed</qti-base-value></qti-set-outcome-value>'
    )
    source = INNER.format(counts="false").replace(rule, done + rule)
    session = attempted(item(source, 'adaptive="true"'), GIVEN, {**PRESSED, **HULL})
    assert (session.num_attempts, session.completion_status) == (1, "completed")
    assert values.raw(session.responses["RESPONSE"]) == "Hull"
    assert item_session.shown(session) == session


def test_a_test_counts_the_attempt_and_not_what_a_button_showed() -> None:
    for raw, score in ((GIVEN, "1.0"), ({}, "0.0")):
        for of in (PLAIN, ADAPTIVE):
            results = [
                outcomes.result_of(of, attempted(of, *tries), key="Q", ref="Q")
                for tries in ([raw], [raw, PRESSED])
            ]
            for expression in ("<qti-number-responded/>", SCORES):
                without, with_button = (
                    outcome(expression, TestScope({}, {}, [one])) for one in results
                )
                assert with_button == without
            assert outcome(SCORES, TestScope({}, {}, results[1:])) == [score]


def test_a_button_that_was_not_pressed_is_no_response() -> None:
    for raw, count in (({}, "0"), ({"RESPONSE": "Hull"}, "1"), ({"HINT": "true"}, "1")):
        session = attempted(COUNTING, raw)
        result = outcomes.result_of(COUNTING, session, key="Q", ref="Q")
        assert outcome("<qti-number-responded/>", TestScope({}, {}, [result])) == count


def test_a_session_after_such_a_button_is_kept_and_taken_up_again() -> None:
    for of in (PLAIN, ADAPTIVE):
        session = attempted(of, GIVEN, PRESSED)
        assert item_session.from_json(of, item_session.to_json(session)) == session
        seen = item_session.from_json(of, item_session.shown_json(item_session.to_json(session)))
        assert seen == item_session.shown(session)
