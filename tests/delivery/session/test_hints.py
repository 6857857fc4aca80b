"""A button that does not count: what it shows, and that the attempts made count as they did."""

import pytest

from assembly.qti import values
from delivery.models import AssessmentSession, ItemSession
from delivery.people import erasing
from delivery.records import result_documents
from delivery.session import desk, lookback, moves, results, scoring, sessions, steps
from delivery.session.desk import Desk
from integrity import ledger
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db
ME = "candidate:1"
TWICE = '<qti-item-session-control max-attempts="2"/>'
GIVEN_UP = factories.HINTED.replace('adaptive="false"', 'adaptive="true"').replace(
    """<qti-set-outcome-value identifier="ASKED">""",
    """<qti-set-outcome-value identifier="completionStatus">
      <qti-base-value base-type="identifier">completed</qti-base-value></qti-set-outcome-value>
    <qti-set-outcome-value identifier="ASKED">""",
)


def begun(*parts: Part, xml: str = factories.HINTED) -> AssessmentSession:
    found = parts or (Part(items=("H",), control=TWICE),)
    version = factories.published(*found, items={"H": factories.item_version("H", xml)})
    return factories.session(factories.sitting(version))


def row(session: AssessmentSession) -> ItemSession:
    return desk.read(session.pk).item("H")


def answer(session: AssessmentSession, value: str, second: float) -> None:
    factories.answer(
        session, "H", value, writer="p", client_seq=int(second), received_at=after(second)
    )


def attempt(session: AssessmentSession, value: str, second: float) -> Desk:
    answer(session, value, second)
    return moves.check(session.pk, "H", after(second), by=ME)


def ask(session: AssessmentSession, second: float) -> Desk:
    return moves.check(session.pk, "H", after(second), by=ME, pressed="HINT")


def end(session: AssessmentSession) -> AssessmentSession:
    sessions.complete(session.pk, after(64), by=ME, confirmed=True)
    return scoring.score(session.pk, after(128))


def attempts(session: AssessmentSession) -> list[tuple[int, bool]]:
    made = [one for one in ledger.read(session.stream) if one.kind == "item.attempted"]
    return [(one.payload["attempt"], one.payload.get("counted", True)) for one in made]


def test_a_hint_after_an_attempt_leaves_its_score_and_makes_no_other_attempt() -> None:
    session = begun()
    attempt(session, "York", 2)
    for second in (4, 8):
        ask(session, second)
        assert (row(session).num_attempts, row(session).score) == (1, 1.0)
    scored = end(session)
    assert (row(session).num_attempts, row(session).score, scored.score) == (1, 1.0, 1.0)
    assert attempts(session) == [(1, True), (1, False), (1, False)]


def test_a_hint_after_an_attempt_leaves_its_score_where_attempts_have_no_limit() -> None:
    for most in ("0", "2"):
        control = f'<qti-item-session-control max-attempts="{most}"/>'
        session = begun(Part("P1", ("H",), control=control), Part("P2", ("A",)))
        attempt(session, "York", 2)
        ask(session, 4)
        moves.end_part(session.pk, after(8), by=ME, confirmed=True)
        assert (row(session).num_attempts, row(session).score) == (1, 1.0)
        assert end(session).score == 1.0


def test_an_answer_changed_after_an_attempt_counts_at_the_end_as_it_does_without_a_hint() -> None:
    for most, expected in (("2", (2, 0.0)), ("0", (2, 0.0))):
        control = f'<qti-item-session-control max-attempts="{most}"/>'
        for hint in (False, True):
            session = begun(Part(items=("H",), control=control))
            attempt(session, "York", 2)
            answer(session, "Hull", 4)
            if hint:
                ask(session, 8)
                assert (row(session).num_attempts, row(session).score) == (1, 1.0)
            end(session)
            assert (row(session).num_attempts, row(session).score) == expected


def test_what_was_asked_for_before_any_attempt_counts_nothing_until_there_is_one() -> None:
    session = begun(xml=factories.HELPED)
    answer(session, "York", 2)
    ask(session, 4)
    assert (row(session).num_attempts, row(session).score) == (0, None)
    assert end(session).score == 1.0
    assert attempts(session) == [(0, False), (1, True)]


def test_a_hint_is_shown_until_the_item_is_attempted_again_or_closed() -> None:
    session = begun()
    attempt(session, "Hull", 2)
    found = ask(session, 4)
    assert lookback.seen(found.item("H"))["outcomes"]["ASKED"] == "true"
    assert lookback.shows_feedback(found, "H")
    found = attempt(session, "Hull", 8)
    assert lookback.seen(found.item("H"))["outcomes"]["ASKED"] is None
    closing = begun()
    ask(closing, 2)
    steps.close_items(desk.read(closing.pk), ["H"], after(4))
    found = desk.read(closing.pk)
    assert lookback.seen(found.item("H"))["outcomes"]["ASKED"] is None
    assert not lookback.shows_feedback(found, "H")


def test_an_item_that_its_button_completed_is_not_attempted_again_by_going_on() -> None:
    session = begun(Part(items=("H", "A"), mode="linear", control=TWICE), xml=GIVEN_UP)
    ask(session, 2)
    moves.advance(session.pk, after(4), by=ME, from_key="H", confirmed=True)
    assert attempts(session) == [(0, False)]


def test_an_item_that_its_button_completed_is_not_attempted_again_at_the_end() -> None:
    session = begun(xml=GIVEN_UP)
    answer(session, "Hull", 2)
    ask(session, 4)
    assert row(session).state == ItemSession.State.CLOSED
    end(session)
    assert attempts(session) == [(0, False)]
    assert lookback.seen(row(session))["outcomes"]["ASKED"] == "true"
    (result,) = results.of(desk.read(session.pk))
    assert values.raw(result.responses["RESPONSE"]) == "Hull"
    document = result_documents.of(desk.read(session.pk)).decode()
    assert document.count("<itemResult ") == document.count('sessionStatus="final"') == 1


def test_an_item_that_cannot_be_processed_is_not_attempted_by_a_hint() -> None:
    session = begun()
    answer(session, "York", 2)
    broken = row(session).qti | {"outcomes": {"GONE": "1"}}
    ItemSession.objects.filter(session=session).update(qti=broken)
    assert ask(session, 4).item("H").num_attempts == 0
    end(session)
    assert (row(session).num_attempts, row(session).needs_marking) == (1, True)


def test_erasing_a_person_erases_the_answer_that_a_hint_saw() -> None:
    session = begun()
    attempt(session, "Hull", 2)
    ask(session, 4)
    end(session)
    assert row(session).qti["asked"]["responses"]["RESPONSE"] == "Hull"
    erasing.erase(session.candidate_id, reason="They asked.", by="admin:root", at=after(256))
    assert "Hull" not in str(row(session).qti)
    assert [one.attempted for one in results.of(desk.read(session.pk))] == [True]
