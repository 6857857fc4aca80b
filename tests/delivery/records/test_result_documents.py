import io
import zipfile
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from assembly.qti.results import NAMESPACE
from delivery.models import AssessmentSession, CandidateComment
from delivery.records import result_documents
from delivery.session import desk, expiry, moves, scoring, sessions
from tests import factories, material
from tests.factories import HELPED, HINTED, Part, after

pytestmark = pytest.mark.django_db
ME = "candidate:1"
R = {"r": NAMESPACE}


def document(session: AssessmentSession, *, with_correct: bool = False) -> Any:
    """The session's document, which the official schema finds nothing wrong with."""
    written = result_documents.of(desk.read(session.pk), with_correct=with_correct)
    assert material.errors(written) == []
    return etree.fromstring(written)


def variables(element: Any) -> dict[str, str]:
    """Values by identifier; those of a container are divided by commas."""
    return {
        str(one.get("identifier")): ",".join(
            value.text or ""
            for value in one.xpath("r:value | r:candidateResponse/r:value", namespaces=R)
        )
        for one in element
        if one.get("identifier")
    }


def told(root: Any) -> list[tuple[str, str, str]]:
    """Each item result's identifier, status and response."""
    return [
        (
            one.get("identifier", ""),
            one.get("sessionStatus", ""),
            variables(one).get("RESPONSE", ""),
        )
        for one in root.iterfind("r:itemResult", R)
    ]


def finish(session: AssessmentSession, at: datetime) -> AssessmentSession:
    sessions.complete(session.pk, at, by=ME, confirmed=True)
    return scoring.score(session.pk, at)


def test_every_selected_item_is_reported_with_its_answer_and_its_status() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A")
    factories.answer(session, "Q2", "B")
    root = document(finish(session, after(64)))
    assert told(root) == [
        ("Q1", "final", "A"),
        ("Q2", "final", "B"),
        ("Q3", "initial", ""),
    ]
    first = variables(root.find("r:itemResult", R))
    assert first["SCORE"] == "1.0"
    assert first["completionStatus"] == "completed"
    assert first["numAttempts"] == "1"


def test_the_whole_test_is_reported_with_its_score_and_durations() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A")
    moves.enter(session.pk, "Q2", after(30), by=ME)
    root = document(finish(session, after(90)))
    of_test = variables(root.find("r:testResult", R))
    assert (of_test["SCORE"], of_test["MAXSCORE"]) == ("1.0", "3.0")
    assert (of_test["duration"], of_test["P1.duration"], of_test["S-P1.duration"]) == (
        "90.0",
        "90.0",
        "90.0",
    )
    items = [variables(one)["duration"] for one in root.iterfind("r:itemResult", R)]
    assert items == ["30.0", "60.0", "0.0"]


def test_who_sat_what_is_said_in_names_that_xml_allows() -> None:
    who = factories.candidate("Ada Adams", number="4711/b")
    session = factories.session(None, who)
    context = document(session).find("r:context", R)
    assert context.get("sourcedId") == "_x0034_711_x002F_b"
    named = [one.get("identifier") for one in context]
    assert named[0] == f"session-{session.pk}"
    assert named[1] == f"sitting-{session.sitting_id}"


def test_an_open_session_reports_what_is_not_submitted_as_such() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A")
    root = document(session)
    assert told(root)[0] == ("Q1", "pendingSubmission", "A")
    response = root.find("r:itemResult/r:responseVariable[@identifier='RESPONSE']", R)
    assert response.get("answeredStatus") == "answered"
    assert response.get("scoreStatus") == "notscored"


def test_what_an_ended_session_left_to_score_is_pending_its_processing() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A")
    expiry.sweep(after(4000))
    assert told(document(session))[0] == ("Q1", "pendingResponseProcessing", "A")


def test_each_attempt_is_a_result_with_its_own_time_and_outcome() -> None:
    control = '<qti-item-session-control max-attempts="3"/>'
    version = factories.published(Part("P1", ("A",), control=control))
    session = factories.session(factories.sitting(version))
    factories.answer(session, "A", "B", writer="p", client_seq=1)
    moves.check(session.pk, "A", after(2), by=ME)
    factories.answer(session, "A", "A", writer="p", client_seq=2, received_at=after(3))
    moves.check(session.pk, "A", after(4), by=ME)
    factories.answer(session, "A", "C", writer="p", client_seq=3, received_at=after(5))
    root = document(session)
    assert told(root) == [
        ("A", "final", "B"),
        ("A", "final", "A"),
        ("A", "pendingSubmission", "C"),
    ]
    results = root.findall("r:itemResult", R)
    known = [variables(one) for one in results]
    assert [one["SCORE"] for one in known] == ["0.0", "1.0", "1.0"]
    assert [one["duration"] for one in known] == ["2.0", "4.0", "4.0"]
    assert [one.get("datestamp") for one in results] == [
        "2026-03-02T12:00:02.000Z",
        "2026-03-02T12:00:04.000Z",
        "2026-03-02T12:00:05.000Z",
    ]


