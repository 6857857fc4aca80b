"""A batch is decided on what was seen without locks, and again behind them where that moved."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from delivery.models import AssessmentSession, ItemSession, Quarantine, ResponseRevision
from delivery.rules.refusals import Reason
from delivery.saving import batches, responses
from delivery.saving.responses import Outcome, Refused, Save, Saved
from delivery.seat import presence
from delivery.session import sessions
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer"),
]
Beside = Callable[..., Future[list[Outcome]]]
# What pg_stat_activity tells does not change within a transaction.
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def beside() -> Iterator[Beside]:
    """Save on another connection meanwhile."""

    def save(*saves: Save) -> list[Outcome]:
        try:
            return responses.save(saves)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield partial(pool.submit, save)


def wait_for_a_lock() -> None:
    """Return when the other connection waits for what this transaction holds."""
    for _ in range(500):
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    pytest.fail("nobody waits")


def numbers(session: AssessmentSession) -> list[int]:
    return [entry.seq for entry in ledger.read(session.stream)]


def test_an_answer_is_two_statements_one_to_look_and_one_to_write() -> None:
    session = factories.session()
    factories.answer(session, "Q1", writer="page", client_seq=1)
    with CaptureQueriesContext(connection) as asked:
        factories.answer(session, "Q2", "B", writer="page", client_seq=2)
    assert len(asked) == 2


def test_the_next_answer_of_the_same_item_is_one_statement() -> None:
    session = factories.session()
    factories.answer(session, "Q1", writer="page", client_seq=1)
    with CaptureQueriesContext(connection) as asked:
        told = factories.answer(session, "Q1", "B", writer="page", client_seq=2)
    assert len(asked) == 1
    assert isinstance(told, Saved)
    assert (told.revision, told.ledger_seq) == (2, numbers(session)[-1])
    assert AssessmentSession.objects.get().answered == 1
    assert ledger.verify(session.stream).is_whole


def test_a_batch_remembers_some_sessions_and_looks_at_the_others() -> None:
    known, new = factories.session(), factories.session()
    factories.answer(known, "Q1", writer="page", client_seq=1)
    factories.answer(new, "Q3")
    with CaptureQueriesContext(connection) as asked:
        outcomes = responses.save(
            [
                factories.save(new, "Q1"),
                factories.save(known, "Q1", "B", writer="page", client_seq=2),
                factories.save(new, "Q2"),
                factories.save(known, "Q1", "C", writer="page", client_seq=3),
            ]
        )
    assert len(asked) == 2
    assert [one.revision for one in outcomes if isinstance(one, Saved)] == [1, 2, 1, 3]
    assert all(ledger.verify(one.stream).is_whole for one in (known, new))


def test_a_save_that_comes_again_is_one_answer_however_much_is_remembered() -> None:
    session = factories.session()
    saves = [
        factories.save(session, "Q1", word, writer="page", client_seq=number)
        for number, word in enumerate("AB", start=1)
    ]
    first, second = ([responses.save([one])[0] for one in saves] for _ in range(2))
    assert first == second
    assert ResponseRevision.objects.count() == 2
    assert ledger.verify(session.stream).is_whole


def test_an_answer_behind_a_pause_is_judged_by_it_whatever_is_remembered() -> None:
    session = factories.session()
    factories.answer(session, "Q1", writer="page", client_seq=1)
    sessions.pause(session.pk, paused_by="proctor", reason="x", by="user:1", at=after(2))
    outcome = factories.answer(
        session, "Q1", "B", writer="page", client_seq=2, received_at=after(64)
    )
    assert isinstance(outcome, Refused)
    assert outcome.refusal.reason == Reason.PAUSED


def test_an_answer_behind_the_sittings_new_end_is_late_whatever_is_remembered() -> None:
    session = factories.session()
    factories.answer(session, "Q1", writer="page", client_seq=1)
    session.sitting.closes_at = after(10)
    session.sitting.save()
    outcome = factories.answer(
        session, "Q1", "B", writer="page", client_seq=2, received_at=after(64)
    )
    assert isinstance(outcome, Refused)
    assert outcome.refusal.reason == Reason.OUT_OF_TIME


def test_what_another_process_wrote_goes_before_what_is_remembered() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A", writer="page", client_seq=1)
    remembered = batches._left.pop(session.pk)
    factories.answer(session, "Q1", "B", writer="page", client_seq=2)
    batches._left[session.pk] = remembered
    told = factories.answer(session, "Q1", "C", writer="page", client_seq=3)
    assert isinstance(told, Saved)
    assert told.revision == 3
    row = ItemSession.objects.get(session=session, key="Q1")
    assert (row.revision, row.response) == (3, {"RESPONSE": "C"})
    assert ledger.verify(session.stream).is_whole


def test_an_answer_is_not_kept_in_memory() -> None:
    session = factories.session()
    factories.answer(session, "Q1", "A", writer="page", client_seq=1)
    left = batches._left[session.pk]
    assert left.row.response == ""


def test_what_is_not_kept_as_an_answer_is_decided_behind_locks() -> None:
    session = factories.session()
    factories.answer(session, "Q1", writer="page", client_seq=2)
    outcome = factories.answer(session, "Q1", "B", writer="page", client_seq=1)
    assert isinstance(outcome, Refused)
    assert Quarantine.objects.get().reason == Reason.STALE


def test_an_answer_seen_before_a_pause_and_written_behind_it_is_judged_by_it(
    beside: Beside,
) -> None:
    session = factories.session()
    with transaction.atomic():
        sessions.pause(session.pk, paused_by="proctor", reason="x", by="user:1", at=after(2))
        told = beside(factories.save(session, "Q1", received_at=after(64)))
        wait_for_a_lock()
    (outcome,) = told.result(20)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.reason == Reason.PAUSED
    assert not ResponseRevision.objects.exists()
    assert ledger.verify(session.stream).is_whole


def test_an_answer_written_behind_another_goes_on_from_it(
    beside: Beside,
) -> None:
    session = factories.session()
    with transaction.atomic():
        first = factories.answer(session, "Q1", writer="page", client_seq=1)
        told = beside(factories.save(session, "Q2", writer="page", client_seq=2))
        wait_for_a_lock()
    (second,) = told.result(20)
    assert isinstance(first, Saved)
    assert isinstance(second, Saved)
    assert second.ledger_seq == first.ledger_seq + 1
    assert numbers(session) == list(range(1, second.ledger_seq + 1))
    assert AssessmentSession.objects.get().answered == 2
    assert ledger.verify(session.stream).is_whole


def test_the_same_save_written_behind_itself_is_one_answer(
    beside: Beside,
) -> None:
    session = factories.session()
    one = factories.save(session, "Q1", writer="page", client_seq=1)
    with transaction.atomic():
        (first,) = responses.save([one])
        told = beside(one)
        wait_for_a_lock()
    assert told.result(20) == [first]
    assert ItemSession.objects.get(session=session, key="Q1").revision == 1
    assert ResponseRevision.objects.count() == 1


def test_an_answer_written_behind_a_takeover_is_the_old_pages(
    beside: Beside,
) -> None:
    session = factories.session()
    held = presence.claim(session.pk, writer="a", device="a", by="candidate:1", at=after(1))
    old = factories.save(session, "Q1", writer="a", client_seq=1, epoch=held.epoch, device="a")
    with transaction.atomic():
        presence.claim(session.pk, writer="b", device="b", by="candidate:1", at=after(2))
        told = beside(old)
        wait_for_a_lock()
    (outcome,) = told.result(20)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.reason == Reason.LEASE_LOST


def test_a_batch_of_which_one_session_moved_keeps_the_others_whole(
    beside: Beside,
) -> None:
    moved, still = factories.session(), factories.session()
    with transaction.atomic():
        factories.answer(moved, "Q2", writer="page", client_seq=1)
        told = beside(factories.save(moved, "Q1"), factories.save(still, "Q1"))
        wait_for_a_lock()
    outcomes = told.result(20)
    assert [type(outcome) for outcome in outcomes] == [Saved, Saved]
    assert ResponseRevision.objects.count() == 3
    assert all(ledger.verify(one.stream).is_whole for one in (moved, still))
