"""An answer is judged by how its session stands now, though that is seldom read."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from delivery.models import AssessmentSession, ItemSession, Sitting
from delivery.rules.refusals import Reason
from delivery.saving.responses import Outcome, Refused, Saved
from delivery.session import desk, moves, sessions, steps
from delivery.sitting import timetable
from tests import factories
from tests.factories import Part, after

pytestmark = pytest.mark.django_db(transaction=True)


def why(outcome: Outcome) -> Reason | None:
    return outcome.refusal.reason if isinstance(outcome, Refused) else None


def queries_of_an_answer(session: AssessmentSession, item: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        saved = factories.answer(session, item, "B")
    assert isinstance(saved, Saved)
    return len(asked)


def test_a_session_that_stands_as_it_stood_is_not_read_again() -> None:
    session = factories.session()
    first, second, third = (queries_of_an_answer(session, item) for item in ("Q1", "Q2", "Q3"))
    assert (second, third) == (first - 1, first - 1)


def test_an_answer_after_a_pause_is_judged_by_it() -> None:
    session = factories.session()
    assert isinstance(factories.answer(session, "Q1", received_at=after(1)), Saved)
    sessions.pause(
        session.pk, paused_by="proctor", reason="A fire drill.", by="user:1", at=after(2)
    )
    assert why(factories.answer(session, "Q1", received_at=after(64))) == Reason.PAUSED


def test_an_answer_after_a_move_is_judged_by_the_new_place() -> None:
    session = factories.session(factories.sitting(factories.published(Part(mode="linear"))))
    assert isinstance(factories.answer(session, "Q1", received_at=after(1)), Saved)
    moves.advance(session.pk, after(2), by="candidate:1", from_key="Q1")
    assert why(factories.answer(session, "Q1", received_at=after(4))) == Reason.ITEM_CLOSED
    assert isinstance(factories.answer(session, "Q2", received_at=after(4)), Saved)


def test_an_answer_after_the_window_moved_is_judged_by_the_new_one() -> None:
    session = factories.session()
    assert isinstance(factories.answer(session, "Q1", received_at=after(1)), Saved)
    sitting = Sitting.objects.get(pk=session.sitting_id)
    sitting.closes_at = after(8)
    timetable.keep(sitting, ["closes_at"], by="user:1", at=after(2))
    late = after(8) + timedelta(seconds=sitting.grace_seconds + 1)
    assert why(factories.answer(session, "Q1", received_at=late)) == Reason.OUT_OF_TIME


def test_an_answer_after_the_sitting_was_written_by_others_is_judged_by_it() -> None:
    session = factories.session()
    assert isinstance(factories.answer(session, "Q1", received_at=after(1)), Saved)
    Sitting.objects.filter(pk=session.sitting_id).update(closes_at=after(2), grace_seconds=1)
    assert why(factories.answer(session, "Q1", received_at=after(4))) == Reason.OUT_OF_TIME


def test_an_answer_after_the_end_is_judged_by_it() -> None:
    session = factories.session()
    assert isinstance(factories.answer(session, "Q1", received_at=after(1)), Saved)
    sessions.complete(session.pk, after(2), by="candidate:1", confirmed=True)
    assert why(factories.answer(session, "Q1", received_at=after(4))) == Reason.CLOSED


def test_what_a_failed_transaction_read_is_forgotten() -> None:
    session = factories.session()
    with transaction.atomic():
        found = desk.lock(session.pk)
        found.session.position = ""
        found.session.ended_parts = ["P1"]
        steps.keep(found)
        assert why(factories.answer(session, "Q1", received_at=after(1))) == Reason.PART_ENDED
        transaction.set_rollback(True)
    # The next change counts to the same version, for something else.
    version = desk.read(session.pk).session.version
    with transaction.atomic():
        assert steps.keep(desk.lock(session.pk)).version == version + 1
    assert isinstance(factories.answer(session, "Q1", received_at=after(2)), Saved)


def test_counts_go_on_from_what_the_row_says() -> None:
    session = factories.session()
    assert isinstance(factories.answer(session, "Q1", received_at=after(1)), Saved)
    AssessmentSession.objects.filter(pk=session.pk).update(answered=0)
    ItemSession.objects.filter(session=session).update(answered=False)
    assert isinstance(factories.answer(session, "Q2", received_at=after(2)), Saved)
    assert AssessmentSession.objects.get(pk=session.pk).answered == 1