def test_a_button_that_counts_as_no_attempt_is_no_result_of_its_own() -> None:
    control = '<qti-item-session-control max-attempts="3"/>'
    version = factories.published(
        Part("P1", ("H",), control=control), items={"H": factories.item_version("H", HELPED)}
    )
    session = factories.session(factories.sitting(version))
    moves.check(session.pk, "H", after(1), by=ME, pressed="HINT")
    assert told(document(session)) == [("H", "initial", "")]
    factories.answer(session, "H", "Hull", writer="p", client_seq=1)
    moves.check(session.pk, "H", after(2), by=ME)
    moves.check(session.pk, "H", after(3), by=ME, pressed="HINT")
    factories.answer(session, "H", "York", writer="p", client_seq=2, received_at=after(4))
    moves.check(session.pk, "H", after(5), by=ME)
    root = document(session)
    assert told(root) == [("H", "final", "Hull"), ("H", "final", "York")]
    known = [variables(one) for one in root.findall("r:itemResult", R)]
    assert [(one["numAttempts"], one["SCORE"]) for one in known] == [("1", "0.0"), ("2", "1.0")]


def test_a_button_pressed_after_an_attempt_leaves_its_result_as_it_was() -> None:
    control = '<qti-item-session-control max-attempts="3"/>'
    version = factories.published(
        Part("P1", ("H",), control=control), items={"H": factories.item_version("H", HINTED)}
    )
    session = factories.session(factories.sitting(version))
    factories.answer(session, "H", "York", writer="p", client_seq=1)
    moves.check(session.pk, "H", after(2), by=ME)
    before = document(session)
    moves.check(session.pk, "H", after(4), by=ME, pressed="HINT")
    for root in (before, document(session)):
        (result,) = root.findall("r:itemResult", R)
        known = variables(result)
        assert told(root) == [("H", "final", "York")]
        assert (known["SCORE"], known["numAttempts"], known["duration"]) == ("1.0", "1", "2.0")
        assert result.get("datestamp") == "2026-03-02T12:00:02.000Z"


def test_right_answers_are_told_only_where_they_are_asked_for() -> None:
    session = factories.session()
    path = "r:itemResult/r:responseVariable/r:correctResponse/r:value"
    assert document(session).findall(path, R) == []
    told_right = document(session, with_correct=True).findall(path, R)
    assert [value.text for value in told_right] == ["A", "A", "A"]


def test_the_order_in_which_choices_were_shown_is_told() -> None:
    session = factories.session()
    response = document(session).find("r:itemResult/r:responseVariable[@choiceSequence]", R)
    assert sorted(str(response.get("choiceSequence")).split()) == ["A", "B", "C"]


def test_an_accommodation_and_a_comment_are_part_of_the_result() -> None:
    who = factories.candidate(time_multiplier=Decimal("1.25"), fixed_minutes=10)
    session = factories.session(None, who)
    row = session.item_sessions.get(key="Q1")
    CandidateComment.objects.create(
        item_session=row, text="Figure 2 is\x01 missing", salt="s", saved_at=after(3)
    )
    root = document(session)
    supports = [
        (one.get("name"), one.get("value")) for one in root.iterfind("r:testResult/r:support", R)
    ]
    assert supports == [
        ("additional-testing-time", "time-multiplier 1.25"),
        ("additional-testing-time", "fixed-minutes 10"),
    ]
    comment = root.findtext("r:itemResult[@identifier='Q1']/r:candidateComment", None, R)
    assert comment == "Figure 2 is\ufffd missing"


def test_the_same_session_gives_the_same_bytes() -> None:
    session = finish(factories.session(), after(64))
    first = result_documents.of(desk.read(session.pk))
    assert first == result_documents.of(desk.read(session.pk))


def test_a_sitting_gives_one_document_for_each_session() -> None:
    sitting = factories.sitting()
    began = [factories.session(sitting), factories.session(sitting)]
    factories.enrolment(sitting)
    with zipfile.ZipFile(io.BytesIO(result_documents.of_sitting(sitting))) as opened:
        assert set(opened.namelist()) == {f"result-{one.pk}.xml" for one in began}
