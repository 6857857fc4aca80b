"""Races between threads, each with a connection of its own; they run on both databases."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import close_old_connections, connection

from delivery.models import AssessmentSession, ResponseRevision, State
from delivery.saving import lane, responses
from delivery.saving.responses import Refused, Saved
from delivery.seat import presence
from delivery.session import expiry, sessions
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")
THREADS = 6


def together(*acts: Callable[[], T]) -> list[T]:
    """Run the acts at the same moment and return what they returned."""
    barrier = threading.Barrier(len(acts))

    def one(act: Callable[[], T]) -> T:
        barrier.wait(10)
        try:
            return act()
        finally:
            connection.close()
            close_old_connections()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


def test_starts_at_the_same_moment_yield_one_session() -> None:
    enrolment = factories.enrolment()
    start = [
        lambda: sessions.start(enrolment.pk, after(1), by="candidate:1").pk for _ in range(THREADS)
    ]
    assert len(set(together(*start))) == 1
    session = AssessmentSession.objects.get()
    told = [entry.kind for entry in ledger.read(session.stream)]
    assert told == ["session.created", "session.started", "item.entered"]


def test_the_same_save_from_many_connections_is_one_revision() -> None:
    session = factories.session()
    one = factories.save(session, "Q1")
    outcomes = together(*[lambda: responses.save([one])[0] for _ in range(THREADS)])
    assert len(set(outcomes)) == 1
    assert ResponseRevision.objects.count() == 1


def test_saves_of_one_session_make_one_unbroken_chain() -> None:
    session = factories.session()
    saves = [
        factories.save(session, f"Q{1 + n % 3}", writer="p", client_seq=n) for n in range(1, 7)
    ]
    outcomes = together(*[lambda one=one: responses.save([one])[0] for one in saves])
    saved = [outcome for outcome in outcomes if isinstance(outcome, Saved)]
    verdict = ledger.verify(session.stream)
    assert verdict.broken is None
    assert ResponseRevision.objects.count() == len(saved)
    assert len({outcome.ledger_seq for outcome in saved}) == len(saved)


def test_a_submission_racing_the_sweep_ends_the_session_once() -> None:
    session = factories.session()
    together(
        lambda: sessions.complete(session.pk, after(3604), by="candidate:1", confirmed=True).state,
        lambda: str(expiry.sweep(after(3606))),
        lambda: str(expiry.sweep(after(3606))),
    )
    ended = AssessmentSession.objects.get()
    told = [entry.kind for entry in ledger.read(session.stream)]
    assert ended.finished_at == after(3600)
    assert told.count("session.completed") + told.count("session.expired") == 1


def test_a_pause_racing_a_save_keeps_the_answer_received_before_it() -> None:
    session = factories.session()
    one = factories.save(session, "Q1", received_at=after(63))
    outcomes = together(
        lambda: responses.save([one])[0],
        lambda: sessions.pause(
            session.pk, paused_by="proctor", reason="x", by="user:1", at=after(64)
        ),
    )
    assert isinstance(outcomes[0], Saved)
    assert AssessmentSession.objects.get().state == State.PAUSED


def test_two_pages_claiming_at_once_get_different_epochs() -> None:
    session = factories.session()
    claims = [
        lambda name=name: (
            presence.claim(
                session.pk, writer=name, device=name, by="candidate:1", at=after(1)
            ).epoch
        )
        for name in ("a", "b", "c")
    ]
    assert sorted(together(*claims)) == [1, 2, 3]


def test_the_lane_commits_what_queued_together_and_acknowledges_each() -> None:
    one = factories.sitting()
    made = [factories.session(one, factories.candidate(f"C {n}")) for n in range(8)]
    try:
        futures = [lane.submit(factories.save(session, "Q1")) for session in made]
        outcomes = [future.result(30) for future in futures]
    finally:
        lane.stop()
    assert all(isinstance(outcome, Saved) for outcome in outcomes)
    assert ResponseRevision.objects.count() == 8


def test_one_refused_save_spoils_no_other_of_its_batch() -> None:
    session = factories.session()
    try:
        futures = [
            lane.submit(factories.save(session, "Z")),
            lane.submit(factories.save(session, "Q1")),
        ]
        refused, saved = (future.result(30) for future in futures)
    finally:
        lane.stop()
    assert isinstance(refused, Refused)
    assert isinstance(saved, Saved)
